"""Which process charges which share of the calls, and the lanes in which it does."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from contracts.calls import CALLS_EXCHANGE, CallEnded
from services.billing.base.handlers.service import billing
from services.billing.charging.lanes.charger import Charger
from services.billing.charging.lanes.commit_coalescer import Together
from services.billing.charging.lanes.post_commit import Followup
from services.billing.charging.lanes.records import Record, read
from services.billing.charging.store import intents
from services.billing.ledger.store import usage_sums
from services.billing.ledger.store.behind import Behind
from services.chassis import mongo
from services.chassis.database import Writer
from services.chassis.lane import DeadLetters, Lane, Source
from services.chassis.service import Running

SHARDS: Final = 8
BEAT_SECONDS: Final = 1.0
SUM_SECONDS: Final = 1.0
TAKE_OVER_SECONDS: Final = 10.0

log = structlog.get_logger()


def source_of(shard: int) -> Source:
    """Return where one share of all calls comes from."""
    return Source(CALLS_EXCHANGE, f"{billing.name}.calls.{shard}", billing.name, CallEnded)


billing.sources += [source_of(shard) for shard in range(SHARDS)]


def shares_of(process: str, alive: Sequence[str]) -> set[int]:
    """Return the shards of a process: the same number for each that is alive, give or take one."""
    if process not in alive:
        return set()
    place = sorted(alive).index(process)
    return {shard for shard in range(SHARDS) if shard % len(alive) == place}


class Lanes:
    """The lanes of one process; they come and go with the processes that are alive."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._lanes: dict[int, tuple[Lane[Record], asyncio.Task[None]]] = {}
        self._charger = Charger(running)
        self._together = Together(self._charger.commit)

    @property
    def _process(self) -> str:
        return self._running.database.holder

    async def run(self) -> None:
        """Share the calls with the other processes until cancelled; then finish what was begun."""
        try:
            while True:
                try:
                    alive = await intents.beat(_writer(self._running), self._process)
                except mongo.PyMongoError as error:
                    # lanes wait for the database themselves, and keep what they have
                    log.warning("cannot say that it lives", reason=type(error).__name__)
                else:
                    await self._share(shares_of(self._process, alive))
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            await self._share(set())
            await intents.leave(_writer(self._running), self._process)

    async def _share(self, shards: set[int]) -> None:
        """Have a lane for each of these shards and no other; one that broke is made anew."""
        broken = {shard for shard, (_, task) in self._lanes.items() if task.done()}
        for shard in broken:
            log.error("lane broken", queue=source_of(shard).queue, task=repr(self._lanes[shard][1]))
        gone = [self._lanes.pop(shard) for shard in (set(self._lanes) - shards) | broken]
        await asyncio.gather(*(lane.stop(task) for lane, task in gone))
        if gone:
            await self._charger.finish()
        for shard in shards - set(self._lanes):
            lane = Lane(
                self._running.settings,
                source_of(shard),
                read,
                self._together.commit,
                DeadLetters(self._running.bus.publish, self._running.clock),
            )
            self._lanes[shard] = (lane, asyncio.create_task(lane.run()))


def _writer(running: Running) -> Writer:
    return running.database.writer()


@billing.background
async def charge_calls(running: Running) -> None:
    """Charge this process's share of the calls."""
    await Lanes(running).run()


@billing.background
async def sum_usage(running: Running) -> None:
    """Sum the calls of large accounts by when they were answered, so that lists stay quick."""
    while True:
        for account_id in _writer(running).memory(Behind).take():
            while await usage_sums.advance(running.database, account_id):
                pass
        await asyncio.sleep(SUM_SECONDS)


@billing.background
async def take_over_charges(running: Running) -> None:
    """See through what processes that died had begun."""
    followup = Followup(running)
    while True:
        await followup.take_over(_writer(running))
        await asyncio.sleep(TAKE_OVER_SECONDS)
