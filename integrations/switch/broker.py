"""The agent's connection to RabbitMQ: asks, records and the accounts' events.

All that depends on the form of the published contracts' envelope is here.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, DeliveryMode
from aio_pika.connection import Connection, make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel as UnderlayChannel
from pamqp import commands as spec
from pydantic import ValidationError

from contracts.accounts import AccountClosed, AccountDisabled, AccountEnabled, AccountSuspended
from contracts.base import Answer, Ask, Problem
from contracts.calls import CALLS_EXCHANGE, CallEnded

EVENTS_EXCHANGE: Final = "events"
COMMANDS_EXCHANGE: Final = "commands"
REPLY_QUEUE: Final = "amq.rabbitmq.reply-to"
PROBLEM_TYPE: Final = "problem"
JSON_TYPE: Final = "application/json"

CONNECT_SECONDS: Final = 10.0
CONFIRM_SECONDS: Final = 10.0
RECONNECT_SECONDS: Final = 0.5
EVENTS_DAYS: Final = 7
EVENTS_MAX: Final = 100_000
"""How many events wait for an agent that is away; its calls end by their time-outs anyway."""

BROKER_ERRORS: Final = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError)
"""What a lost connection raises; aio-pika says by a RuntimeError that a channel just closed."""

AccountEvent = AccountDisabled | AccountSuspended | AccountClosed | AccountEnabled
EVENTS: Final[dict[str, type[AccountEvent]]] = {
    kind.topic: kind for kind in (AccountDisabled, AccountSuspended, AccountClosed, AccountEnabled)
}

AnswerType = TypeVar("AnswerType", bound=Answer)
OnEvent = Callable[[AccountEvent], Awaitable[None]]
log = structlog.get_logger()


class Unavailable(Exception):  # noqa: N818 - it reads as the fact it is
    """Nobody answered in time, or not in a way that can be read."""


@dataclass(frozen=True, slots=True)
class _Link:
    """The channels of one connection, for as long as it lasts."""

    asks: UnderlayChannel
    confirmed: UnderlayChannel


class Broker:
    """Keeps one connection. When it is lost, what waits is given up and a new one is opened."""

    def __init__(self, url: str, name: str, on_event: OnEvent) -> None:
        self._url = url
        self._name = name
        self._on_event = on_event
        self._link: _Link | None = None
        self._linked = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[DeliveredMessage | None]] = {}

    @property
    def connected(self) -> bool:
        """Whether the connection is up."""
        return self._linked.is_set()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                await self._hold_connection()
            except BROKER_ERRORS as error:
                log.info("RabbitMQ not connected", reason=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hold_connection(self) -> None:
        connection = Connection(
            make_url(self._url), client_properties={"connection_name": self._name}
        )
        lost = asyncio.Event()

        def notice(*_: object) -> None:
            lost.set()

        async with AsyncExitStack() as stack:
            stack.push_async_callback(_close, connection)
            stack.callback(self._lose_link)
            await connection.connect(timeout=CONNECT_SECONDS)
            connection.close_callbacks.add(notice)
            async with asyncio.timeout(CONNECT_SECONDS):
                self._link = await self._open_link(connection, notice)
            self._linked.set()
            await lost.wait()

    def _lose_link(self) -> None:
        self._linked.clear()
        for future in self._waiting.values():
            if not future.done():
                future.set_result(None)

    async def _open_link(
        self, connection: AbstractConnection, notice: Callable[..., None]
    ) -> _Link:
        asks = await connection.channel(publisher_confirms=True, on_return_raises=True)
        confirmed = await connection.channel(publisher_confirms=True, on_return_raises=True)
        events = await connection.channel(publisher_confirms=False)
        for channel in (asks, confirmed, events):
            channel.close_callbacks.add(notice)
        underlay = await _underlay(asks)
        await underlay.basic_consume(REPLY_QUEUE, self._answered, no_ack=True)
        await self._listen(events, notice)
        return _Link(underlay, await _underlay(confirmed))

    # --- asking -------------------------------------------------------------------------------

    async def ask(self, question: Ask[AnswerType], timeout_seconds: float) -> AnswerType | Problem:
        """Return what the owner of a question answers, or why it refuses; raises Unavailable."""
        reply_id = uuid.uuid4().hex
        properties = spec.Basic.Properties(
            message_id=reply_id,
            correlation_id=reply_id,
            message_type=question.topic,
            content_type=JSON_TYPE,
            timestamp=datetime.now(UTC),
            reply_to=REPLY_QUEUE,
            expiration=str(int(timeout_seconds * 1_000)),  # nobody waits for it any longer
            delivery_mode=DeliveryMode.NOT_PERSISTENT,
        )
        future: asyncio.Future[DeliveredMessage | None]
        future = asyncio.get_running_loop().create_future()
        self._waiting[reply_id] = future
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._linked.wait()
                assert self._link is not None
                await self._link.asks.basic_publish(
                    question.model_dump_json().encode(),
                    exchange=COMMANDS_EXCHANGE,
                    routing_key=question.topic,
                    properties=properties,
                    mandatory=True,
                    wait=False,
                )
                reply = await future
        except BROKER_ERRORS as error:
            raise Unavailable(type(error).__name__) from error
        finally:
            del self._waiting[reply_id]
        if reply is None:
            raise Unavailable("the connection was lost")
        return _read(question, reply)

    async def _answered(self, message: DeliveredMessage) -> None:
        future = self._waiting.get(str(message.header.properties.correlation_id))
        if future is not None and not future.done():
            future.set_result(message)

    # --- records ------------------------------------------------------------------------------

    async def send_records(self, routing_key: str, bodies: Sequence[str]) -> None:
        """Send records of one account; returns when RabbitMQ has them safe.

        Raises one of BROKER_ERRORS when it may not have them: send them again, billing charges
        each once.
        """
        message_id = uuid.uuid4().hex
        properties = spec.Basic.Properties(
            message_id=message_id,
            correlation_id=message_id,
            message_type=CallEnded.topic,
            content_type=JSON_TYPE,
            timestamp=datetime.now(UTC),
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        async with asyncio.timeout(CONFIRM_SECONDS):
            await self._linked.wait()
            assert self._link is not None
            await self._link.confirmed.basic_publish(
                f"[{','.join(bodies)}]".encode(),
                exchange=CALLS_EXCHANGE,
                routing_key=routing_key,
                properties=properties,
                mandatory=True,
            )

    # --- events -------------------------------------------------------------------------------

    async def _listen(self, channel: AbstractChannel, notice: Callable[..., None]) -> None:
        queue = await channel.declare_queue(
            f"switch.{self._name}.on.accounts",
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-expires": EVENTS_DAYS * 86_400_000,
                "x-max-length": EVENTS_MAX,
            },
        )
        for topic in EVENTS:
            await queue.bind(EVENTS_EXCHANGE, topic)
        underlay = await _underlay(channel)
        underlay.on_consumer_cancel_callbacks.add(notice)
        await underlay.basic_consume(queue.name, self._hear)

    async def _hear(self, message: DeliveredMessage) -> None:
        delivery = message.delivery
        assert isinstance(delivery, spec.Basic.Deliver)
        assert delivery.delivery_tag is not None
        try:
            event = EVENTS[delivery.routing_key or ""].model_validate_json(message.body)
        except (KeyError, ValidationError):
            log.exception("event not readable", topic=delivery.routing_key)
        else:
            await self._on_event(event)
        await message.channel.basic_ack(delivery.delivery_tag)


def _read(question: Ask[AnswerType], reply: DeliveredMessage) -> AnswerType | Problem:
    try:
        if reply.header.properties.message_type == PROBLEM_TYPE:
            return Problem.model_validate_json(reply.body)
        return question.answer.model_validate_json(reply.body)  # pyright: ignore[reportReturnType] - `answer` is AnswerType's own class
    except ValidationError as error:
        raise Unavailable("the answer can't be read") from error


async def _underlay(channel: AbstractChannel) -> UnderlayChannel:
    """Return the channel below, which publishes without waiting until all is written."""
    underlay = await channel.get_underlay_channel()
    assert isinstance(underlay, UnderlayChannel)
    return underlay


async def _close(connection: AbstractConnection) -> None:
    """Close what is left of a connection; one whose broker has gone may not answer."""
    try:
        async with asyncio.timeout(RECONNECT_SECONDS):
            await connection.close()
    except BROKER_ERRORS as error:
        log.info("connection not closed in order", reason=type(error).__name__)
