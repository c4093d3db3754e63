"""The messages that a service could not work off: listed, sent again, or dropped by ops."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, DeliveryMode
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed, DeliveryError

from contracts.base import Refused
from services.chassis import wire
from services.chassis.bus import CONFIRM_SECONDS

LETTERS_MAX: Final = 10_000
"""As many are looked through at once: their bodies pass through this process."""

SETTLE_LOOKS_MAX: Final = 40
SETTLE_SECONDS: Final = 0.05

_OURS: Final = {wire.QUEUE_HEADER, wire.REASON_HEADER, wire.FAILED_AT_HEADER}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that failed; its body is not shown, for it may hold what ops should not read."""

    id: str
    type: str
    queue: str
    """Where it failed, and where it is sent again."""

    failed_at: str
    reason: str

    @classmethod
    def of(cls, message: AbstractIncomingMessage) -> Self:
        """Read why it failed: as the service said, or as RabbitMQ did when it set it aside.

        What RabbitMQ says comes first: the headers of a message that it set aside are still those
        of whoever sent it, who must not say where it's sent again.
        """
        headers = message.headers
        deaths: Any = headers.get("x-death")
        # a sender may have made up such a header, too, which the service leaves as it was
        if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict):
            death: Any = deaths[0]  # pyright: ignore[reportUnknownVariableType] - a header of any form
            queue, failed_at = death.get("queue", ""), death.get("time", "")
            reason = f"RabbitMQ: {death.get('reason', '?')}"
        else:
            queue, failed_at, reason = (
                headers.get(name, "")
                for name in (wire.QUEUE_HEADER, wire.FAILED_AT_HEADER, wire.REASON_HEADER)
            )
        return cls(
            id=message.message_id or "",
            type=message.type or "",
            queue=str(queue),
            failed_at=str(failed_at),
            reason=str(reason),
        )


async def declare_dead_letters(connection: AbstractConnection, consumer: str) -> None:
    """Declare the queue of what a service failed at.

    One that an earlier release made, which named no limit of looks, stays as it is: RabbitMQ has
    no way to change it, and a policy gives it the limit (`accounts-manager rabbitmq-definitions`).
    """
    name = wire.dead_letter_queue(consumer)
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-message-ttl": wire.DEAD_LETTER_DAYS * 86_400_000,
        "x-delivery-limit": wire.DEAD_LETTER_LOOKS_MAX,
    }
    try:
        async with connection.channel() as channel:
            await channel.declare_queue(name, durable=True, arguments=arguments)
    except ChannelPreconditionFailed:
        del arguments["x-delivery-limit"]
    async with connection.channel() as channel:
        queue = await channel.declare_queue(name, durable=True, arguments=arguments)
        await queue.bind(wire.DEAD_LETTERS_EXCHANGE, routing_key=consumer)


async def dead_letters(url: str, consumer: str) -> list[DeadLetter]:
    """Return what waits among a service's dead letters, the oldest first, at most 10,000.

    Refused when the service has no such queue, because it never ran.
    """
    async with _taken(url, consumer) as (_, messages):
        return [DeadLetter.of(message) async for message in messages]


async def replay(url: str, consumer: str, ids: Collection[str] = ()) -> list[str]:
    """Send dead letters (all, or those with these ids) to where they failed; return their ids.

    They keep their message id, so work that was done after all is not done again. A letter leaves
    the dead letters once the broker has confirmed that it is back in its queue.
    """
    replayed: list[str] = []
    async with _taken(url, consumer) as (channel, messages):
        async for message in messages:
            if not ids or message.message_id in ids:
                await _send_again(channel, message)
                await message.ack()
                replayed.append(message.message_id or "")
    return replayed


async def drop(url: str, consumer: str, ids: Collection[str]) -> list[str]:
    """Throw the dead letters with these ids away; return the ids of those that were there."""
    dropped: list[str] = []
    async with _taken(url, consumer) as (_, messages):
        async for message in messages:
            if message.message_id in ids:
                await message.ack()
                dropped.append(message.message_id or "")
    return dropped


@asynccontextmanager
async def _taken(
    url: str, consumer: str
) -> AsyncGenerator[tuple[AbstractChannel, AsyncGenerator[AbstractIncomingMessage]]]:
    """Take the dead letters that wait now; those not acknowledged go back when this ends."""
    name = wire.dead_letter_queue(consumer)
    async with (
        await aio_pika.connect(url, timeout=CONFIRM_SECONDS) as connection,
        connection.channel(on_return_raises=True) as channel,
    ):
        try:
            queue = await channel.get_queue(name)
        except ChannelNotFoundEntity as error:
            raise Refused("not-found", f"There is no queue {name}.") from error

        taken: list[AbstractIncomingMessage] = []

        async def messages() -> AsyncGenerator[AbstractIncomingMessage]:
            # What fails again meanwhile comes back behind these, and is not taken a second time.
            waiting = queue.declaration_result.message_count or 0
            for _ in range(min(waiting, LETTERS_MAX)):
                message = await queue.get(fail=False, timeout=CONFIRM_SECONDS)
                if message is None:
                    return
                taken.append(message)
                yield message

        yield channel, messages()
        await _put_back(channel, name, [message for message in taken if not message.processed])


async def _put_back(
    channel: AbstractChannel, name: str, messages: list[AbstractIncomingMessage]
) -> None:
    """Return messages to their queue, and wait a moment until they are seen there again."""
    for message in messages:
        await message.nack(requeue=True)
    for _ in range(SETTLE_LOOKS_MAX):
        queue = await channel.get_queue(name)
        if (queue.declaration_result.message_count or 0) >= len(messages):
            return
        await asyncio.sleep(SETTLE_SECONDS)


async def _send_again(channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
    kept = {
        name: value
        for name, value in message.headers.items()
        if name not in _OURS and not name.startswith("x-")
    }
    again = aio_pika.Message(
        message.body,
        headers=kept,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        type=message.type,
        content_type=message.content_type,
        timestamp=message.timestamp,
        delivery_mode=DeliveryMode.PERSISTENT,
    )
    queue = DeadLetter.of(message).queue
    try:
        await channel.default_exchange.publish(
            again, routing_key=queue, mandatory=True, timeout=CONFIRM_SECONDS
        )
    except DeliveryError as error:
        raise Refused("not-found", f"There is no queue {queue} for {again.message_id}.") from error
