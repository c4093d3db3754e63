"""What the billing month reads and keeps: accounts that are due, and what was charged."""

from collections.abc import Sequence
from datetime import date

from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.store.invoices import INVOICES, UNPAID_INVOICES_MAX, invoice_of
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS, RENEWS
from services.chassis.database import Reader, Transaction
from services.chassis.mongo import ASCENDING, Int64


async def due(db: Reader, *, except_for: Sequence[str], limit: int) -> list[str]:
    """Return accounts that are to be billed, those that have waited longest first."""
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"renews_at": {**RENEWS["renews_at"], "$lte": db.now}, "_id": {"$nin": list(except_for)}},
        sort=[("renews_at", ASCENDING), ("_id", ASCENDING)],
        limit=limit,
        fields=["_id"],
    )
    return [document["_id"] for document in documents]


async def closed_with_balance(db: Reader, *, limit: int) -> list[str]:
    """Return closed accounts on which something was charged since."""
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"open": False, "balance": {"$ne": 0}}, limit=limit, fields=["_id"], hint="closed"
    )
    return [document["_id"] for document in documents]


async def save(tx: Transaction, account: BillingAccount) -> None:
    """Keep when a billing account is billed next, and up to which entry it was."""
    change = {"renews_at": account.renews_at, "invoiced_seq": Int64(account.invoiced_seq)}
    found = await tx.documents(BILLING_ACCOUNTS).update(
        {"_id": account.id}, {"$set": change, "$inc": {"revision": 1}}
    )
    assert found, f"{account.id} is saved before it was added"


async def begun_after(db: Reader, account_id: str, day: date) -> list[StoredInvoice]:
    """Return the invoices of an account whose periods begin after a day, the oldest first."""
    documents = await db.documents(INVOICES).find(
        {"account_id": account_id, "period_start": {"$gt": day.isoformat()}, "corrects_id": ""},
        sort=[("period_start", ASCENDING)],
        limit=UNPAID_INVOICES_MAX,
    )
    return [invoice_of(document) for document in documents]
