"""One connection to RabbitMQ for asking, answering and publishing with confirms."""

import asyncio
import uuid
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self, TypeVar

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractExchange,
    AbstractRobustChannel,
    AbstractRobustConnection,
    DeliveryMode,
)
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aio_pika.robust_connection import RobustConnection
from aiormq.abc import DeliveredMessage

from contracts.base import Answer, Ask, Command, Problem, Refused
from services.chassis import telemetry, wire

ASK_SECONDS: Final = 8.0
CONFIRM_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 10.0
RECONNECT_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 0.5
REPLY_QUEUE: Final = "amq.rabbitmq.reply-to"

AnswerType = TypeVar("AnswerType", bound=Answer)
log = structlog.get_logger()


async def wait_for_rabbitmq(url: str, name: str) -> AbstractRobustConnection:
    """Connect, however long the broker takes to come up."""
    address = make_url(url, reconnect_interval=RECONNECT_SECONDS)
    while True:
        connection = RobustConnection(address, client_properties={"connection_name": name})
        async with AsyncExitStack() as stack:
            # Otherwise a connection that was given up would go on trying by itself.
            stack.push_async_callback(connection.close)
            try:
                await connection.connect(timeout=CONNECT_SECONDS)
            except (AMQPError, OSError) as error:
                log.info("waiting for RabbitMQ", reason=type(error).__name__)
            else:
                stack.pop_all()
                return connection
        await asyncio.sleep(WAIT_SECONDS)


class Bus:
    """Asks with direct reply-to; publishes and waits until the broker has taken it."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AbstractRobustConnection | None = None
        self._asks: AbstractRobustChannel | None = None
        self._confirmed: AbstractRobustChannel | None = None
        self._answers: AbstractRobustChannel | None = None
        self._ask_exchange: AbstractExchange | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._waiting: dict[str, asyncio.Future[DeliveredMessage]] = {}

    async def __aenter__(self) -> Self:
        """Connect; waits for the broker."""
        self._connection = await wait_for_rabbitmq(self._url, self._name)
        self._asks = await self._open_channel()
        self._confirmed = await self._open_channel()
        answers = await self._connection.channel(publisher_confirms=False)
        assert isinstance(answers, AbstractRobustChannel)
        self._answers = answers
        self._asks.reopen_callbacks.add(self._listen_again)
        await self._listen()
        await self._declare_exchanges()
        self._ask_exchange = await self._asks.get_exchange(wire.COMMANDS_EXCHANGE, ensure=False)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; asks that still wait are refused."""
        self._refuse_waiting("The connection was closed while waiting.")
        if self._connection is not None:
            await self._connection.close()

    async def _open_channel(self) -> AbstractRobustChannel:
        assert self._connection is not None
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        assert isinstance(channel, AbstractRobustChannel)
        return channel

    async def _declare_exchanges(self) -> None:
        assert self._confirmed is not None
        topic, direct = aio_pika.ExchangeType.TOPIC, aio_pika.ExchangeType.DIRECT
        for name, kind in (
            (wire.EVENTS_EXCHANGE, topic),
            (wire.COMMANDS_EXCHANGE, direct),
            (wire.DEAD_LETTERS_EXCHANGE, direct),
        ):
            exchange = await self._confirmed.declare_exchange(name, kind, durable=True)
            self._exchanges[name] = exchange

    @property
    def connected(self) -> bool:
        """Whether the connection is up."""
        connection = self._connection
        return connection is not None and connection.connected.is_set()

    # --- asking -----------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Take answers from the broker's pseudo-queue of this channel."""
        assert self._asks is not None
        underlay = await self._asks.get_underlay_channel()
        await underlay.basic_consume(REPLY_QUEUE, self._answered, no_ack=True)

    async def _listen_again(self, *_: object) -> None:
        self._refuse_waiting("The connection was lost while waiting.")
        await self._listen()

    def _refuse_waiting(self, detail: str) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_unavailable(detail))

    async def _answered(self, message: DeliveredMessage) -> None:
        future = self._waiting.get(str(message.header.properties.correlation_id))
        if future is not None and not future.done():
            future.set_result(message)

    async def ask(
        self,
        question: Ask[AnswerType],
        *,
        principal: str = "",
        message_id: str = "",
        correlation_id: str = "",
        fingerprint: str = "",
        receipt_only: bool = False,
        timeout_seconds: float = ASK_SECONDS,
    ) -> AnswerType:
        """Ask the owner of the question and return its answer.

        `principal` is the signed statement of who asks; `message_id` makes a command idempotent.
        Refused is raised when the owner refuses, and as `unavailable` when nobody answers in time.
        """
        assert self._ask_exchange is not None, "enter the bus before asking"
        reply_id = uuid.uuid4().hex
        headers = {
            wire.PRINCIPAL_HEADER: principal,
            wire.FINGERPRINT_HEADER: fingerprint,
            wire.RECEIPT_ONLY_HEADER: "yes" if receipt_only else "",
            wire.TRAIL_HEADER: correlation_id,
        }
        message = _question_message(question, message_id, reply_id, headers, timeout_seconds)
        future = asyncio.get_running_loop().create_future()
        self._waiting[reply_id] = future
        try:
            async with asyncio.timeout(timeout_seconds):
                # A question that no queue takes comes back at once, and raises here.
                await self._ask_exchange.publish(
                    message, routing_key=question.topic, mandatory=True
                )
                reply = await future
        except (TimeoutError, AMQPError, ChannelInvalidStateError, OSError) as error:
            telemetry.ASKS.labels(question.topic, "unavailable").inc()
            raise _unavailable(f"{question.owner} does not answer.") from error
        except Refused:
            telemetry.ASKS.labels(question.topic, "unavailable").inc()
            raise
        finally:
            del self._waiting[reply_id]
        return _read_answer(question, reply)

    async def answer(self, to: str, correlation_id: str, kind: str, body: bytes) -> None:
        """Send an answer to whoever asked; an asker that has gone is no error."""
        assert self._answers is not None
        message = aio_pika.Message(
            body,
            correlation_id=correlation_id,
            type=kind,
            content_type=wire.JSON_TYPE,
            delivery_mode=DeliveryMode.NOT_PERSISTENT,
        )
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):  # it would wait for a broker to come back
                await self._answers.default_exchange.publish(
                    message, routing_key=to, mandatory=False
                )
        except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
            log.warning("answer not sent", reason=type(error).__name__)

    # --- publishing -------------------------------------------------------------------------

    async def publish(self, message: wire.Envelope) -> None:
        """Publish persistently and wait until the broker has it; raises what went wrong.

        A command that no queue takes raises DeliveryError; an event nobody listens to is fine.
        """
        await self._exchanges[message.exchange].publish(
            aio_pika.Message(
                message.body,
                message_id=message.message_id,
                correlation_id=message.correlation_id,
                type=message.type,
                content_type=wire.JSON_TYPE,
                timestamp=message.timestamp,
                headers=dict(message.headers),
                delivery_mode=DeliveryMode.PERSISTENT,
            ),
            routing_key=message.routing_key,
            mandatory=message.exchange != wire.EVENTS_EXCHANGE,
            timeout=CONFIRM_SECONDS,
        )


