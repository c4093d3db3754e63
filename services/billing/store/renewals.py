"""What the billing month reads and keeps: wallets that are due, and what their ledgers charged."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from services.billing.model.billing_run import (
    CHARGED_LINES_MAX,
    INVOICE_CAUSE,
    NOT_BILLED,
    Arrears,
    More,
)
from services.billing.model.invoice import Invoice
from services.billing.model.ledger import Wallet
from services.billing.model.plan import TAX_KEY
from services.billing.model.usage import CountryUsage
from services.billing.store.invoices import INVOICES, UNPAID_INVOICES_MAX, invoice_of
from services.billing.store.ledger import LEDGER, entry_of
from services.billing.store.wallets import RENEWS, WALLETS
from services.chassis.database import Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, Int64


async def due(tx: Reader, *, except_for: Sequence[str], limit: int) -> list[str]:
    """Return accounts that are to be billed, those that have waited longest first."""
    documents = await tx.documents(WALLETS).find(
        {"renews_at": {**RENEWS["renews_at"], "$lte": tx.now}, "_id": {"$nin": list(except_for)}},
        sort=[("renews_at", ASCENDING), ("_id", ASCENDING)],
        limit=limit,
        fields=["_id"],
    )
    return [document["_id"] for document in documents]


async def closed_with_balance(tx: Reader, *, limit: int) -> list[str]:
    """Return closed accounts on which something was charged since."""
    documents = await tx.documents(WALLETS).find(
        {"open": False, "balance": {"$ne": 0}}, limit=limit, fields=["_id"], hint="closed"
    )
    return [document["_id"] for document in documents]


async def save(tx: Transaction, wallet: Wallet) -> None:
    """Keep when a wallet is billed next, and up to which entry it was."""
    change = {"renews_at": wallet.renews_at, "invoiced_seq": Int64(wallet.invoiced_seq)}
    found = await tx.documents(WALLETS).update(
        {"_id": wallet.id}, {"$set": change, "$inc": {"revision": 1}}
    )
    assert found, f"{wallet.id} is saved before it was added"


async def arrears(tx: Reader, wallet: Wallet, before: datetime | None = None) -> Arrears:
    """Return what a ledger has charged since its last invoice, up to a time if one is given.

    No entry of such a stretch ever changes, so it may be read before the transaction; and it is
    read in one go, so that what is added up is all of it up to its last entry.
    """
    stretch: Document = {"account_id": wallet.id, "seq": {"$gt": wallet.invoiced_seq}}
    if before is not None:
        stretch["at"] = {"$lt": before}
    is_charged: Document = {
        "type": {"$nin": ["call", *NOT_BILLED]},
        "cause": {"$not": {"$regex": f"^{INVOICE_CAUSE}"}},
        "amount": {"$ne": 0},
        "billed": {"$ne": False},
    }
    is_tax = {"$regex": f":{TAX_KEY}(:undone)?$"}
    is_line = {**is_charged, "_id": {"$not": is_tax}}
    (found,) = await tx.documents(LEDGER).aggregate(
        [
            {"$match": stretch},
            {
                "$facet": {
                    "charged": [
                        {"$match": is_line},
                        {"$sort": {"seq": ASCENDING}},
                        {"$limit": CHARGED_LINES_MAX},
                    ],
                    "lines": [{"$match": is_line}, {"$group": _LINES}],
                    "tax": [{"$match": {**is_charged, "_id": is_tax}}, {"$group": _LINES}],
                    "usage": [{"$match": {"type": "call"}}, {"$group": _USAGE}],
                    "last": [{"$group": {"_id": None, "seq": {"$max": "$seq"}}}],
                }
            },
        ]
    )
    charged = [entry_of(document) for document in found["charged"]]
    lines = found["lines"][0] if charged else {"number": 0, "amount": 0}
    return Arrears(
        after_seq=wallet.invoiced_seq,
        up_to_seq=max((last["seq"] for last in found["last"]), default=wallet.invoiced_seq),
        charged=charged,
        more=More(
            number=lines["number"] - len(charged),
            amount=sum(entry.amount for entry in charged) - lines["amount"],
        ),
        usage=[_usage(group) for group in found["usage"]],
        tax=-sum(group["amount"] for group in found["tax"]),
    )


def _count(field: str) -> Document:
    return {"$sum": {"$cond": [{"$gt": [f"$call.{field}", 0]}, 1, 0]}}


_LINES: Final[Document] = {
    "_id": None,
    "number": {"$sum": 1},
    "amount": {"$sum": "$amount"},
}
_USAGE: Final[Document] = {
    "_id": "$call.country",
    "billed_calls": _count("rated_seconds"),
    "rated_seconds": {"$sum": "$call.rated_seconds"},
    "amount": {"$sum": "$amount"},
    "bundle_calls": _count("free_seconds"),
    "free_seconds": {"$sum": "$call.free_seconds"},
}


def _usage(group: Document) -> CountryUsage:
    return CountryUsage(
        country=group["_id"],
        billed_calls=group["billed_calls"],
        rated_seconds=group["rated_seconds"],
        charges=-group["amount"],
        bundle_calls=group["bundle_calls"],
        free_seconds=group["free_seconds"],
    )


async def begun_after(tx: Reader, account_id: str, day: date) -> list[Invoice]:
    """Return the invoices of an account whose periods begin after a day, the oldest first."""
    documents = await tx.documents(INVOICES).find(
        {"account_id": account_id, "period_start": {"$gt": day.isoformat()}, "corrects_id": ""},
        sort=[("period_start", ASCENDING)],
        limit=UNPAID_INVOICES_MAX,
    )
    return [invoice_of(document) for document in documents]


async def has_due_draft(tx: Reader, account_id: str) -> bool:
    """Tell whether a draft of an account, of which something is due, waits for its number."""
    waiting = {"account_id": account_id, "status": "draft", "due": {"$gt": 0}}
    return await tx.documents(INVOICES).find_one(waiting, fields=["_id"]) is not None


async def drafts_of(tx: Reader, account_id: str) -> list[Invoice]:
    """Return the drafts of an account, the oldest first."""
    found = tx.documents(INVOICES).each(
        {"account_id": account_id, "status": "draft"}, sort=[("_id", ASCENDING)]
    )
    return [invoice_of(document) async for document in found]


async def drafts_among(tx: Reader, invoice_ids: Sequence[str]) -> list[Invoice]:
    """Return those of some invoices that are drafts still, by id."""
    documents = await tx.documents(INVOICES).find(
        {"_id": {"$in": list(invoice_ids)}, "status": "draft"},
        sort=[("_id", ASCENDING)],
        limit=len(invoice_ids),
    )
    return [invoice_of(document) for document in documents]
