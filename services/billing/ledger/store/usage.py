"""What billed calls come to by when they were answered: sums kept per day, and what came since.

An account's sums cover its ledger up to a `seq`; what is after it is added up when it is asked for.
So they may be behind, but never wrong, and only large accounts have any. A document holds a day of
UTC, and in it the sums of its quarter hours: days of every time zone begin at one.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from contracts.base import Refused
from services.billing.ledger.model.usage import Usage
from services.billing.ledger.store.behind import Behind
from services.billing.ledger.store.ledger import BILLED_CALL, LEDGER
from services.chassis.database import Database, Reader
from services.chassis.mongo import ASCENDING, Document, IndexModel

HEADS: Final = "usage_heads"
DAYS: Final = "usage_days"
REPLACED: Final = ("usage", "usage_quarters")
"""Sums of an older form, a document per quarter hour; they are made anew from the ledger."""

DAY: Final = timedelta(days=1)
QUARTER: Final = timedelta(minutes=15)

TRIES_MAX: Final = 20
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
END: Final = datetime(2250, 1, 1, tzinfo=UTC)


class _Part(NamedTuple):
    """Entries to add up, and the index that finds them."""

    match: Document
    by: str


async def prepare(database: Database) -> None:
    """Create the index; the sums of whole days are read from it alone."""
    names = ("account_id", "day", "rated_seconds", "charges")
    await database.documents(DAYS).ensure_indexes(
        IndexModel([(name, ASCENDING) for name in names], name="by_day")
    )
    for collection in REPLACED:
        await database.documents(collection).delete({})


async def between(db: Reader, account_id: str, borders: Sequence[datetime | None]) -> list[Usage]:
    """Return what billed calls came to that were answered from each border to the next one.

    None is the beginning or the end of time.
    """
    first, last = borders[0] or BEGINNING, borders[-1] or END
    exact = [first, *(border for border in borders[1:-1] if border), last]
    if any(later <= earlier for earlier, later in pairwise(exact)):
        return [Usage() for _ in exact[1:]]
    for _ in range(TRIES_MAX):
        seq = await summed_up_to(db, account_id)
        found = await asyncio.gather(
            *(_add_up(db, part, exact) for part in _parts(account_id, seq, exact)),
            *([_add_up_days(db, account_id, exact)] if seq else []),
        )
        if await summed_up_to(db, account_id) == seq:
            db.memory(Behind).add(account_id, found[0][1])
            parts = zip(*(usages for usages, _ in found), strict=True)
            return [sum(same, Usage()) for same in parts]
    raise Refused("unavailable", "This account’s calls are being added up. Try again.")


async def summed_up_to(db: Reader, account_id: str) -> int:
    """Return the `seq` up to which the sums of an account cover its ledger; 0 without any."""
    head = await db.documents(HEADS).find_one({"_id": account_id})
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
    for start in _divided(borders, QUARTER):
        within = {
            "$gte": max(start, borders[0]),
            "$lt": min(start + QUARTER, borders[-1]),
        }
        match = {**mine, "call.answered_at": within, "seq": {"$lte": seq}}
        parts.append(_Part(match, "billed_calls_by_answer"))
    return parts


def _divided(borders: Sequence[datetime], length: timedelta) -> list[datetime]:
    """Return when the stretches of a length begin that have a border within them."""
    starts = [(start_of(border, length), border) for border in borders]
    return sorted({start for start, border in starts if start < border})


async def _add_up(db: Reader, part: _Part, borders: Sequence[datetime]) -> tuple[list[Usage], int]:
    """Return what a part comes to between the borders, and how many documents it was."""
    groups = await db.documents(LEDGER).aggregate(
        [
            {"$match": part.match},
            {
                "$group": {
                    "_id": _place(borders, 0, len(borders) - 1),
                    "seconds": {"$sum": "$call.rated_seconds"},
                    "charges": {"$sum": {"$multiply": ["$amount", -1]}},
                    "number": {"$sum": 1},
                }
            },
        ],
        hint=part.by,
    )
    usages = [Usage() for _ in borders[1:]]
    for group in groups:
        usages[group["_id"]] = Usage(
            rated_seconds=int(group["seconds"]), call_charges=int(group["charges"])
        )
    return usages, sum(group["number"] for group in groups)


def _place(borders: Sequence[datetime], first: int, last: int) -> Document:
    """Return the expression for the border that an answer follows, by halves.

    `$bucket` compares each answer with one border after the other, which takes 2.5 times as long
    for the days of a month.
    """
    if last - first == 1:
        return {"$literal": first}
    middle = (first + last) // 2
    earlier = {"$lt": ["$call.answered_at", borders[middle]]}
    return {"$cond": [earlier, _place(borders, first, middle), _place(borders, middle, last)]}


async def _add_up_days(
    db: Reader, account_id: str, borders: Sequence[datetime]
) -> tuple[list[Usage], int]:
    """Return what the sums come to between the borders: of whole days, and of quarter hours."""
    divided = _divided(borders, DAY)
    days = db.documents(DAYS)
    whole, parts = await asyncio.gather(
        days.find(
            {
                "account_id": account_id,
                "day": {"$gte": borders[0], "$lt": borders[-1], "$nin": divided},
            },
            limit=(borders[-1] - borders[0]) // DAY + 1,
            fields=["day", "rated_seconds", "charges"],
            hint="by_day",
        ),
        days.find(
            {"_id": {"$in": [day_id(account_id, day) for day in divided]}},
            limit=len(divided) + 1,
            fields=["day", "quarters"],
        ),
    )
    sums = [(day["day"], _usage(day)) for day in whole]
    outside = {*_divided(borders, QUARTER)}
    for day in parts:
        for number, quarter in day["quarters"].items():
            start = day["day"] + int(number) * QUARTER
            if borders[0] <= start < borders[-1] and start not in outside:
                sums.append((start, _usage(quarter)))
    usages = [Usage() for _ in borders[1:]]
    for start, usage in sums:
        usages[bisect_right(borders, start) - 1] += usage
    return usages, len(sums)


def _usage(document: Document) -> Usage:
    """Return the usage that a day or a quarter hour of the sums holds."""
    return Usage(rated_seconds=document["rated_seconds"], call_charges=document["charges"])


def day_id(account_id: str, day: datetime) -> str:
    """Return the id of the document that holds a day of an account."""
    return f"{account_id}:{day:%Y%m%d}"


def start_of(moment: datetime, length: timedelta) -> datetime:
    """Return when the quarter hour or the day of UTC begins that a moment lies in."""
    return moment - (moment - BEGINNING) % length
