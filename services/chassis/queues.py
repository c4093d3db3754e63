"""How many messages wait in queues, and whether anybody takes from them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity

QUEUES_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """A queue at one moment; one that nobody has made yet is empty and nobody's."""

    name: str
    messages: int
    consumers: int


async def depths(url: str, names: Sequence[str]) -> list[QueueDepth]:
    """Look at queues, in this order; raises what publishing would when the broker is away."""
    async with (
        asyncio.timeout(QUEUES_SECONDS),
        await aio_pika.connect(url, timeout=QUEUES_SECONDS) as connection,
    ):
        return [await _depth(connection, name) for name in names]


async def _depth(connection: aio_pika.abc.AbstractConnection, name: str) -> QueueDepth:
    # a queue that is not there costs its asker the channel
    async with connection.channel() as channel:
        try:
            queue = await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity:
            return QueueDepth(name, 0, 0)
        result = queue.declaration_result
        return QueueDepth(name, result.message_count or 0, result.consumer_count or 0)
