"""Charging calls that wait in the queues: one process, two, lists of records, a floor for each."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.callers import database_of, fill, put_in_callers, records, tell
from benchmarks.report import Figure, Results
from benchmarks.reseller import Reseller
from local.system import Member, System
from services.billing.app import service
from services.billing.charging.lanes.lanes import BEAT_SECONDS
from services.billing.charging.store.intents import INTENTS, PROCESSES
from services.billing.charging.store.rejected_calls import REJECTED_CALLS
from services.billing.ledger.store.ledger import LEDGER
from services.chassis.database import Database

WARM_UP_CALLS: Final = 10_000
"""Not counted: a process that has run for a while knows accounts and numbers."""

SINGLE_CALLS: Final = 40_000
CALLS_OF_TWO: Final = 50_000
CALLS_IN_LISTS: Final = 60_000
CALLS_PER_MESSAGE: Final = 20
CALLS_EACH_ALONE: Final = 1_500
CALLS_WEIGHED: Final = (50_000, 200_000)
CALLS_AT_ONCE: Final = 50_000
CALLS_OF_A_PART: Final = 20_000
CALLS_OF_TWO_PARTS: Final = 30_000
RUNNING_SECONDS: Final = 0.01
STOPPED_SECONDS: Final = 0.03

POLL_SECONDS: Final = 0.05
SECONDS_MAX: Final = 240.0
QUEUE: Final = "bench.floor"
MEGABYTE: Final = 1_000_000
MICROSECONDS: Final = 1_000_000
NOTES: Final = """\
* Charging has full queues; it is timed from the 10,000th call until every entry stands and every
  event is confirmed. Then there are exactly as many entries as calls were told of. Its floor
  consumes as many messages as anybody does with aio-pika, inserts the same documents with the same
  indexes and publishes as many events, and reads nothing of what it consumes. Lanes take messages
  from the layer below aio-pika's own, which is part of what they gain. No other
  service runs meanwhile.
* Two processes share two cores with RabbitMQ and MongoDB, which one process keeps busy already:
  what shows there is what a call costs two. What they gain where cores are free is seen by giving
  each billing process a quarter of a core (stopped for three quarters of every 40 ms), so that
  there is as much for the second one as for the first.
