"""A queue handled in batches: many messages, one commit, one acknowledgement."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final, Generic, NamedTuple, TypeVar

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError
from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp import commands as spec

from contracts.base import Event
from services.chassis import mongo, telemetry, wire
from services.chassis.bus import (
    CONNECT_SECONDS,
    PUBLISH_ERRORS,
    RECONNECT_SECONDS,
    close,
    wait_for_rabbitmq,
)
from services.chassis.clock import Clock
from services.chassis.settings import Settings

PREFETCH_MESSAGES: Final = 2_000
BATCH_ITEMS: Final = 500
BATCH_BYTES: Final = 80_000
"""About as much as so many items are: they are counted only when they are read."""

GATHER_SECONDS: Final = 0.03
"""Lanes of a process stop gathering at the same moments, half of it from now on an average."""

MESSAGE_BYTES_MAX: Final = 262_144
DELIVERIES_MAX: Final = 100
FINISH_SECONDS: Final = 10.0
OUTAGE_SECONDS: Final = 0.5
REASON_CHARACTERS_MAX: Final = 200

Item = TypeVar("Item")
log = structlog.get_logger()


class Source(NamedTuple):
    """Where a lane's messages come from: a queue that takes a share of what an exchange spreads."""

    exchange: str
    queue: str
    dead_letters_of: str
    """The service among whose dead letters a message goes that cannot be read."""

    kind: type[Event]
    """What is in it; a message may also hold several of them, as a JSON array."""


class _Arrived(NamedTuple):
    """A message as it came: what waits is kept small, and read only when its turn has come."""

    tag: int
    body: bytes
    properties: spec.Basic.Properties


class _Delivery(NamedTuple, Generic[Item]):
    arrived: _Arrived
    items: Sequence[Item]


class DeadLetters(NamedTuple):
    """How a lane puts a message aside that it cannot work off."""

    publish: Callable[[wire.Envelope], Awaitable[None]]
    """Returns when the broker has confirmed it."""

    clock: Clock


class Lane(Generic[Item]):
    """Consumes one queue; at any time only one process of all does, whoever else waits for it.

    `read` turns a body into items, and raises ValueError for one that is nobody's. `work` gets
    them in batches and returns when they are committed; then they are acknowledged all at once.
    What is not acknowledged when a connection is lost comes again. What nobody can work off goes to
    the dead letters with its reason.
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        read: Callable[[bytes], Sequence[Item]],
        work: Callable[[Sequence[Item]], Awaitable[None]],
        dead_letters: DeadLetters,
    ) -> None:
        self._settings = settings
        self._source = source
        self._read = read
        self._work = work
        self._dead_letters = dead_letters
        self._arrived: deque[_Arrived] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Work until stopped, with a new connection whenever one was lost."""
        while not self._stopping:
            url = self._settings.rabbitmq_url.get_secret_value()
            connection = await wait_for_rabbitmq(url, self._source.queue)
            try:
                await self._consume(connection)
            except (AMQPError, RuntimeError, OSError, TimeoutError) as error:
                log.warning("lane lost", queue=self._source.queue, reason=type(error).__name__)
            finally:
                await asyncio.shield(close(connection))
            if not self._stopping:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def stop(self, running: "asyncio.Task[None]") -> None:
        """Finish the batch that was begun, leave the rest to others, and go."""
        self._stopping = True
        self._some.set()
        self._full.set()
        done, _ = await asyncio.wait({running}, timeout=FINISH_SECONDS)
        if not done:
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def _consume(self, connection: AbstractConnection) -> None:
        lost = asyncio.Event()

        def notice(*_: object) -> None:
            lost.set()
            self._some.set()
            self._full.set()

        connection.close_callbacks.add(notice)
        self._arrived.clear()
        self._bytes = 0
        self._some.clear()
        async with asyncio.timeout(CONNECT_SECONDS):
            channel = await self._open(connection, notice)
        while not (self._stopping or lost.is_set()):
            await self._some.wait()
            await self._gather()
            if lost.is_set():
                return
            if batch := await self._take(channel):
                await self._commit(channel, batch)
                telemetry.BATCHES.labels(self._source.queue).inc()

    async def _commit(self, channel: AbstractChannel, batch: list[_Delivery[Item]]) -> None:
        """Work a batch off and acknowledge it; wait for a database that is away.

        When it fails, each of its messages is handled alone: one that fails then goes to the
        dead letters, and holds nobody up.
        """
        while True:
            try:
                await self._work([item for delivery in batch for item in delivery.items])
            except Exception as error:
                if mongo.is_outage(error):
                    log.warning("waiting for MongoDB", reason=type(error).__name__)
                    await asyncio.sleep(OUTAGE_SECONDS)
                    continue
                log.exception("batch failed", queue=self._source.queue, messages=len(batch))
                if len(batch) == 1:
                    await self._set_aside(channel, batch[0].arrived, error)
                    return
                for delivery in batch:
                    await self._commit(channel, [delivery])
                return
            await channel.basic_ack(batch[-1].arrived.tag, multiple=True)
            return

    async def _set_aside(
        self, channel: AbstractChannel, arrived: _Arrived, error: Exception
    ) -> None:
        """Acknowledge a message once it's safe among the dead letters, however long it takes."""
        reason = f"{type(error).__name__}: {error}"[:REASON_CHARACTERS_MAX]
        dead_letter = _dead_letter(self._source, arrived, reason, self._dead_letters.clock)
        while True:
            try:
                await self._dead_letters.publish(dead_letter)
            except PUBLISH_ERRORS as lost:
                if self._stopping:
                    raise  # it comes again
                log.warning("dead letter not published yet", error=type(lost).__name__)
                await asyncio.sleep(OUTAGE_SECONDS)
            else:
                break
        await channel.basic_ack(arrived.tag)
        log.warning("dead-lettered", queue=self._source.queue, reason=reason)

    async def _open(
        self, connection: AbstractConnection, notice: Callable[..., None]
    ) -> AbstractChannel:
        channel = await connection.channel(publisher_confirms=False)
        channel.close_callbacks.add(notice)
        await channel.set_qos(prefetch_count=PREFETCH_MESSAGES)
        await declare(channel, self._source, self._settings.lane_messages_max)
        underlay = await channel.get_underlay_channel()
        # the broker cancels it when the queue is deleted: then it is declared anew
        underlay.on_consumer_cancel_callbacks.add(notice)

        async def take(message: DeliveredMessage) -> None:
            delivery = message.delivery
            assert isinstance(delivery, spec.Basic.Deliver)
            assert delivery.delivery_tag is not None
            properties = message.header.properties
            self._arrive(_Arrived(delivery.delivery_tag, message.body, properties))

        await underlay.basic_consume(self._source.queue, take)
        return underlay

    def _arrive(self, arrived: _Arrived) -> None:
        self._arrived.append(arrived)
        self._bytes += len(arrived.body)
        self._some.set()
        if self._is_full:
            self._full.set()

    @property
    def _is_full(self) -> bool:
        return len(self._arrived) >= BATCH_ITEMS or self._bytes >= BATCH_BYTES

    async def _gather(self) -> None:
        """Wait a moment for more, so that a commit serves many."""
        if not self._is_full:
            try:
                async with asyncio.timeout_at(_next_tick()):
                    await self._full.wait()
            except TimeoutError:
                return

    async def _take(self, channel: AbstractChannel) -> list[_Delivery[Item]]:
        """Read the messages of the next batch; one that cannot be read goes to the dead letters."""
        batch: list[_Delivery[Item]] = []
        items = 0
        while self._arrived and items < BATCH_ITEMS:
            arrived = self._arrived.popleft()
            self._bytes -= len(arrived.body)
            try:
                delivery = _Delivery(arrived, self._read_bounded(arrived.body))
            except Exception as error:  # noqa: BLE001 - whatever it breaks, nobody can read it
                await self._set_aside(channel, arrived, error)
            else:
                batch.append(delivery)
                items += len(delivery.items)
        if not self._stopping:
            if not self._arrived:
                self._some.clear()
            if not self._is_full:
                self._full.clear()
        return batch

    def _read_bounded(self, body: bytes) -> Sequence[Item]:
        if len(body) > MESSAGE_BYTES_MAX:
            message = f"a message of {len(body)} bytes; {MESSAGE_BYTES_MAX} is the limit"
            raise ValueError(message)
        return self._read(body)


