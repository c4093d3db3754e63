"""The floor of charging, as a process: consume, insert the same documents, publish as many events.

`python -m benchmarks.floor_charging RABBITMQ_URL MONGODB_URL DATABASE QUEUE CALLS PER_MESSAGE`
copies the ledger that was charged before, document by document, without reading what it consumes.
"""

import asyncio
import sys
import time
from collections import deque
from typing import Any, Final, NamedTuple

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo.write_concern import WriteConcern

Document = dict[str, Any]

PREFETCH: Final = 2_000
BATCH_CALLS: Final = 500
CALLS_PER_EVENT: Final = 50
EVENT: Final = b"x" * 20_000
"""As long as fifty charged calls are as JSON."""


class _Ledger(NamedTuple):
    """What was charged before, and where it is inserted again."""

    documents: list[Document]
    copy: AsyncIOMotorCollection[Document]


async def prepare(mongodb: str, database: str, calls: int) -> _Ledger:
    """Read so many entries of calls, and make an empty ledger with the same indexes."""
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(mongodb)
    ledger = client[database]["ledger"]
    documents = await ledger.find({"type": "call"}).limit(calls).to_list(calls)
    assert len(documents) == calls, "fewer calls were charged before"
    copy = client[database].get_collection(
        "floor_ledger", write_concern=WriteConcern("majority", j=True)
    )
    await copy.drop()
    for name, index in (await ledger.index_information()).items():
        if name != "_id_":
            options = {key: value for key, value in index.items() if key not in {"key", "v", "ns"}}
            await copy.create_index(index["key"], name=name, **options)
    return _Ledger(documents, copy)


async def run(rabbitmq: str, ledger: _Ledger, queue: str, each: int) -> float:
    """Return the seconds it took from the first message to the last event's confirm."""
    documents, copy = ledger
    connection = await aio_pika.connect(rabbitmq)
    arrived: deque[AbstractIncomingMessage] = deque()
    some = asyncio.Event()
    async with connection:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=PREFETCH)
        events = await connection.channel(publisher_confirms=True)
        exchange = await events.get_exchange("events", ensure=False)
        waiting = await channel.get_queue(queue)

        async def take(message: AbstractIncomingMessage) -> None:
            arrived.append(message)
            some.set()

        began = time.perf_counter()
        await waiting.consume(take)
        done = 0
        while done < len(documents):
            await some.wait()
            batch = [arrived.popleft() for _ in range(min(len(arrived), BATCH_CALLS // each))]
            if not arrived:
                some.clear()
            number = len(batch) * each
            await copy.insert_many(documents[done : done + number], ordered=True)
            await batch[-1].ack(multiple=True)
            await asyncio.gather(
                *(
                    exchange.publish(
                        aio_pika.Message(EVENT, delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                        routing_key="floor",
                        mandatory=False,
                    )
                    for _ in range(-(-number // CALLS_PER_EVENT))
                )
            )
            done += number
        return time.perf_counter() - began


async def main() -> float:
    """Do what the command line says."""
    _, rabbitmq, mongodb, database, queue, calls, each = sys.argv
    return await run(rabbitmq, await prepare(mongodb, database, int(calls)), queue, int(each))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(main()))
