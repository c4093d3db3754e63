"""One connection to RabbitMQ for asking, answering and publishing with confirms."""

import asyncio
import itertools
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, DeliveryMode
from aio_pika.connection import Connection, make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel as UnderlayChannel
from pamqp import commands as spec
from pydantic import ValidationError

from contracts.base import Answer, Ask, Command, Problem, Refused
from contracts.problems import PROBLEMS
from services.chassis import telemetry, wire
from services.chassis.clock import utc_now
from services.chassis.database import Clock
from services.chassis.joined_writes import JoinedWrites
from services.chassis.outsiders import tolerate_unreadable_properties

ASK_SECONDS: Final = 8.0
CONFIRM_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 10.0
RECONNECT_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 0.5

PUBLISH_ERRORS: Final = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)
"""What publishing raises while the broker is away, or refuses to take more."""

AnswerType = TypeVar("AnswerType", bound=Answer)
log = structlog.get_logger()
tolerate_unreadable_properties()


def is_broker_away(error: Exception) -> bool:
    """Tell whether publishing failed because of the broker, not because of the message."""
    return isinstance(error, PUBLISH_ERRORS) and not isinstance(error, DeliveryError)


class _Connection(Connection):
    """A connection with joined writes; aio_pika has no argument for that, the layer below has."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(make_url(url), client_properties={"connection_name": name})
        self.kwargs["transport_factory"] = JoinedWrites()


async def wait_for_rabbitmq(url: str, name: str) -> AbstractConnection:
    """Connect, however long the broker takes to come up."""
    while True:
        connection = _Connection(url, name)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(connection.close)
            try:
                await connection.connect(timeout=CONNECT_SECONDS)
            except (AMQPError, OSError) as error:
                log.info("waiting for RabbitMQ", reason=type(error).__name__)
            else:
                stack.pop_all()
                return connection
        await asyncio.sleep(WAIT_SECONDS)


@dataclass(frozen=True, slots=True)
class _Link:
    """The channels and exchanges of one connection, for as long as it lasts."""

    asks: UnderlayChannel
    answers: UnderlayChannel
    exchanges: dict[str, AbstractExchange]


class Bus:
    """Asks with direct reply-to; publishes and waits until the broker has taken it.

    A connection that is lost is given up with all its channels, and another one is made: restoring
    channels under those who use them lets them write to a channel that is not open yet, which
    RabbitMQ answers by closing the connection.
    """

    def __init__(
        self, url: str, name: str, *, spreads: tuple[str, ...] = (), clock: Clock = utc_now
    ) -> None:
        """Prepare it; `spreads` are exchanges to publish to that spread messages over queues.

        `clock` dates what is asked: a receiver refuses what its own clock says is too old.
        """
        self._url = url
        self._name = name
        self._spreads = spreads
        self._clock = clock
        self._link: _Link | None = None
        self._linked = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[DeliveredMessage | None]] = {}
        self._reply_ids = uuid.uuid4().hex
        self._count = itertools.count()

    async def __aenter__(self) -> Self:
        """Connect; waits for the broker."""
        self._keeping = asyncio.create_task(self._keep_linked())
        try:
            await self._linked.wait()
        except asyncio.CancelledError:
            await self._stop_keeping()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; asks that still wait are refused."""
        await self._stop_keeping()

    async def _stop_keeping(self) -> None:
        assert self._keeping is not None
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)

    async def _keep_linked(self) -> None:
        """Connect, and connect anew whenever the connection or a channel of it is lost."""
        while True:
            connection = await wait_for_rabbitmq(self._url, self._name)
            lost = asyncio.Event()
            try:
                self._link = await self._open_link(connection, lost)
                self._linked.set()
                await lost.wait()
            except (AMQPError, RuntimeError, OSError, TimeoutError) as error:
                # a connection that is lost while channels open says so by a RuntimeError
                log.warning("connection to RabbitMQ not usable", reason=type(error).__name__)
            finally:
                self._linked.clear()
                self._lose_waiting()
                await close(connection)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _open_link(self, connection: AbstractConnection, lost: asyncio.Event) -> _Link:
        def notice(*_: object) -> None:
            lost.set()

        connection.close_callbacks.add(notice)
        async with asyncio.timeout(CONNECT_SECONDS):
            asks = await connection.channel(publisher_confirms=True, on_return_raises=True)
            confirmed = await connection.channel(publisher_confirms=True, on_return_raises=True)
            answers = await connection.channel(publisher_confirms=False)
            for channel in (asks, confirmed, answers):
                channel.close_callbacks.add(notice)
            underlay = await _underlay(asks)
            await underlay.basic_consume(wire.REPLY_QUEUE, self._answered, no_ack=True)
            exchanges = await _declare_exchanges(confirmed, self._spreads)
            return _Link(underlay, await _underlay(answers), exchanges)

    async def _current_link(self) -> _Link:
        """Wait for the connection; whoever calls this sets a time-out."""
        await self._linked.wait()
        assert self._link is not None
        return self._link

    @property
    def connected(self) -> bool:
        """Whether the connection is up."""
        return self._linked.is_set()

    # --- asking -----------------------------------------------------------------------------

    def _lose_waiting(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_result(None)

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
        headers = {
            wire.PRINCIPAL_HEADER: principal,
            wire.FINGERPRINT_HEADER: fingerprint,
            wire.RECEIPT_ONLY_HEADER: "yes" if receipt_only else "",
            wire.TRAIL_HEADER: correlation_id,
        }
        return read_answer(
            question, await self._reply(question, message_id, headers, timeout_seconds)
        )

    async def check(
        self, command: Command[AnswerType], *, principal: str = "", correlation_id: str = ""
    ) -> None:
        """Return when the owner would carry out a command, which it doesn't; raises Refused."""
        headers = {
            wire.PRINCIPAL_HEADER: principal,
            wire.CHECK_ONLY_HEADER: "yes",
            # an owner that knows no checks finds no receipt, and does nothing either
            wire.RECEIPT_ONLY_HEADER: "yes",
            wire.TRAIL_HEADER: correlation_id,
        }
        reply = await self._reply(command, "", headers, ASK_SECONDS)
        if reply.header.properties.message_type == wire.PROBLEM_TYPE:
            read_answer(command, reply)

    async def _reply(
        self,
        question: Ask[AnswerType],
        message_id: str,
        headers: dict[str, str],
        timeout_seconds: float,
    ) -> DeliveredMessage:
        """Return what the owner of a question replies; Refused when nobody does."""
        assert self._keeping is not None, "enter the bus before asking"
        reply_id = f"{self._reply_ids}{next(self._count):x}"
        properties = self._properties(question, message_id, reply_id, headers, timeout_seconds)
        future: asyncio.Future[DeliveredMessage | None]
        future = asyncio.get_running_loop().create_future()
        self._waiting[reply_id] = future
        try:
            async with asyncio.timeout(timeout_seconds):
                link = await self._current_link()
                # A question that no queue takes comes back at once, and raises here.
                await link.asks.basic_publish(
                    question.model_dump_json().encode(),
                    exchange=wire.COMMANDS_EXCHANGE,
                    routing_key=question.topic,
                    properties=properties,
                    mandatory=True,
                    wait=False,  # the answer is waited for, not until the question is written
                )
                reply = await future
        except (TimeoutError, AMQPError, ChannelInvalidStateError, OSError) as error:
            telemetry.ASKS.labels(question.topic, "unavailable").inc()
            raise _unavailable(f"{question.owner} does not answer.") from error
        finally:
            del self._waiting[reply_id]
        if reply is None:
            telemetry.ASKS.labels(question.topic, "unavailable").inc()
            raise _unavailable("The connection was lost while waiting.")
        return reply

    def _properties(
        self,
        question: Ask[AnswerType],
        message_id: str,
        reply_id: str,
        headers: dict[str, str],
        timeout_seconds: float,
    ) -> spec.Basic.Properties:
        kept = isinstance(question, Command)
        return spec.Basic.Properties(
            message_id=wire.short(message_id) or (uuid.uuid4().hex if kept else reply_id),
            correlation_id=reply_id,
            message_type=question.topic,
            content_type=wire.JSON_TYPE,
            timestamp=self._clock(),
            reply_to=wire.REPLY_QUEUE,
            # A command that expired would become a dead letter; its receiver refuses it instead.
            expiration=None if kept else str(int(timeout_seconds * 1_000)),
            headers={name: value for name, value in headers.items() if value},
            delivery_mode=DeliveryMode.PERSISTENT if kept else DeliveryMode.NOT_PERSISTENT,
        )

    async def answer(self, to: str, correlation_id: str, kind: str, body: bytes) -> None:
        """Send an answer to whoever asked; an asker that has gone is no error."""
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                link = await self._current_link()
                await send_answer(link.answers, to, correlation_id, kind, body)
        except PUBLISH_ERRORS as error:
            log.warning("answer not sent", reason=type(error).__name__)

    # --- publishing -------------------------------------------------------------------------

    async def publish(self, message: wire.Envelope) -> None:
        """Publish persistently and wait until the broker has it; raises what went wrong.

        What no queue takes, or a full one refuses, raises DeliveryError; but an event that nobody
        listens to is fine.
        """
        content = aio_pika.Message(
            message.body,
            message_id=wire.short(message.message_id),
            correlation_id=wire.short(message.correlation_id),
            type=message.type,
            content_type=wire.JSON_TYPE,
            timestamp=message.timestamp,
            headers=dict(message.headers),
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        mandatory = message.exchange != wire.EVENTS_EXCHANGE
        async with asyncio.timeout(CONFIRM_SECONDS):
            link = await self._current_link()
            await link.exchanges[message.exchange].publish(
                content, routing_key=wire.short(message.routing_key), mandatory=mandatory
            )


async def send_answer(
    channel: UnderlayChannel, to: str, correlation_id: str, kind: str, body: bytes
) -> None:
    """Send an answer on a channel without confirms; raises one of PUBLISH_ERRORS."""
    properties = spec.Basic.Properties(
        message_id=correlation_id or None,  # else an id is made up
        correlation_id=correlation_id,
        message_type=kind,
        content_type=wire.JSON_TYPE,
        delivery_mode=DeliveryMode.NOT_PERSISTENT,
    )
    await channel.basic_publish(body, routing_key=to, properties=properties, wait=False)


async def _underlay(channel: AbstractChannel) -> UnderlayChannel:
    """Return the channel below, which publishes without waiting until all is written."""
    underlay = await channel.get_underlay_channel()
    assert isinstance(underlay, UnderlayChannel)
    return underlay


async def _declare_exchanges(
    channel: AbstractChannel, spreads: tuple[str, ...]
) -> dict[str, AbstractExchange]:
    topic, direct = aio_pika.ExchangeType.TOPIC, aio_pika.ExchangeType.DIRECT
    kinds = {
        **dict.fromkeys(spreads, aio_pika.ExchangeType.X_CONSISTENT_HASH),
        wire.EVENTS_EXCHANGE: topic,
        # a topic exchange because the broker can say there who may ask what
        wire.COMMANDS_EXCHANGE: topic,
        wire.DEAD_LETTERS_EXCHANGE: direct,
    }
    return {
        name: await channel.declare_exchange(name, kind, durable=True)
        for name, kind in kinds.items()
    }


async def close(connection: AbstractConnection) -> None:
    """Close what is left of a connection; one whose broker has gone may not answer."""
    try:
        async with asyncio.timeout(CONFIRM_SECONDS):
            await connection.close()
    except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
        log.info("connection not closed in order", reason=type(error).__name__)


def read_answer(question: Ask[AnswerType], reply: DeliveredMessage) -> AnswerType:
    """Return the answer; one that cannot be read, or is another question's, is as good as none."""
    try:
        if reply.header.properties.message_type == wire.PROBLEM_TYPE:
            problem = Problem.model_validate_json(reply.body)
        else:
            answer = question.answer.model_validate_json(reply.body)
            telemetry.ASKS.labels(question.topic, "answered").inc()
            return answer  # pyright: ignore[reportReturnType] - `answer` is AnswerType's own class
    except ValidationError as error:
        telemetry.ASKS.labels(question.topic, "unreadable").inc()
        log.warning("answer not readable", topic=question.topic, faults=error.error_count())
        raise _unavailable(f"{question.owner} gave an answer that cannot be read.") from error
    if problem.code not in PROBLEMS:
        # of a service that is newer than we are
        telemetry.ASKS.labels(question.topic, "unreadable").inc()
        log.warning("refusal not known", topic=question.topic, problem=problem.code[:100])
        raise _unavailable(problem.detail)
    telemetry.ASKS.labels(question.topic, problem.code).inc()
    raise Refused(problem.code, problem.detail, problem.errors)


def _unavailable(detail: str) -> Refused:
    return Refused("unavailable", f"{detail} Nothing is lost; try again in a moment.")