def _question_message(
    question: Ask[AnswerType],
    message_id: str,
    reply_id: str,
    headers: dict[str, str],
    timeout_seconds: float,
) -> aio_pika.Message:
    kept = isinstance(question, Command)
    return aio_pika.Message(
        question.model_dump_json().encode(),
        message_id=message_id or uuid.uuid4().hex,
        correlation_id=reply_id,
        type=question.topic,
        content_type=wire.JSON_TYPE,
        timestamp=datetime.now(UTC),
        reply_to=REPLY_QUEUE,
        # A command that expired would become a dead letter; its receiver refuses it instead.
        expiration=None if kept else timeout_seconds,
        headers={name: value for name, value in headers.items() if value},
        delivery_mode=DeliveryMode.PERSISTENT if kept else DeliveryMode.NOT_PERSISTENT,
    )


def _read_answer(question: Ask[AnswerType], reply: DeliveredMessage) -> AnswerType:
    if reply.header.properties.message_type == wire.PROBLEM_TYPE:
        problem = Problem.model_validate_json(reply.body)
        telemetry.ASKS.labels(question.topic, problem.type).inc()
        raise Refused(problem.type, problem.detail, problem.errors)
    telemetry.ASKS.labels(question.topic, "answered").inc()
    return question.answer.model_validate_json(reply.body)  # pyright: ignore[reportReturnType] - `answer` is AnswerType's own class


def _unavailable(detail: str) -> Refused:
    return Refused("unavailable", f"{detail} Nothing is lost; try again in a moment.")
