"""What billed calls come to by when they were answered: sums of quarter hours, and what came since.

An account's sums cover its ledger up to a `seq`; what is after it is added up when it is asked for.
So they may be behind, but never wrong, and only large accounts have any.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from contracts.base import Refused
from services.billing.model.usage import Usage
from services.billing.store.ledger import BILLED_CALL, LEDGER
from services.chassis.database import Database, Reader
from services.chassis.mongo import ASCENDING, Document, IndexModel

HEADS: Final = "usage"
QUARTERS: Final = "usage_quarters"
QUARTER: Final = timedelta(minutes=15)
"""Days of every time zone begin at one."""

ENTRIES_BEHIND: Final = 2_000
"""With so many calls that no sum covers, an account is brought up to date."""

TRIES_MAX: Final = 20
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
END: Final = datetime(2250, 1, 1, tzinfo=UTC)


class Behind:
    """The accounts of which this process has charged many calls since they were summed."""

    def __init__(self) -> None:
        self._calls: dict[str, int] = {}
        self._due: set[str] = set()

    def add(self, account_id: str, calls: int) -> None:
        """Note that calls of an account have been charged, or were found without a sum."""
        behind = self._calls.pop(account_id, 0) + calls
        if behind >= ENTRIES_BEHIND:
            self._due.add(account_id)
        else:
            self._calls[account_id] = behind

    def take(self) -> set[str]:
        """Return the accounts that are to be brought up to date, and forget them."""
        due, self._due = self._due, set()
        return due


class _Part(NamedTuple):
    """Entries to add up, and the index that finds them."""

    match: Document
    by: str


async def prepare(database: Database) -> None:
    """Create the index; the sums are read from it alone."""
    names = ("account_id", "start", "rated_seconds", "charges")
    await database.documents(QUARTERS).ensure_indexes(
        IndexModel([(name, ASCENDING) for name in names], name="by_start")
    )


async def between(tx: Reader, account_id: str, borders: Sequence[datetime | None]) -> list[Usage]:
    """Return what billed calls came to that were answered from each border to the next one.

    None is the beginning or the end of time.
    """
    first, last = borders[0] or BEGINNING, borders[-1] or END
    exact = [first, *(border for border in borders[1:-1] if border), last]
    if any(later <= earlier for earlier, later in pairwise(exact)):
        return [Usage(0, 0) for _ in exact[1:]]
    for _ in range(TRIES_MAX):
        seq = await summed_up_to(tx, account_id)
        found = await asyncio.gather(
            *(_add_up(tx, part, exact) for part in _parts(account_id, seq, exact)),
            *([_add_up_quarters(tx, account_id, exact)] if seq else []),
        )
        if await summed_up_to(tx, account_id) == seq:
            tx.memory(Behind).add(account_id, found[0][1])
            return [
                Usage(sum(one.rated_seconds for one in same), sum(one.call_charges for one in same))
                for same in zip(*(usages for usages, _ in found), strict=True)
            ]
    raise Refused("unavailable", "The calls of this account are being added up; ask again.")


async def summed_up_to(tx: Reader, account_id: str) -> int:
    """Return the `seq` up to which the sums of an account cover its ledger; 0 without any."""
    head = await tx.documents(HEADS).find_one({"_id": account_id})
    return head["seq"] if head else 0


def _parts(account_id: str, seq: int, borders: Sequence[datetime]) -> list[_Part]:
    """Return the entries to add up: those that no sum covers, then those of cut quarters."""
    answered = {"$gte": borders[0], "$lt": borders[-1]}
    mine = {"account_id": account_id, **BILLED_CALL}
    if not seq:
        match = {**mine, "call.answered_at": answered}
        return [_Part(match, "billed_calls_by_answer")]
    since = {**mine, "seq": {"$gt": seq}, "call.answered_at": answered}
    parts = [_Part(since, "chain")]
    for start in _cut(borders):
        within = {
            "$gte": max(start, borders[0]),
            "$lt": min(start + QUARTER, borders[-1]),
        }
        match = {**mine, "call.answered_at": within, "seq": {"$lte": seq}}
        parts.append(_Part(match, "billed_calls_by_answer"))
    return parts


def _cut(borders: Sequence[datetime]) -> list[datetime]:
    """Return the quarter hours that a border divides."""
    return sorted({_quarter(border) for border in borders if _quarter(border) != border})


async def _add_up(tx: Reader, part: _Part, borders: Sequence[datetime]) -> tuple[list[Usage], int]:
    """Return what a part comes to between the borders, and how many documents it was."""
    groups = await tx.documents(LEDGER).aggregate(
        [
            {"$match": part.match},
            {
                "$bucket": {
                    "groupBy": "$call.answered_at",
                    "boundaries": list(borders),
                    "output": {
                        "seconds": {"$sum": "$call.rated_seconds"},
                        "charges": {"$sum": {"$multiply": ["$amount", -1]}},
                        "number": {"$sum": 1},
                    },
                }
            },
        ],
        hint=part.by,
    )
    by_border = {group["_id"]: group for group in groups}
    usages = [
        Usage(int(group["seconds"]), int(group["charges"]))
        if (group := by_border.get(border))
        else Usage(0, 0)
        for border in borders[:-1]
    ]
    return usages, sum(group["number"] for group in groups)


async def _add_up_quarters(
    tx: Reader, account_id: str, borders: Sequence[datetime]
) -> tuple[list[Usage], int]:
    """Return what the sums of whole quarter hours come to between the borders.

    They are told apart here: the database compares each of them with each border.
    """
    since = _quarter(borders[0])
    quarters = await tx.documents(QUARTERS).find(
        {
            "account_id": account_id,
            "start": {"$gte": since, "$lt": borders[-1], "$nin": _cut(borders)},
        },
        limit=(borders[-1] - since) // QUARTER + 1,
        fields=["start", "rated_seconds", "charges"],
        hint="by_start",
    )
    seconds, charges = [0] * (len(borders) - 1), [0] * (len(borders) - 1)
    for quarter in quarters:
        place = bisect_right(borders, quarter["start"]) - 1
        seconds[place] += quarter["rated_seconds"]
        charges[place] += quarter["charges"]
    return [Usage(*sums) for sums in zip(seconds, charges, strict=True)], len(quarters)


def _quarter(moment: datetime) -> datetime:
    """Return when the quarter hour of a moment begins."""
    return moment - (moment - BEGINNING) % QUARTER
