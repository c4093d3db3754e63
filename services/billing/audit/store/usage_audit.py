"""What the audit reads: sums of billed calls, beside the calls in the ledger that they cover."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from services.billing.ledger.model.usage import Usage
from services.billing.ledger.store.ledger import BILLED_CALL, LEDGER
from services.billing.ledger.store.usage import DAY, DAYS, HEADS, QUARTER, start_of, summed_up_to
from services.chassis.database import Database
from services.chassis.mongo import ASCENDING, DESCENDING, Document

DAYS_AT_ONCE: Final = 7
"""So many days of a very large account are added up in seconds."""

ORPHANS_MAX: Final = 1_000
WHOLE: Final = timedelta(days=-1)
"""Stands for the whole day where a quarter hour of it would."""

Sums = dict[tuple[datetime, timedelta], Usage]
"""By day of UTC, and in it by when the quarter hour begins."""


class Difference(NamedTuple):
    """A sum that isn't that of its calls."""

    day: datetime
    quarter: timedelta
    kept: Usage
    of_calls: Usage

    @property
    def time(self) -> str:
        """What the sum is of, in words."""
        if self.quarter == WHOLE:
            return f"{self.day:%Y-%m-%d}"
        return f"{self.day + self.quarter:%Y-%m-%d %H:%M}"


class Window(NamedTuple):
    """Some days; None is the beginning or the end of time."""

    start: datetime | None
    end: datetime | None

    @property
    def query(self) -> Document:
        """What finds moments in it."""
        bounds = {"$gte": self.start, "$lt": self.end}
        return {name: moment for name, moment in bounds.items() if moment} or {"$exists": True}


async def each_summed(database: Database) -> AsyncIterator[tuple[str, int]]:
    """Yield every account that has sums, and up to which `seq` they cover its ledger."""
    async for head in database.documents(HEADS).each({}, sort=[("_id", ASCENDING)]):
        yield head["_id"], head["seq"]


async def ledger_ends(database: Database, account_id: str) -> int:
    """Return the `seq` of the last entry of an account; 0 without any."""
    last = await database.documents(LEDGER).find_one(
        {"account_id": account_id}, fields=["seq"], sort=[("seq", DESCENDING)]
    )
    return last["seq"] if last else 0


async def summed_without_head(database: Database) -> list[str]:
    """Return accounts that have sums of days, but nothing says how far they cover its ledger."""
    groups = await database.documents(DAYS).aggregate(
        [
            {"$group": {"_id": "$account_id"}},
            {"$lookup": {"from": HEADS, "localField": "_id", "foreignField": "_id", "as": "heads"}},
            {"$match": {"heads": []}},
            {"$sort": {"_id": ASCENDING}},
            {"$limit": ORPHANS_MAX},
        ],
        hint="by_day",
    )
    return [group["_id"] for group in groups]


async def windows(database: Database, account_id: str) -> list[Window]:
    """Return stretches of time that hold all calls of an account, each with a few of its days."""
    documents = database.documents(DAYS).batches(
        {"account_id": account_id}, fields=["day"], size=DAYS_AT_ONCE
    )
    starts = sorted([document["day"] async for batch in documents for document in batch])
    borders = [None, *starts[DAYS_AT_ONCE::DAYS_AT_ONCE], None]
    return [Window(*both) for both in pairwise(borders)]


async def differences(
    database: Database, account_id: str, window: Window
) -> tuple[list[Difference], bool]:
    """Return the sums of some days that aren't those of the calls they cover, in their order.

    And whether that's sure: not when more calls were summed while both were read.
    """
    db = database.reader()
    seq = await summed_up_to(db, account_id)
    kept = await kept_sums(database, account_id, window)
    of_calls = await _of_calls(database, account_id, seq, window)
    nothing = Usage()
    found = [
        Difference(*place, kept.get(place, nothing), of_calls.get(place, nothing))
        for place in sorted({*kept, *of_calls})
        if kept.get(place, nothing) != of_calls.get(place, nothing)
    ]
    return found, await summed_up_to(db, account_id) == seq


async def kept_sums(database: Database, account_id: str, window: Window) -> Sums:
    """Return the sums that are kept of some days, and those of their quarter hours."""
    sums: Sums = {}
    query = {"account_id": account_id, "day": window.query}
    async for document in database.documents(DAYS).each(query):
        day = document["day"]
        sums[day, WHOLE] = _usage(document)
        for number, quarter in document.get("quarters", {}).items():
            sums[day, int(number) * QUARTER] = _usage(quarter)
    return sums


async def _of_calls(database: Database, account_id: str, seq: int, window: Window) -> Sums:
    """Return what the billed calls of some days come to: by day, and by quarter hour."""
    quarter = {"$dateTrunc": {"date": "$call.answered_at", "unit": "minute", "binSize": 15}}
    groups = await database.documents(LEDGER).aggregate(
        [
            {
                "$match": {
                    "account_id": account_id,
                    **BILLED_CALL,
                    "call.answered_at": window.query,
                    "seq": {"$lte": seq},
                }
            },
            {
                "$group": {
                    "_id": quarter,
                    "rated_seconds": {"$sum": "$call.rated_seconds"},
                    "charges": {"$sum": {"$multiply": ["$amount", -1]}},
                }
            },
        ],
        hint="billed_calls_by_answer",
    )
    sums: Sums = {}
    for group in groups:
        start, usage = group["_id"], _usage(group)
        day = start_of(start, DAY)
        sums[day, start - day] = usage
        sums[day, WHOLE] = sums.get((day, WHOLE), Usage()) + usage
    return sums


def _usage(document: Document) -> Usage:
    return Usage(rated_seconds=document["rated_seconds"], call_charges=document["charges"])
