"""Orders of numbers for open accounts, kept for good: the ledger entries of an order name it."""

from typing import Final

from services.billing.lifecycle.model.plan_numbers import NumberOrder
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel

NUMBER_ORDERS: Final = "number_orders"
ORDERS_OF_NUMBERS_MAX: Final = 1_000
"""Of the same numbers by one account; between two of them each was in quarantine for a month."""


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(NUMBER_ORDERS).ensure_indexes(
        IndexModel(
            [("account_id", ASCENDING), ("numbers", ASCENDING), ("plan_version", DESCENDING)],
            name="of_number",
        )
    )


def _order(document: Document) -> NumberOrder:
    return NumberOrder.model_validate({**document, "id": document["_id"]})


async def add(tx: Transaction, order: NumberOrder) -> None:
    """Keep a new order."""
    await tx.documents(NUMBER_ORDERS).insert({"_id": order.id, **order.model_dump(exclude={"id"})})


async def save_undone(tx: Transaction, order: NumberOrder) -> None:
    """Note that an order came to nothing and is not charged any more."""
    await tx.documents(NUMBER_ORDERS).update({"_id": order.id}, {"$set": {"undone": True}})


async def find(db: Reader, account_id: str, order_id: str) -> NumberOrder | None:
    """Return an order of an account."""
    document = await db.documents(NUMBER_ORDERS).find_one(
        {"_id": order_id, "account_id": account_id}
    )
    return _order(document) if document else None


async def find_latest(db: Reader, account_id: str, number: str) -> NumberOrder | None:
    """Return the order that a number came to an account with; None if that was its opening."""
    document = await db.documents(NUMBER_ORDERS).find_one(
        {"account_id": account_id, "numbers": number}, sort=[("plan_version", DESCENDING)]
    )
    return _order(document) if document else None


async def ordered_again(db: Reader, order: NumberOrder) -> set[str]:
    """Return the numbers of an order that a newer one of its account has ordered again."""
    found = await db.documents(NUMBER_ORDERS).find(
        {
            "account_id": order.account_id,
            "numbers": {"$in": list(order.numbers)},
            "plan_version": {"$gt": order.plan_version},
        },
        limit=ORDERS_OF_NUMBERS_MAX,
    )
    return {number for document in found for number in document["numbers"]}
