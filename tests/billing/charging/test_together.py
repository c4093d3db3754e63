"""Lanes that commit together: less work for each, and no lane suffers for what another brings."""

import asyncio
from collections.abc import Sequence

import pytest
from pymongo.errors import AutoReconnect

from services.billing.charging.lanes.commit_coalescer import RECORDS_AT_ONCE, Together
from services.billing.charging.lanes.records import Malformed, Record
from services.chassis import mongo


def told(*names: str) -> list[Record]:
    return [Malformed({}, name) for name in names]


class Ledger:
    """Takes what it is given, one commit at a time, when it is let."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.open = asyncio.Event()
        self.begun = asyncio.Event()
        self.busy = False
        self.away = False

    async def commit(self, records: Sequence[Record]) -> None:
        """Take a batch, unless there is poison in it or the database is away."""
        assert not self.busy, "two commits at once"
        names = [record.detail for record in records if isinstance(record, Malformed)]
        self.commits.append(names)
        self.busy = True
        self.begun.set()
        await self.open.wait()
        self.busy = False
        if self.away:
            raise AutoReconnect("the primary stepped down")
        if "poison" in names:
            raise LookupError(names)


def started(together: Together, *batches: Sequence[Record]) -> list["asyncio.Task[None]"]:
    """Bring each batch as a lane of its own does, one after the other."""
    return [asyncio.create_task(together.commit(batch)) for batch in batches]


async def test_what_waits_during_a_commit_goes_with_the_next() -> None:
    ledger = Ledger()
    together = Together(ledger.commit)
    first = started(together, told("one"))
    await ledger.begun.wait()
    others = started(together, told("two"), told("three", "four"), told("five"))
    ledger.open.set()
    await asyncio.gather(*first, *others)
    assert ledger.commits == [["one"], ["two", "three", "four", "five"]]


async def test_a_commit_is_bounded_but_a_batch_is_never_cut() -> None:
    ledger = Ledger()
    ledger.open.set()
    together = Together(ledger.commit)
    large = told(*["x"] * (RECORDS_AT_ONCE - 1))
    huge = told(*["y"] * (RECORDS_AT_ONCE + 1))
    await asyncio.gather(*started(together, large, told("z"), huge, told("z")))
    assert [len(names) for names in ledger.commits] == [RECORDS_AT_ONCE, RECORDS_AT_ONCE + 1, 1]


async def test_only_the_lane_whose_records_cannot_be_committed_is_told_so() -> None:
    ledger = Ledger()
    ledger.open.set()
    together = Together(ledger.commit)
    lanes = started(together, told("one"), told("poison", "two"), told("three"))
    outcomes = await asyncio.gather(*lanes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), LookupError, type(None)]
    assert ledger.commits[1:] == [["one"], ["poison", "two"], ["three"]]
    await together.commit(told("later"))


async def test_an_outage_is_told_to_every_lane_at_once() -> None:
    ledger = Ledger()
    ledger.open.set()
    ledger.away = True
    together = Together(ledger.commit)
    lanes = started(together, told("one"), told("two"))
    outcomes = await asyncio.gather(*lanes, return_exceptions=True)
    assert all(isinstance(one, Exception) and mongo.is_outage(one) for one in outcomes)
    assert len(ledger.commits) == 1


async def test_a_lane_that_leaves_takes_no_other_lanes_records_along() -> None:
    ledger = Ledger()
    together = Together(ledger.commit)
    leaving, staying = started(together, told("one"), told("two"))
    await ledger.begun.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    ledger.open.set()
    await staying
    assert ledger.commits == [["one", "two"]]
