"""Orders of numbers for open accounts: what became of each, and what was given up before."""

from typing import Final, Literal, NamedTuple

from services.chassis.database import Reader, Transaction

ORDERS: Final = "orders"

OrderState = Literal["open", "taken", "refused"]


class KnownOrder(NamedTuple):
    """An order as far as it is known here."""

    state: OrderState
    given_up: frozenset[str]
    """Numbers that its account does not want any more."""


async def find(db: Reader, order_id: str) -> KnownOrder:
    """Return what is known of an order; it may not have come yet."""
    document = await db.documents(ORDERS).find_one({"_id": order_id})
    if document is None:
        return KnownOrder("open", frozenset())
    return KnownOrder(document.get("state", "open"), frozenset(document.get("given_up", ())))


async def end(tx: Transaction, order_id: str, state: OrderState) -> None:
    """Note what became of an order: it is carried out once."""
    await tx.documents(ORDERS).update(
        {"_id": order_id}, {"$set": {"state": state, "at": tx.now}}, upsert=True
    )


async def give_up(tx: Transaction, order_id: str, number: str) -> None:
    """Note that a number of an order that has not come yet is not wanted any more."""
    await tx.documents(ORDERS).update(
        {"_id": order_id}, {"$addToSet": {"given_up": number}, "$set": {"at": tx.now}}, upsert=True
    )
