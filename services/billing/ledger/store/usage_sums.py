"""Summing the billed calls of large accounts by days and quarter hours, a step at a time."""

from datetime import datetime
from typing import Final

from services.billing.ledger.store.ledger import LEDGER
from services.billing.ledger.store.usage import (
    DAY,
    DAYS,
    HEADS,
    QUARTER,
    day_id,
    start_of,
    summed_up_to,
)
from services.chassis.database import Database, Transaction, Trigger
from services.chassis.mongo import Document, Int64, new_object_id

ENTRIES_PER_STEP: Final = 2_000


async def advance(database: Database, account_id: str) -> bool:
    """Sum the next entries of an account; tell whether there may be more."""
    db = database.reader()
    since = await summed_up_to(db, account_id)
    summed: list[int] = []

    async def sum_up(tx: Transaction) -> None:
        summed.clear()
        head = await tx.documents(HEADS).find_one({"_id": account_id})
        if (head["seq"] if head else 0) != since:
            return
        groups = await _next_quarters(tx, account_id, since)
        if not groups:
            return
        last = max(group["last"] for group in groups)
        for day, quarters in _by_day(groups).items():
            await tx.documents(DAYS).update(
                {"_id": day_id(account_id, day)},
                {"$inc": quarters, "$set": {"account_id": account_id, "day": day}},
                upsert=True,
            )
        await tx.documents(HEADS).update(
            {"_id": account_id}, {"$set": {"seq": Int64(last)}}, upsert=True
        )
        summed.append(last - since)

    await database.once("billing.usage", _trigger(), sum_up)
    return bool(summed) and summed[0] >= ENTRIES_PER_STEP


async def drop(database: Database, account_id: str) -> None:
    """Drop the sums of an account; they are made anew from its first entry."""

    async def drop_all(tx: Transaction) -> None:
        await tx.documents(DAYS).delete({"account_id": account_id})
        await tx.documents(HEADS).delete({"_id": account_id})

    await database.once("billing.usage", _trigger(), drop_all)


def _trigger() -> Trigger:
    """Return a trigger of its own for each step.

    What is summed twice is seen by the `seq` of the head. The receipt of an entry's first step
    would keep sums that were dropped from being made anew.
    """
    return Trigger(message_id=new_object_id(), correlation_id="")


def _by_day(groups: list[Document]) -> dict[datetime, dict[str, Int64]]:
    """Return by how much each day and its quarter hours grow."""
    days: dict[datetime, dict[str, Int64]] = {}
    for group in groups:
        start: datetime | None = group["_id"]
        if start is None:
            continue
        day = start_of(start, DAY)
        grows = days.setdefault(day, {"rated_seconds": Int64(0), "charges": Int64(0)})
        for name in ("rated_seconds", "charges"):
            grows[name] = Int64(grows[name] + group[name])
            grows[f"quarters.{(start - day) // QUARTER}.{name}"] = Int64(group[name])
    return days


async def _next_quarters(tx: Transaction, account_id: str, since: int) -> list[Document]:
    """Return the next entries by quarter hour; those that are no billed calls under None."""
    billed = {"$gt": ["$call.rated_seconds", 0]}
    answered = {"$dateTrunc": {"date": "$call.answered_at", "unit": "minute", "binSize": 15}}
    return await tx.documents(LEDGER).aggregate(
        [
            {
                "$match": {
                    "account_id": account_id,
                    "seq": {"$gt": since, "$lte": since + ENTRIES_PER_STEP},
                }
            },
            {
                "$group": {
                    "_id": {"$cond": [billed, answered, None]},
                    "rated_seconds": {"$sum": "$call.rated_seconds"},
                    "charges": {"$sum": {"$multiply": ["$amount", -1]}},
                    "last": {"$max": "$seq"},
                }
            },
        ],
        hint="chain",
    )
