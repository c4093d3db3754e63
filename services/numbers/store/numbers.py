"""Reads and writes of single numbers, and of the accounts that take them."""

from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from contracts.billing import NUMBERS_PER_PLAN_MAX
from contracts.numbers import NumberState
from services.chassis import mongo
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel
from services.numbers.model.numbers import Number
from services.numbers.store.documents import (
    RESERVATION,
    from_document,
    stored_state,
    to_document,
)

NUMBERS_PER_ACCOUNT_MAX: Final = 10_000
STOCK_FIELDS: Final = ("reseller_id", "state", "_id", "until", RESERVATION, "country", "label")
OPTIONAL_FIELDS: Final = (RESERVATION, "account_id", "order_id", "given_up_by", "until")


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents("numbers").ensure_indexes(
        # Everything that a list asks for: a page is found in the index alone, in its order.
        IndexModel([(field, ASCENDING) for field in STOCK_FIELDS], name="stock"),
        IndexModel([(RESERVATION, ASCENDING)], name="hold", sparse=True),
        IndexModel([("account_id", ASCENDING)], name="account", sparse=True),
        IndexModel([("until", ASCENDING)], name="passing", sparse=True),
    )


# --- single numbers ------------------------------------------------------------------------


async def existing(db: Reader, numbers: Collection[str]) -> set[str]:
    """Return which of these numbers the system has, whoever's: a number is unique among all."""
    found = await db.documents("numbers").find(
        {"_id": {"$in": list(numbers)}}, fields=["_id"], limit=max(len(numbers), 1)
    )
    return {document["_id"] for document in found}


async def add(tx: Transaction, numbers: Iterable[Number]) -> None:
    """Put new numbers in the stock."""
    await tx.documents("numbers").insert(*(to_document(number) for number in numbers))


async def find_numbers(
    reader: Reader, reseller_id: str | None, numbers: Collection[str]
) -> dict[str, Number]:
    """Return those of these numbers that are in the reseller's stock; None: in anybody's."""
    query: Document = {"_id": {"$in": list(numbers)}}
    if reseller_id is not None:
        query["reseller_id"] = reseller_id
    found = await reader.documents("numbers").find(query, limit=max(len(numbers), 1))
    return {document["_id"]: from_document(document) for document in found}


async def reprice(tx: Transaction, numbers: Iterable[Number]) -> None:
    """Give numbers that were read in this transaction the fees that they have here."""
    await tx.documents("numbers").update_each(
        [
            (
                {"_id": number.number, "reseller_id": number.reseller_id},
                {
                    "$set": {
                        "setup_fee": mongo.Int64(number.setup_fee),
                        "monthly_fee": mongo.Int64(number.monthly_fee),
                    }
                },
            )
            for number in numbers
        ]
    )


async def remove(tx: Transaction, reseller_id: str, numbers: Collection[str]) -> None:
    """Take numbers that were read in this transaction out of a stock, and out of the system."""
    query = {"_id": {"$in": list(numbers)}, "reseller_id": reseller_id}
    await tx.documents("numbers").delete(query)


async def reserved_under(db: Reader, reseller_id: str, reservation_id: str) -> list[Number]:
    """Return what is held now under a wizard's hold of this reseller."""
    found = await db.documents("numbers").find(
        {RESERVATION: reservation_id, "reseller_id": reseller_id, "until": {"$gt": db.now}},
        limit=NUMBERS_PER_PLAN_MAX,
    )
    return [from_document(document) for document in found]


async def numbers_of(db: Reader, reseller_id: str, account_id: str) -> list[Number]:
    """Return what is held for an account or assigned to it, in order of the number."""
    found = await db.documents("numbers").find(
        {"account_id": account_id, "reseller_id": reseller_id},
        sort=[("_id", ASCENDING)],
        limit=NUMBERS_PER_ACCOUNT_MAX,
    )
    return [from_document(document) for document in found]


async def move(
    tx: Transaction,
    numbers: Iterable[Number],
    state: NumberState,
    *,
    reservation_id: str | None = None,
    account_id: str | None = None,
    order_id: str | None = None,
    given_up_by: str | None = None,
    until: datetime | None = None,
) -> None:
    """Bring numbers that were read in this transaction into a state."""
    ids = [number.number for number in numbers]
    if not ids:
        return
    given = {
        RESERVATION: reservation_id,
        "account_id": account_id,
        "order_id": order_id,
        "given_up_by": given_up_by,
        "until": until,
    }
    set_fields = {name: value for name, value in given.items() if value is not None}
    change: dict[str, Any] = {
        "$set": {"state": stored_state(state), "changed_at": tx.now, **set_fields}
    }
    if gone := {name: "" for name in OPTIONAL_FIELDS if name not in set_fields}:
        change["$unset"] = gone
    await tx.documents("numbers").update_all({"_id": {"$in": ids}}, change)


async def passed(db: Reader, limit: int) -> list[Number]:
    """Return some numbers whose hold or quarantine has ended, the oldest first."""
    found = await db.documents("numbers").find(
        {"until": {"$lte": db.now}}, sort=[("until", ASCENDING)], limit=limit
    )
    return [from_document(document) for document in found]


async def owned(database: Database) -> AsyncIterator[Number]:
    """Yield every number of the system that is held for an account or assigned to one."""
    async for document in database.documents("numbers").each({"account_id": {"$exists": True}}):
        yield from_document(document)


# --- accounts that take numbers ---------------------------------------------------------------


class Taker(NamedTuple):
    """An account that numbers are given to or taken from."""

    version: int
    """Of its numbers: one more at each turn."""

    has_ended: bool


async def turn_of(tx: Transaction, account_id: str) -> Taker:
    """Return an account whose numbers this transaction changes.

    It writes, so that of two transactions that change the numbers of an account one goes first.
    """
    account = await tx.documents("takers").find_and_update(
        {"_id": account_id}, {"$inc": {"asked": 1}}, upsert=True
    )
    assert account is not None, "it is inserted when it is missing"
    return Taker(account["asked"], "ended_at" in account)


async def give_no_more(tx: Transaction, account_id: str) -> None:
    """Give this account no numbers from now on, whatever arrives late."""
    await tx.documents("takers").update(
        {"_id": account_id}, {"$set": {"ended_at": tx.now}}, upsert=True
    )