def _dead_letter(source: Source, arrived: _Arrived, reason: str, clock: Clock) -> wire.Envelope:
    """Return a message as it came, with why and in which queue it failed."""
    properties, now = arrived.properties, clock()
    headers: Mapping[str, Any] = properties.headers or {}
    timestamp = properties.timestamp or now
    return wire.Envelope(
        # ops name it by its id, so it has one in any case
        message_id=properties.message_id or mongo.new_object_id(),
        exchange=wire.DEAD_LETTERS_EXCHANGE,
        routing_key=source.dead_letters_of,
        type=source.kind.topic,
        body=arrived.body,
        timestamp=timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC),
        correlation_id=properties.correlation_id or "",
        headers={
            **{name: text for name, text in headers.items() if isinstance(text, str)},
            wire.QUEUE_HEADER: source.queue,
            wire.REASON_HEADER: reason,
            wire.FAILED_AT_HEADER: now.isoformat(),
        },
    )


def _next_tick() -> float:
    """Return when, by the loop's clock, lanes of this process stop gathering."""
    return (asyncio.get_running_loop().time() // GATHER_SECONDS + 1) * GATHER_SECONDS


async def declare(channel: aio_pika.abc.AbstractChannel, source: Source, messages_max: int) -> None:
    """Declare what a lane consumes: bounded, replicated, one consumer at a time.

    With more than `messages_max` waiting the broker refuses further ones; publishers with confirms
    are told.
    """
    exchange = await channel.declare_exchange(
        source.exchange, aio_pika.ExchangeType.X_CONSISTENT_HASH, durable=True
    )
    queue = await channel.declare_queue(
        source.queue,
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-max-length": messages_max,
            "x-overflow": "reject-publish",
            "x-delivery-limit": DELIVERIES_MAX,
            "x-dead-letter-strategy": "at-least-once",
            "x-dead-letter-exchange": wire.DEAD_LETTERS_EXCHANGE,
            "x-dead-letter-routing-key": source.dead_letters_of,
        },
    )
    # of this exchange the binding key is a weight: every queue takes the same share
    await queue.bind(exchange, routing_key="10")
