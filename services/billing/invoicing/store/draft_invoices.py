"""Drafts: invoices that wait for their numbers."""

from collections.abc import Sequence

from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.store.invoices import INVOICES, invoice_of
from services.chassis.database import Reader
from services.chassis.mongo import ASCENDING


async def has_due_draft(db: Reader, account_id: str) -> bool:
    """Tell whether a draft of an account, of which something is due, waits for its number."""
    waiting = {"account_id": account_id, "status": "draft", "due": {"$gt": 0}}
    return await db.documents(INVOICES).find_one(waiting, fields=["_id"]) is not None


async def drafts_of(db: Reader, account_id: str) -> list[StoredInvoice]:
    """Return the drafts of an account, the oldest first."""
    found = db.documents(INVOICES).each(
        {"account_id": account_id, "status": "draft"}, sort=[("_id", ASCENDING)]
    )
    return [invoice_of(document) async for document in found]


async def drafts_among(db: Reader, invoice_ids: Sequence[str]) -> list[StoredInvoice]:
    """Return those of some invoices that are drafts still, by id."""
    documents = await db.documents(INVOICES).find(
        {"_id": {"$in": list(invoice_ids)}, "status": "draft"},
        sort=[("_id", ASCENDING)],
        limit=len(invoice_ids),
    )
    return [invoice_of(document) for document in documents]
