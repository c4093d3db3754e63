"""What calls of accounts cost a day, kept in their billing accounts."""

from collections.abc import Sequence
from datetime import datetime

from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS, billing_account_of
from services.chassis.database import Reader, Writer
from services.chassis.mongo import ASCENDING, Int64


async def due(db: Reader, *, limit: int) -> list[BillingAccount]:
    """Return open accounts whose pace is due to be worked out again, longest waiting first."""
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"open": True, "pace_due": {"$lte": db.now}}, sort=[("pace_due", ASCENDING)], limit=limit
    )
    return [billing_account_of(document) for document in documents]


async def save(db: Writer, paces: Sequence[tuple[str, int, datetime]]) -> None:
    """Keep paces, in micro-units a day, and when each is due again."""
    await db.documents(BILLING_ACCOUNTS).update_each(
        [
            ({"_id": account_id}, {"$set": {"pace": Int64(pace), "pace_due": due_at}})
            for account_id, pace, due_at in paces
        ]
    )
