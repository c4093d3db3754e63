"""What lists and totals show of many billing accounts at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from contracts.billing import (
    BILLING_ACCOUNTS_PICKED_MAX,
    BillingAccountFilter,
    BillingAccountSort,
    BillingAccountSummary,
)
from services.billing.base.model.period import SECONDS_PER_MINUTE
from services.billing.ledger.model.ledger import LOW_BALANCE_MICROS, LOW_BALANCE_PART
from services.billing.ledger.model.runway import LOW_DAYS, ONE_DAY, days_left, is_low
from services.billing.ledger.store.billing_accounts import (
    BILLING_ACCOUNTS,
    LONG_AGO,
    billing_account_of,
)
from services.chassis.database import Reader
from services.chassis.mongo import ASCENDING, DESCENDING, Document

INDEXES: Final = {"balance": "by_balance", "renews_at": "by_renewal"}


class Totals(NamedTuple):
    """The open accounts of a reseller together; money in micro-units."""

    monthly_charge: int = 0
    credit: int = 0
    below_zero: int = 0
    low: int = 0


class Position(NamedTuple):
    """Where a page ended: the value that is sorted by, and the account."""

    value: int | datetime | None
    account_id: str


def _low(now: datetime) -> Document:
    """Return what tells in the database whether credit is low, as `runway.is_low` does."""
    soon = {
        "$and": [
            {"$gt": ["$renews_at", LONG_AGO]},
            {"$lte": ["$renews_at", now + LOW_DAYS * ONE_DAY]},
        ]
    }
    charge = {"$cond": [soon, "$monthly_charge", 0]}
    spendable = {"$add": ["$balance", {"$ifNull": ["$credit_limit", 0]}]}
    warned_below = {"$floor": {"$divide": ["$monthly_charge", LOW_BALANCE_PART]}}
    needed = {"$add": [{"$multiply": ["$pace", LOW_DAYS]}, charge]}
    return {"$lt": [spendable, {"$max": [LOW_BALANCE_MICROS, warned_below, needed]}]}


def _query(reseller_id: str, wanted: BillingAccountFilter, now: datetime) -> Document:
    query: Document = {"parent_id": reseller_id, "open": wanted.status != "closed"}
    if wanted.status:
        query["status"] = wanted.status
    if wanted.account_ids is not None:
        query["_id"] = {"$in": list(wanted.account_ids)}
    bounds = {
        "balance": {"$gte": wanted.balance_from, "$lte": wanted.balance_to},
        "renews_at": {"$gte": wanted.renews_from, "$lt": wanted.renews_before},
    }
    for field, ends in bounds.items():
        if given := {way: end for way, end in ends.items() if end is not None}:
            query[field] = given
    if wanted.low:
        query["$expr"] = _low(now)
    return query


async def page(
    db: Reader,
    reseller_id: str,
    sort: BillingAccountSort,
    wanted: BillingAccountFilter,
    *,
    beyond: Position | None,
    backward: bool,
    limit: int,
) -> list[BillingAccountSummary]:
    """Return accounts beyond a position, the nearest first; `backward`: in the other direction."""
    field = sort.removeprefix("-")
    ascending = sort.startswith("-") == backward
    direction = ASCENDING if ascending else DESCENDING
    parts: list[Document] = [_query(reseller_id, wanted, db.now)]
    if beyond is not None:
        parts.append(_beyond(field, beyond, ascending=ascending))
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"$and": parts},
        sort=[(field, direction), ("_id", direction)],
        limit=limit,
        hint=None if wanted.account_ids is not None else INDEXES[field],
    )
    return [_summary(document, db.now) for document in documents]


def _beyond(field: str, position: Position, *, ascending: bool) -> Document:
    """Return the condition for what follows a position; accounts that never renew sort first."""
    value, account_id = position
    same: Document = {field: value, "_id": {"$gt" if ascending else "$lt": account_id}}
    if value is None:
        return {"$or": [same, {field: {"$gt": LONG_AGO}}]} if ascending else same
    way = "$gt" if ascending else "$lt"
    others: list[Document] = [{field: {way: value}}]
    if field == "renews_at" and not ascending:
        others.append({field: None})
        return {"$or": [same, *others]}
    return {field: {f"{way}e": value}, "$or": [same, *others]}  # the first bounds the index


async def pick(db: Reader, reseller_id: str, wanted: BillingAccountFilter) -> list[str]:
    """Return the ids of all accounts that a filter lets through; one more than are picked."""
    documents = await db.documents(BILLING_ACCOUNTS).find(
        _query(reseller_id, wanted, db.now), limit=BILLING_ACCOUNTS_PICKED_MAX + 1, fields=["_id"]
    )
    return [document["_id"] for document in documents]


async def summaries(
    db: Reader, reseller_id: str, account_ids: Sequence[str]
) -> tuple[BillingAccountSummary, ...]:
    """Return those of the billing accounts that are directly below an account."""
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"_id": {"$in": list(account_ids)}, "parent_id": reseller_id},
        limit=max(len(account_ids), 1),
    )
    return tuple(_summary(document, db.now) for document in documents)


def _summary(document: Document, now: datetime) -> BillingAccountSummary:
    account, balance, pace = (
        billing_account_of(document),
        document["balance"],
        document.get("pace", 0),
    )
    return BillingAccountSummary(
        account_id=account.id,
        balance=balance,
        currency=account.currency,
        bundle_minutes=account.bundle_minutes,
        bundle_minutes_left=document["seconds_left"] // SECONDS_PER_MINUTE,
        credit_limit=account.credit_limit,
        renews_at=account.renews_at,
        days_left=days_left(account, balance, pace, now),
        low=document["open"] and is_low(account, balance, pace, now),
    )


async def totals(db: Reader, reseller_id: str) -> Totals:
    """Return the totals over the open accounts directly below an account."""
    fields = ("balance", "monthly_charge", "credit_limit", "pace", "renews_at")
    stages: list[dict[str, Any]] = [
        {"$match": {"parent_id": reseller_id, "open": True}},
        {"$project": {"_id": 0, **dict.fromkeys(fields, 1)}},
        {
            "$group": {
                "_id": None,
                "monthly_charge": {"$sum": "$monthly_charge"},
                "credit": {"$sum": "$balance"},
                "below_zero": {"$sum": {"$cond": [{"$lte": ["$balance", 0]}, 1, 0]}},
                "low": {"$sum": {"$cond": [_low(db.now), 1, 0]}},
            }
        },
        {"$unset": "_id"},
    ]
    groups = await db.documents(BILLING_ACCOUNTS).aggregate(stages)
    return Totals(**groups[0]) if groups else Totals()
