"""Invoices: drafts, issued ones, and those that wait for money."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.store import invoice_sums
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

INVOICES: Final = "invoices"
COUNTERS: Final = "invoice_counters"
UNPAID_INVOICES_MAX: Final = 1_000
"""Of one account; it gets one a month."""

_ISSUED: Final = {"sequence": {"$gt": 0}}


async def prepare(database: Database) -> None:
    """Create the indexes: each list is one stretch of one of them."""
    newest, unpaid = ("issued_on", "sequence"), {"unpaid": True}
    await database.documents(INVOICES).ensure_indexes(
        _index("number", "reseller_id", "sequence", unique=True, only=_ISSUED),
        _index("of_seller", "reseller_id", *newest),
        _index("of_seller_by_status", "reseller_id", "status", *newest),
        _index("of_account", "account_id", *newest),
        # a search is added up from its index alone
        _index(
            "search",
            *("reseller_id", "number_key", "number_prefix", "issued_on", "status"),
            *("unpaid", "currency", "total", "due"),
        ),
        _index("unpaid_of_seller", "reseller_id", *newest, only=unpaid),
        _index("unpaid_of_account", "account_id", *newest, only=unpaid),
        _index("reminders", "next_reminder_at", "_id", only=unpaid),
        _index("notes", "corrects_id", "sequence", only={"corrects_id": {"$gt": ""}}),
        _index("drafts", "reseller_id", "_id", only={"status": "draft"}),
    )


def _index(name: str, *keys: str, only: Document | None = None, unique: bool = False) -> IndexModel:
    partial = {"partialFilterExpression": only} if only else {}
    return IndexModel([(key, ASCENDING) for key in keys], name=name, unique=unique, **partial)


def invoice_document(invoice: StoredInvoice) -> Document:
    """Return an invoice as it is kept, with what lists look for."""
    document = invoice.model_dump(exclude={"id"})
    for amount in ("paid_by_credit", "credited", "refunded", "written_off"):
        document[amount] = Int64(document[amount])
    for part in (*document["lines"], *document["payments"]):
        part["amount"] = Int64(part["amount"])
    for part in (document, *document["lines"]):
        for day in ("period_start", "period_end"):
            part[day] = part[day] and part[day].isoformat()
    for line in document["lines"]:
        line["unit_price"] = None if line["unit_price"] is None else Int64(line["unit_price"])
    return document | {
        "_id": invoice.id,
        "issued_on": invoice.issued_on and invoice.issued_on.isoformat(),
        "number_key": invoice.number.casefold(),
        "number_prefix": invoice_sums.prefix_of(invoice),
        "total": Int64(invoice.total),
        "due": Int64(invoice.due),
        "unpaid": invoice.is_unpaid,
    }


def invoice_of(document: Document) -> StoredInvoice:
    """Return an invoice from its document."""
    return StoredInvoice.model_validate({**document, "id": document["_id"]})


async def add(tx: Transaction, invoice: StoredInvoice) -> None:
    """Keep a new draft."""
    await tx.documents(INVOICES).insert(invoice_document(invoice))


async def save(tx: Transaction, *changed: StoredInvoice) -> tuple[StoredInvoice, ...]:
    """Keep changed invoices, each if it is still at its version; return them at their next one."""
    saved = tuple(one.model_copy(update={"version": one.version + 1}) for one in changed)
    ids = [one.id for one in changed]
    documents = await tx.documents(INVOICES).find({"_id": {"$in": ids}}, limit=max(len(ids), 1))
    found = await tx.documents(INVOICES).update_each(
        [
            ({"_id": before.id, "version": before.version}, {"$set": invoice_document(after)})
            for before, after in zip(changed, saved, strict=True)
        ]
    )
    assert found == len(changed), "an invoice is saved twice, or was changed meanwhile"
    await invoice_sums.note(tx, map(invoice_of, documents), saved)
    return saved


async def find(db: Reader, invoice_id: str) -> StoredInvoice | None:
    """Return any invoice, drafts too, for work of billing's own."""
    document = await db.documents(INVOICES).find_one({"_id": invoice_id})
    return invoice_of(document) if document else None