* A process is weighed when it has nothing left to do, the same one both times.
"""


class Charged(NamedTuple):
    """How fast calls were charged."""

    per_second: float
    cpu_microseconds: float
    """Of the billing processes together, for each call."""


class _Reading(NamedTuple):
    seconds: float
    entries: int
    cpu_seconds: float


async def measure_charging(system: System, database: Database, reseller: Reseller) -> Results:
    """Measure with no other service running than billing."""
    each = CALLS_PER_MESSAGE
    single, in_lists = "charge calls, single records", f"charge calls, {each} records a message"
    floor, transactions = "consume, insert, publish as much", "a transaction for each message"
    one = await charge(system, database, SINGLE_CALLS)
    floor_of_one = await _floor(system, SINGLE_CALLS)
    lists = await charge(system, database, CALLS_IN_LISTS, each=each)
    floor_of_lists = await _floor(system, CALLS_IN_LISTS, each)
    alone = await _each_alone(system, reseller)
    of_two = await _of_two_processes(system, database, single, one)
    weights = await _weights(system, database)
    return Results(
        figures=(
            Figure(single, one.per_second, "≥ 0.5", floor, floor_of_one),
            Figure(in_lists, lists.per_second, "≥ 0.5", floor, floor_of_lists),
            Figure(single, one.per_second, "≥ 20", transactions, alone),
            Figure(in_lists, lists.per_second, "≥ 20", transactions, alone),
            *of_two,
            Figure(
                f"memory of a process after {CALLS_WEIGHED[1]:,} calls",
                weights[1],
                "≤ 1.1",
                f"after {CALLS_WEIGHED[0]:,}",
                weights[0],
                " MB",
            ),
        ),
        notes=NOTES,
    )


async def _of_two_processes(
    system: System, database: Database, name: str, one: Charged
) -> tuple[Figure, ...]:
    """Measure what a second process gives, and what it takes."""
    two = await charge(system, database, CALLS_OF_TWO, processes=2)
    part = await charge(system, database, CALLS_OF_A_PART, in_part=True)
    parts = await charge(system, database, CALLS_OF_TWO_PARTS, processes=2, in_part=True)
    return (
        Figure(
            f"{name}, two processes",
            two.per_second,
            "",
            "one process",
            one.per_second,
        ),
        Figure(
            f"{name}, two processes, a quarter of a core each",
            parts.per_second,
            "≥ 1.5",
            "one, a quarter of a core",
            part.per_second,
        ),
        Figure(
            "two processes with all there is, processor time of billing for a call",
            two.cpu_microseconds,
            "≤ 1.2",
            "one process",
            one.cpu_microseconds,
            " µs",
        ),
    )


async def charge(
    system: System,
    database: Database,
    calls: int,
    *,
    each: int = 1,
    processes: int = 1,
    in_part: bool = False,
) -> Charged:
    """Fill the queues, `each` records to a message, and let billing processes charge them.

    `in_part`: each process has a quarter of a core once it has started.
    """
    before = await entries_of(database)
    run = f"charge-{each}-{processes}-{in_part}"
    await tell(system.addresses, records(run, calls, each))
    async with AsyncExitStack() as stack:
        members = stack.enter_context(_running(system, processes))
        if in_part:
            await stack.enter_async_context(_slowed(members))
        await _until_shared(database, processes, before + WARM_UP_CALLS)
        began = await _read(database, members)
        await until_charged(database, before + calls)
        ended = await _read(database, members)
        await verify(database, before + calls)
    number = ended.entries - began.entries
    assert number > calls // 4, f"{run}: nearly all was charged before it could be measured"
    return Charged(
        number / (ended.seconds - began.seconds),
        (ended.cpu_seconds - began.cpu_seconds) * MICROSECONDS / number,
    )


@contextmanager
def _running(system: System, processes: int) -> Generator[list[Member]]:
    """Run so many billing processes, which start at the same time."""
    first = system["billing"]
    first.start()
    try:
        with ExitStack() as stack:
            others = [stack.enter_context(system.replica("billing")) for _ in range(processes - 1)]
            first.wait_until_ready()
            yield [first, *others]
    finally:
        first.stop()


@asynccontextmanager
async def _slowed(members: Sequence[Member]) -> AsyncGenerator[None]:
    """Stop processes for most of the time, each at moments of its own."""

    async def slow(member: Member) -> None:
        assert member.pid is not None, "it was started"
        try:
            while True:
                os.kill(member.pid, signal.SIGSTOP)
                await asyncio.sleep(STOPPED_SECONDS)
                os.kill(member.pid, signal.SIGCONT)
                await asyncio.sleep(RUNNING_SECONDS)
        finally:
            os.kill(member.pid, signal.SIGCONT)

    slowing = [asyncio.create_task(slow(member)) for member in members]
    try:
        yield
    finally:
        for task in slowing:
            task.cancel()
        await asyncio.gather(*slowing, return_exceptions=True)


async def _until_shared(database: Database, processes: int, entries: int) -> None:
    """Wait until there are so many entries, and every process has its share."""
    alive = database.documents(PROCESSES)
    async with asyncio.timeout(SECONDS_MAX):
        while await alive.count({}) < processes or await entries_of(database) < entries:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(POLL_SECONDS)
    if processes > 1:
        await asyncio.sleep(2 * BEAT_SECONDS)


async def until_charged(database: Database, entries: int) -> None:
    """Wait until the ledgers have so many entries and all that follows from them is done."""
    begun = database.documents(INTENTS)
    async with asyncio.timeout(SECONDS_MAX):
        while await entries_of(database) < entries or await begun.count({}):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(POLL_SECONDS)


async def verify(database: Database, entries: int) -> None:
    """Make sure that the ledgers have exactly so many entries, and no call waits for repair."""
    assert await database.documents(LEDGER).count({}) == entries, "a call was charged twice"
    assert not await database.documents(REJECTED_CALLS).count({}), "a call was not charged"


async def entries_of(database: Database) -> int:
    """Return how many entries the ledgers have."""
    return await database.raw[LEDGER].estimated_document_count()


async def _read(database: Database, members: Sequence[Member]) -> _Reading:
    cpu_seconds = sum(map(_cpu_seconds, members))
    return _Reading(time.perf_counter(), await entries_of(database), cpu_seconds)


def _cpu_seconds(member: Member) -> float:
    fields = Path(f"/proc/{member.pid}/stat").read_text().rsplit(")", 1)[1].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def _megabytes(member: Member) -> float:
    pages = int(Path(f"/proc/{member.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


async def _weights(system: System, database: Database) -> list[float]:
    """Return the megabytes of a billing process after so many calls each."""
    megabytes: list[float] = []
    told, before = 0, await entries_of(database)
    with _running(system, 1) as (member,):
        while told < CALLS_WEIGHED[-1]:
            messages = records(f"weigh-{told}", CALLS_AT_ONCE, CALLS_PER_MESSAGE)
            await tell(system.addresses, messages)
            told += CALLS_AT_ONCE
            await until_charged(database, before + told)
            await verify(database, before + told)
            if told in CALLS_WEIGHED:
                megabytes.append(_megabytes(member))
    return megabytes


# --- what it is measured by ------------------------------------------------------------------


async def _floor(system: System, calls: int, each: int = 1) -> float:
    """Return the calls per second of the floor."""
    await fill(system.addresses, QUEUE, records("floor", calls, each))
    seconds = await _time(system, "floor_charging", "billing", calls, each)
    return calls / seconds


async def _each_alone(system: System, reseller: Reseller) -> float:
    """Return the calls per second with a transaction for each message, in a database of its own."""
    database = database_of(system.addresses, "alone")
    await database.prepare()
    for prepare in service.prepares:
        await prepare(database)
    await put_in_callers(database, reseller)
    before = await entries_of(database)
    await fill(system.addresses, QUEUE, records("alone", CALLS_EACH_ALONE, 1))
    seconds = await _time(system, "each_alone", "alone", CALLS_EACH_ALONE)
    assert await database.documents(LEDGER).count({}) == before + CALLS_EACH_ALONE
    return CALLS_EACH_ALONE / seconds


async def _time(system: System, module: str, database: str, *numbers: int) -> float:
    """Return the seconds that a process of its own says it took."""
    addresses = system.addresses
    words = [addresses.rabbitmq_url(), addresses.mongodb, f"{addresses.database_prefix}{database}"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"benchmarks.{module}",
        *words,
        QUEUE,
        *map(str, numbers),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    assert process.returncode == 0, f"benchmarks.{module} failed"
    return float(printed)
