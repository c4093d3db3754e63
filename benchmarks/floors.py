"""The floors: the least that the same kind of work can take on this machine."""

import asyncio
import subprocess
import sys
import time
import uuid
from typing import Final

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import DeliveredMessage

from benchmarks.load import Connections, Measured, measure
from local.processes import free_port

IN_FLIGHT: Final = 8
ASKS: Final = 3_000
REQUESTS: Final = 3_000
START_SECONDS_MAX: Final = 20.0
REPLY_QUEUE: Final = "amq.rabbitmq.reply-to"


async def request_and_reply(url: str) -> Measured:
    """Measure raw aio-pika questions and answers over direct reply-to, no database."""
    connection = await aio_pika.connect_robust(url)
    server = await aio_pika.connect_robust(url)
    async with connection, server:
        answering = await server.channel(publisher_confirms=False)
        await answering.set_qos(prefetch_count=100)
        queue = await answering.declare_queue(f"floor.{uuid.uuid4().hex}", exclusive=True)

        async def answer(message: AbstractIncomingMessage) -> None:
            reply = aio_pika.Message(message.body, correlation_id=message.correlation_id)
            await answering.default_exchange.publish(
                reply, routing_key=message.reply_to or "", mandatory=False
            )
            await message.ack()

        await queue.consume(answer)
        asking = await connection.channel(publisher_confirms=False)
        waiting: dict[str, asyncio.Future[None]] = {}

        async def answered(message: DeliveredMessage) -> None:
            waiting.pop(str(message.header.properties.correlation_id)).set_result(None)

        underlay = await asking.get_underlay_channel()
        await underlay.basic_consume(REPLY_QUEUE, answered, no_ack=True)

        async def ask(_: int) -> None:
            question = uuid.uuid4().hex
            waiting[question] = asyncio.get_running_loop().create_future()
            message = aio_pika.Message(b"{}", correlation_id=question, reply_to=REPLY_QUEUE)
            await asking.default_exchange.publish(message, routing_key=queue.name, mandatory=False)
            await waiting[question]

        return await measure(ask, count=ASKS, in_flight=IN_FLIGHT)


async def one_find(mongodb_url: str, database: str, in_flight: int) -> Measured:
    """Measure FastAPI on uvicorn with one Motor `find_one` by id a request."""
    port = free_port()
    server = subprocess.Popen(  # noqa: ASYNC220 - it starts once, before anything is measured
        [sys.executable, "-m", "benchmarks.floor_app", str(port), mongodb_url, database]
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await _wait_for(port)
        async with Connections(url, {}, in_flight) as connections:

            async def get(_: int) -> None:
                await connections.get("/one")

            await measure(get, count=200, in_flight=in_flight)
            return await measure(get, count=REQUESTS, in_flight=in_flight)
    finally:
        server.terminate()
        server.wait(timeout=10)


async def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < until, "the floor's server did not start"
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