async def find_seen_by(db: Reader, asker_id: str, invoice_id: str) -> StoredInvoice | None:
    """Return an issued invoice that the asker sent, or that is the asker's own."""
    theirs = [{"account_id": asker_id}, {"reseller_id": asker_id}]
    document = await db.documents(INVOICES).find_one({"_id": invoice_id, **_ISSUED, "$or": theirs})
    return invoice_of(document) if document else None


async def find_of_account(db: Reader, account_id: str, invoice_id: str) -> StoredInvoice | None:
    """Return an issued invoice of an account."""
    document = await db.documents(INVOICES).find_one(
        {"_id": invoice_id, "account_id": account_id, **_ISSUED}
    )
    return invoice_of(document) if document else None


# --- drafts and numbers ---------------------------------------------------------------------


async def sellers_with_drafts(db: Reader, *, after: str = "", limit: int) -> list[str]:
    """Return sellers, after one of them, that have drafts to issue, by id."""
    groups = await db.documents(INVOICES).aggregate(
        [
            {"$match": {"status": "draft", "reseller_id": {"$gt": after}}},
            {"$group": {"_id": "$reseller_id"}},
            {"$sort": {"_id": ASCENDING}},
            {"$limit": limit},
        ]
    )
    return [group["_id"] for group in groups]


async def drafts(
    db: Reader, reseller_id: str, *, after: str = "", limit: int
) -> list[StoredInvoice]:
    """Return drafts of a seller by id, after one of them: what cannot be issued yet is passed."""
    documents = await db.documents(INVOICES).find(
        {"reseller_id": reseller_id, "status": "draft", "_id": {"$gt": after}},
        sort=[("_id", ASCENDING)],
        limit=limit,
    )
    return [invoice_of(document) for document in documents]


async def take_numbers(tx: Transaction, reseller_id: str, count: int) -> int:
    """Take so many numbers of a seller, and return the first.

    They are taken if the transaction commits and never were if it does not, so none is missing.
    """
    assert count > 0, "a number is taken for an invoice"
    counter = await tx.documents(COUNTERS).find_and_update(
        {"_id": reseller_id}, {"$inc": {"last": Int64(count)}}, upsert=True
    )
    assert counter is not None, "an upsert answers with what it made"
    return counter["last"] - count + 1


# --- what is unpaid ---------------------------------------------------------------------------


async def unpaid(db: Reader, account_ids: Sequence[str]) -> list[StoredInvoice]:
    """Return all unpaid invoices of some accounts, the oldest first."""
    limit = max(len(account_ids), 1) * UNPAID_INVOICES_MAX
    documents = await db.documents(INVOICES).find(
        {"account_id": {"$in": list(account_ids)}, "unpaid": True},
        sort=[("issued_on", ASCENDING), ("sequence", ASCENDING)],
        limit=limit,
    )
    assert len(documents) < limit, "an account has more unpaid invoices than it can ever get"
    return [invoice_of(document) for document in documents]


async def drafts_with_debt(db: Reader, account_ids: Sequence[str]) -> list[StoredInvoice]:
    """Return the drafts of some accounts of which something is due."""
    documents = await db.documents(INVOICES).find(
        # a draft has no date, which the index of an account's invoices finds at once
        {"account_id": {"$in": list(account_ids)}, "issued_on": None, "due": {"$gt": 0}},
        limit=max(len(account_ids), 1) * UNPAID_INVOICES_MAX,
    )
    return [invoice_of(document) for document in documents]


async def paid_by(db: Reader, account_id: str, request_id: str) -> list[StoredInvoice]:
    """Return the invoices of an account that a request paid on, the oldest first."""
    documents = await db.documents(INVOICES).find(
        {"account_id": account_id, "payments.request_id": request_id, **_ISSUED},
        sort=[("issued_on", ASCENDING), ("sequence", ASCENDING)],
        limit=UNPAID_INVOICES_MAX,
    )
    return [invoice_of(document) for document in documents]


async def due_for_reminder(db: Reader, now: datetime, *, limit: int) -> list[StoredInvoice]:
    """Return unpaid invoices whose next reminder is due, the longest waiting first."""
    documents = await db.documents(INVOICES).find(
        {"unpaid": True, "next_reminder_at": {"$lte": now}},
        sort=[("next_reminder_at", ASCENDING), ("_id", ASCENDING)],
        limit=limit,
    )
    return [invoice_of(document) for document in documents]
