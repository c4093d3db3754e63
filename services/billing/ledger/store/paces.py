"""What calls of accounts cost a day, kept in their wallets."""

from collections.abc import Sequence
from datetime import datetime

from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.store.wallets import WALLETS, wallet_of
from services.chassis.database import Reader, Writer
from services.chassis.mongo import ASCENDING, Int64


async def due(db: Reader, *, limit: int) -> list[BillingAccount]:
    """Return open wallets whose pace is to be worked out again, those that waited longest first."""
    documents = await db.documents(WALLETS).find(
        {"open": True, "pace_due": {"$lte": db.now}}, sort=[("pace_due", ASCENDING)], limit=limit
    )
    return [wallet_of(document) for document in documents]


async def save(db: Writer, paces: Sequence[tuple[str, int, datetime]]) -> None:
    """Keep paces, in micro-units a day, and when each is due again."""
    await db.documents(WALLETS).update_each(
        [
            ({"_id": account_id}, {"$set": {"pace": Int64(pace), "pace_due": due_at}})
            for account_id, pace, due_at in paces
        ]
    )
