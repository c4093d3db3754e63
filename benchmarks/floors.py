"""The floors: the least that the same kind of work can take on this machine."""

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from benchmarks.asking import Asker
from benchmarks.load import Connections, Measured, measure
from local.processes import free_port

IN_FLIGHT: Final = 8
ASKS: Final = 3_000
REQUESTS: Final = 3_000
WARM_UP: Final = 200
START_SECONDS_MAX: Final = 20.0


async def request_and_reply(url: str) -> Measured:
    """Measure raw aio-pika questions and answers over direct reply-to, no database."""
    server = await aio_pika.connect_robust(url)
    async with server:
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
        async with Asker(url, "", queue.name) as asker:

            async def ask(_: int) -> None:
                await asker.ask(b"{}")

            return await measure(ask, count=ASKS, in_flight=IN_FLIGHT)


async def one_find(mongodb_url: str, database: str, in_flight: int) -> Measured:
    """Measure FastAPI on uvicorn with one Motor `find_one` by id a request."""
    async with _serving(mongodb_url, database, in_flight) as connections:

        async def get(_: int) -> None:
            await connections.get("/one")

        await measure(get, count=WARM_UP, in_flight=in_flight)
        return await measure(get, count=REQUESTS, in_flight=in_flight)


async def one_guarded_update(mongodb_url: str, database: str, in_flight: int) -> Measured:
    """Measure the same with one guarded Motor `find_one_and_update`, majority and journal."""
    async with _serving(mongodb_url, database, in_flight) as connections:

        async def post(number: int) -> None:
            await connections.post("/hold", b'{"billing_account":%d,"call_id":"bench"}' % number)

        await measure(post, count=WARM_UP, in_flight=in_flight)
        return await measure(post, count=REQUESTS, in_flight=in_flight)


@asynccontextmanager
async def _serving(mongodb_url: str, database: str, in_flight: int) -> AsyncGenerator[Connections]:
    """Run the floor's server as a process of its own, and connect to it."""
    port = free_port()
    server = subprocess.Popen(  # noqa: ASYNC220 - it starts once, before anything is measured
        [sys.executable, "-m", "benchmarks.floor_app", str(port), mongodb_url, database]
    )
    try:
        await _wait_for(port)
        async with Connections(f"http://127.0.0.1:{port}", {}, in_flight) as connections:
            yield connections
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
