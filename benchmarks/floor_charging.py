"""The floor of charging, as a process: consume, insert the same documents, publish as many events.

`python -m benchmarks.floor_charging RABBITMQ_URL MONGODB_URL DATABASE QUEUE CALLS PER_MESSAGE`
copies the ledger that was charged before, document by document, without reading what it consumes.
"""

import asyncio
import sys
import time
from collections import deque
from typing import Any, Final

import aio_pika
import uvloop
from aiormq.abc import DeliveredMessage
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.write_concern import WriteConcern

PREFETCH: Final = 2_000
BATCH_CALLS: Final = 500
CALLS_PER_EVENT: Final = 50
EVENT: Final = b"x" * 20_000
"""As long as fifty charged calls are as JSON."""


async def run(
    rabbitmq: str, mongodb: str, database: str, queue: str, calls: int, each: int
) -> float:
    """Return the seconds it took from the first message to the last event's confirm."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb)
    ledger = client[database]["ledger"]
    documents = await ledger.find({"type": "call"}).limit(calls).to_list(calls)
    target = client[database].get_collection(
        "floor_ledger", write_concern=WriteConcern("majority", j=True)
    )
    await target.drop()
    for index in (await ledger.index_information()).items():
        if index[0] != "_id_":
            options = {k: v for k, v in index[1].items() if k not in {"key", "v", "ns"}}
            await target.create_index(index[1]["key"], name=index[0], **options)
    connection = await aio_pika.connect(rabbitmq)
    arrived: deque[int] = deque()
    some = asyncio.Event()
    async with connection:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=PREFETCH)
        events = await connection.channel(publisher_confirms=True)
        exchange = await events.get_exchange("events", ensure=False)
        underlay = await channel.get_underlay_channel()

        async def take(message: DeliveredMessage) -> None:
            arrived.append(message.delivery.delivery_tag)
            some.set()

        began = time.perf_counter()
        await underlay.basic_consume(queue, take)
        done = 0
        while done < calls:
            await some.wait()
            batch = [arrived.popleft() for _ in range(min(len(arrived), BATCH_CALLS // each))]
            if not arrived:
                some.clear()
            number = len(batch) * each
            await target.insert_many(documents[done : done + number], ordered=True)
            await underlay.basic_ack(batch[-1], multiple=True)
            await asyncio.gather(
                *(
                    exchange.publish(
                        aio_pika.Message(EVENT, delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                        routing_key="floor",
                    )
                    for _ in range(-(-number // CALLS_PER_EVENT))
                )
            )
            done += number
        return time.perf_counter() - began


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.write(f"{runner.run(run(*sys.argv[1:5], int(sys.argv[5]), int(sys.argv[6])))}\n")
