"""Billing accounts that were not opened, and why: the decision is made once."""

from typing import Final, NamedTuple

from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import IndexModel

REFUSALS: Final = "refusals"
REFUSAL_DAYS: Final = 35
"""As long as receipts are kept: an order that comes again finds the same answer."""


class Refusal(NamedTuple):
    """Why a billing account was not opened."""

    reason: str
    detail: str


async def prepare(database: Database) -> None:
    """Create the index."""
    await database.documents(REFUSALS).ensure_indexes(
        IndexModel("at", name="forget", expireAfterSeconds=REFUSAL_DAYS * 86_400)
    )


async def add(tx: Transaction, account_id: str, refusal: Refusal) -> None:
    """Remember that a billing account was not opened: asked again, the answer is the same."""
    document = {"_id": account_id, "at": tx.now, **refusal._asdict()}
    await tx.documents(REFUSALS).insert(document)


async def find(db: Reader, account_id: str) -> Refusal | None:
    """Return why the billing account of an account was not opened, if it was refused."""
    document = await db.documents(REFUSALS).find_one({"_id": account_id})
    return Refusal(document["reason"], document["detail"]) if document else None
