"""The floor of authorising, as a process: a question, one guarded update, an answer.

`python -m benchmarks.floor_authorizing RABBITMQ_URL MONGODB_URL DATABASE QUEUE` says `ready` once
it answers, and goes on until it is terminated.
"""

import asyncio
import sys
from typing import Final

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage

from benchmarks.floor_hold import hold, put_in_accounts

PREFETCH: Final = 64


async def run(rabbitmq: str, mongodb: str, database: str, queue_name: str) -> None:
    """Hold for a call; the question is the number of a billing account."""
    accounts = await put_in_accounts(mongodb, database)
    connection = await aio_pika.connect(rabbitmq)
    async with connection, connection.channel(publisher_confirms=False) as channel:
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.declare_queue(queue_name, auto_delete=True)

        async def answer(message: AbstractIncomingMessage) -> None:
            await hold(accounts, int(message.body), message.correlation_id or "")
            reply = aio_pika.Message(b'{"granted":true}', correlation_id=message.correlation_id)
            await channel.default_exchange.publish(
                reply, routing_key=message.reply_to or "", mandatory=False
            )
            await message.ack()

        await queue.consume(answer)
        print("ready", flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(*sys.argv[1:5]))
