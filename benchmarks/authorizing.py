"""Authorising calls, over AMQP and over HTTP, also while others are being charged."""

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import chain, islice
from typing import Final, NamedTuple

from benchmarks.asking import Asker
from benchmarks.callers import Message, account_id, calls_exchange, destination, publish, records
from benchmarks.charging import entries_of, until_charged, verify
from benchmarks.floors import one_guarded_update
from benchmarks.load import Connections, Measured, measure
from benchmarks.report import Results, Row
from contracts.billing import AuthorizeCall
from local.servers import Addresses
from local.system import System
from services.chassis import wire
from services.chassis.database import Database

IN_FLIGHT: Final = 32
ASKS: Final = 5_000
WARM_UP: Final = 500
REQUESTED_SECONDS: Final = 3_600
QUEUE: Final = "bench.hold"
CHARGED_PER_SECOND: Final = 5_000
TELL_SECONDS: Final = 0.1
CALLS_WAITING_MAX: Final = 10_000
CALLS_PER_MESSAGE: Final = 20
CALLS_WRITTEN: Final = 50_000
CALLS_MAX: Final = 1_000_000
REACH: Final = "throughput ≥ 0.6, p99 ≤ 3×"
NOTES: Final = f"""\
* Each authorisation is of one of 2,000 accounts and holds money; it is asked by the same bare code
  as its floor, which answers after one guarded update.
* “While calls are charged”: {CHARGED_PER_SECOND:,} a second are published, {CALLS_PER_MESSAGE} a
  message, or as many as the machine can; the one billing process charges them and answers, and all
  of them stand in the ledgers once afterwards.
"""

Ask = Callable[[int], Awaitable[None]]


class _Loaded(NamedTuple):
    measured: Measured
    charged_per_second: float


async def measure_authorizing(system: System, database: Database) -> Results:
    """Measure over AMQP, with billing running alone."""
    async with _floor(system.addresses, f"{system.addresses.database_prefix}floor") as ask:
        floor = await _ask(ask)
    billing = system["billing"]
    billing.start()
    try:
        billing.wait_until_ready()
        async with _billing(system.addresses) as ask:
            ours = await _ask(ask)
            loaded = await _beside_charging(system.addresses, database, ask)
        async with _floor(system.addresses, f"{system.addresses.database_prefix}floor") as ask:
            loaded_floor = await _beside_charging(system.addresses, database, ask)
    finally:
        billing.stop()
    name = f"authorise over AMQP, {IN_FLIGHT} in flight"
    charging = f"{name}, while {loaded.charged_per_second:,.0f} calls/s are charged"
    raw = "raw reply and one guarded update"
    beside = f"{raw}, beside {loaded_floor.charged_per_second:,.0f} calls/s charged"
    return Results(
        rows=(
            Row(name, ours, raw, floor, REACH),
            Row(charging, loaded.measured, raw, floor, REACH),
            Row(charging, loaded.measured, beside, loaded_floor.measured, REACH),
        ),
        notes=NOTES,
    )


async def measure_over_http(system: System, switch_key: str) -> Results:
    """Measure over HTTP, with the whole system running."""
    addresses = system.addresses
    floor = await one_guarded_update(addresses.mongodb, "floor", IN_FLIGHT)
    headers = {"Authorization": f"Bearer {switch_key}"}
    async with Connections(system.portal_url, headers, IN_FLIGHT) as connections:

        async def post(number: int) -> None:
            _expect_granted(await connections.post("/v1/calls/authorize", _question(number)))

        ours = await _ask(post)
    name = f"POST /v1/calls/authorize, {IN_FLIGHT} in flight"
    return Results(
        rows=(Row(name, ours, "FastAPI + one guarded update", floor, "throughput ≥ 0.5"),)
    )


async def _ask(ask: Ask) -> Measured:
    await measure(ask, count=WARM_UP, in_flight=IN_FLIGHT)
    return await measure(ask, count=ASKS, in_flight=IN_FLIGHT)


def _question(number: int) -> bytes:
    body = {
        "call_id": uuid.uuid4().hex,
        "account_id": account_id(number),
        "destination": destination(number),
        "requested_seconds": REQUESTED_SECONDS,
    }
    return json.dumps(body).encode()


def _expect_granted(answer: bytes) -> None:
    assert json.loads(answer)["granted"], answer.decode()


@asynccontextmanager
async def _billing(addresses: Addresses) -> AsyncGenerator[Ask]:
    """Ask billing as the switch does."""
    url = addresses.rabbitmq_url("switch")
    async with Asker(url, wire.COMMANDS_EXCHANGE, AuthorizeCall.topic) as asker:

        async def ask(number: int) -> None:
            _expect_granted(await asker.ask(_question(number)))

        yield ask


@asynccontextmanager
async def _floor(addresses: Addresses, database: str) -> AsyncGenerator[Ask]:
    """Ask a process that does no more than hold."""
    command = [sys.executable, "-m", "benchmarks.floor_authorizing", addresses.rabbitmq_url()]
    process = subprocess.Popen(  # noqa: ASYNC220 - it starts once, before anything is measured
        [*command, addresses.mongodb, database, QUEUE], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.readline)
        async with Asker(addresses.rabbitmq_url(), "", QUEUE) as asker:

            async def ask(number: int) -> None:
                _expect_granted(await asker.ask(b"%d" % number))

            yield ask
    finally:
        process.terminate()
        process.wait(timeout=10)


async def _beside_charging(addresses: Addresses, database: Database, ask: Ask) -> _Loaded:
    """Ask while calls are charged."""
    before = await entries_of(database)
    enough = asyncio.Event()
    # the switch has machines of its own: what it tells is written before anything is measured
    more = records(uuid.uuid4().hex, CALLS_MAX, CALLS_PER_MESSAGE)
    written = chain(list(islice(more, CALLS_WRITTEN // CALLS_PER_MESSAGE)), more)
    telling = asyncio.create_task(_keep_telling(addresses, database, written, enough))
    try:
        await measure(ask, count=WARM_UP, in_flight=IN_FLIGHT)
        began = await entries_of(database)
        measured = await measure(ask, count=ASKS, in_flight=IN_FLIGHT)
        charged = await entries_of(database) - began
    finally:
        enough.set()
        told = await telling
    await until_charged(database, before + told)
    await verify(database, before + told)
    return _Loaded(measured, charged / measured.seconds)


async def _keep_telling(
    addresses: Addresses, database: Database, written: Iterator[Message], enough: asyncio.Event
) -> int:
    """Tell of calls, no more than the process can keep up with; return of how many."""
    before = await entries_of(database)
    calls = int(CHARGED_PER_SECOND * TELL_SECONDS)
    told = 0
    async with calls_exchange(addresses) as exchange:
        while not enough.is_set():
            until = time.monotonic() + TELL_SECONDS
            if before + told - await entries_of(database) < CALLS_WAITING_MAX:
                messages = islice(written, calls // CALLS_PER_MESSAGE)
                await publish(exchange, messages)
                told += calls
            await asyncio.sleep(max(0.0, until - time.monotonic()))
    return told
