"""What a seller's invoices come to, kept by day and status, so that no list adds up a million."""

from collections.abc import Iterable
from typing import Final, NamedTuple
from zlib import crc32

from contracts.billing import INVOICE_PREFIX_CHARACTERS_MAX, InvoiceStatus
from services.billing.invoicing.model.invoice import StoredInvoice
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

SUMS: Final = "invoice_sums"
PARTS: Final = 8
"""Of each sum, by account: payments at once mostly change different documents."""

ISSUED: Final[tuple[InvoiceStatus, ...]] = ("issued", "paid", "overdue", "void")
UNPAID: Final[tuple[InvoiceStatus, ...]] = ("issued", "overdue")
_LAST_CHARACTER: Final = "\U0010ffff"


class Sums(NamedTuple):
    """What invoices of one currency come to, in micro-units."""

    currency: str
    number: int
    total: int
    due: int


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(SUMS).ensure_indexes(
        *(
            IndexModel([(key, ASCENDING) for key in ("reseller_id", *keys)], name=name)
            for name, keys in (("of_seller", ("status", "day")), ("prefixes", ("prefix",)))
        )
    )


async def note(
    tx: Transaction, before: Iterable[StoredInvoice], after: Iterable[StoredInvoice]
) -> None:
    """Keep the sums right while some invoices change; drafts are in none."""
    changes: dict[str, tuple[StoredInvoice, Document]] = {}
    for sign, invoices in ((-1, before), (1, after)):
        for invoice in invoices:
            if invoice.status != "draft":
                _, change = changes.setdefault(
                    _key(invoice), (invoice, {"number": 0, "total": 0, "due": 0})
                )
                change["number"] += sign
                change["total"] += sign * invoice.total
                change["due"] += sign * invoice.due
    sums = tx.documents(SUMS)
    for key, (invoice, change) in sorted(changes.items(), key=lambda one: one[0]):
        if any(change.values()):
            await sums.update(
                {"_id": key},
                {
                    "$inc": {field: Int64(amount) for field, amount in change.items()},
                    "$setOnInsert": _whose(invoice),
                },
                upsert=True,
            )
    await sums.delete({"_id": {"$in": list(changes)}, "number": 0})


def _key(invoice: StoredInvoice) -> str:
    part = crc32(invoice.account_id.encode()) % PARTS
    return ":".join((*_whose(invoice).values(), str(part)))


def _whose(invoice: StoredInvoice) -> dict[str, str]:
    assert invoice.issued_on is not None, "only a draft has no date"
    return {
        "reseller_id": invoice.reseller_id,
        "status": invoice.status,
        "day": invoice.issued_on.isoformat(),
        "currency": invoice.currency,
        "prefix": prefix_of(invoice),
    }


def prefix_of(invoice: StoredInvoice) -> str:
    """Return what the number of an invoice begins with, such as `inv-`, as searches find it."""
    return invoice.number[: invoice.number.rfind("-") + 1].casefold()


def beginning_with(text: str) -> Document:
    """Return what a field must fulfil that begins with a text."""
    return {"$gte": text, "$lt": text + _LAST_CHARACTER}


async def find(
    db: Reader,
    reseller_id: str,
    statuses: Iterable[InvoiceStatus],
    *,
    days: Document | None = None,
    beginning: str = "",
) -> list[Sums]:
    """Return the sums of a seller's invoices of these statuses and days, currency by currency.

    With a beginning they are of those whose prefix begins so: their numbers all do.
    """
    query: Document = {"reseller_id": reseller_id, "status": {"$in": list(statuses)}}
    if days:
        query["day"] = days
    if beginning:
        query["prefix"] = beginning_with(beginning)
    return await add_up(db, SUMS, query, number="$number")


async def prefixes_in(db: Reader, reseller_id: str, text: str) -> list[str]:
    """Return the prefixes of a seller's invoices that a text begins with and goes on after."""
    shorter = [text[:end] for end in range(1, min(len(text), INVOICE_PREFIX_CHARACTERS_MAX + 2))]
    groups = await db.documents(SUMS).aggregate(
        [
            {"$match": {"reseller_id": reseller_id, "prefix": {"$in": shorter}}},
            {"$group": {"_id": "$prefix"}},
        ]
    )
    return [group["_id"] for group in groups]


async def add_up(db: Reader, collection: str, query: Document, *, number: str | int) -> list[Sums]:
    """Add up what documents come to, currency by currency; each counts for `number`."""
    groups = await db.documents(collection).aggregate(
        [
            {"$match": query},
            {
                "$group": {
                    "_id": "$currency",
                    "number": {"$sum": number},
                    "total": {"$sum": "$total"},
                    "due": {"$sum": "$due"},
                }
            },
        ]
    )
    return [Sums(one["_id"], one["number"], one["total"], one["due"]) for one in groups]
