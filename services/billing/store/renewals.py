"""What the billing month reads and keeps: wallets that are due, and what their ledgers charged."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from services.billing.model.billing_run import INVOICE_CAUSE, NOT_BILLED, Arrears, CountryUsage
from services.billing.model.invoice import Invoice
from services.billing.model.ledger import Wallet
from services.billing.store.invoices import INVOICES, invoice_of
from services.billing.store.ledger import LEDGER, entry_of
from services.billing.store.wallets import RENEWS, WALLETS
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

NO_CALL: Final = {"call": {"$type": "null"}}


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(LEDGER).ensure_indexes(
        IndexModel(
            [("account_id", ASCENDING), ("seq", ASCENDING)],
            name="other_than_calls",
            partialFilterExpression=NO_CALL,
        )
    )
    await database.documents(INVOICES).ensure_indexes(
        IndexModel(
            [("account_id", ASCENDING), ("after_seq", ASCENDING), ("up_to_seq", ASCENDING)],
            name="ranges",
        )
    )


async def due(tx: Reader, *, except_for: Sequence[str], limit: int) -> list[str]:
    """Return accounts that are to be billed, those that have waited longest first."""
    documents = await tx.documents(WALLETS).find(
        {"renews_at": {**RENEWS["renews_at"], "$lte": tx.now}, "_id": {"$nin": list(except_for)}},
        sort=[("renews_at", ASCENDING), ("_id", ASCENDING)],
        limit=limit,
        fields=["_id"],
    )
    return [document["_id"] for document in documents]


async def save(tx: Transaction, wallet: Wallet) -> None:
    """Keep when a wallet is billed next, and up to which entry it was."""
    change = {"renews_at": wallet.renews_at, "invoiced_seq": Int64(wallet.invoiced_seq)}
    found = await tx.documents(WALLETS).update(
        {"_id": wallet.id}, {"$set": change, "$inc": {"revision": 1}}
    )
    assert found, f"{wallet.id} is saved before it was added"


async def arrears(tx: Reader, wallet: Wallet, up_to_seq: int) -> Arrears:
    """Return what a ledger has charged since its last invoice, calls summed up by country.

    No entry of such a stretch ever changes, so it may be read before the transaction.
    """
    stretch = {
        "account_id": wallet.id,
        "seq": {"$gt": wallet.invoiced_seq, "$lte": up_to_seq},
    }
    charged = tx.documents(LEDGER).each(
        {
            **stretch,
            **NO_CALL,
            "type": {"$nin": list(NOT_BILLED)},
            "cause": {"$not": {"$regex": f"^{INVOICE_CAUSE}"}},
            "amount": {"$ne": 0},
        },
        sort=[("seq", ASCENDING)],
    )
    return Arrears(
        after_seq=wallet.invoiced_seq,
        up_to_seq=max(up_to_seq, wallet.invoiced_seq),
        charged=[entry_of(document) async for document in charged],
        usage=await _usage(tx, stretch),
    )


async def _usage(tx: Reader, stretch: Document) -> list[CountryUsage]:
    def count(field: str) -> Document:
        return {"$sum": {"$cond": [{"$gt": [f"$call.{field}", 0]}, 1, 0]}}

    groups = await tx.documents(LEDGER).aggregate(
        [
            {"$match": {**stretch, "type": "call"}},
            {
                "$group": {
                    "_id": "$call.country",
                    "billed_calls": count("rated_seconds"),
                    "rated_seconds": {"$sum": "$call.rated_seconds"},
                    "amount": {"$sum": "$amount"},
                    "bundle_calls": count("free_seconds"),
                    "free_seconds": {"$sum": "$call.free_seconds"},
                }
            },
        ]
    )
    return [
        CountryUsage(
            country=group["_id"],
            billed_calls=group["billed_calls"],
            rated_seconds=group["rated_seconds"],
            charges=-group["amount"],
            bundle_calls=group["bundle_calls"],
            free_seconds=group["free_seconds"],
        )
        for group in groups
    ]


async def drafts_of(tx: Reader, account_id: str) -> list[Invoice]:
    """Return the drafts of an account, the oldest first."""
    found = tx.documents(INVOICES).each(
        {"account_id": account_id, "status": "draft"}, sort=[("_id", ASCENDING)]
    )
    return [invoice_of(document) async for document in found]


# --- for the audit ---------------------------------------------------------------------------


async def each_invoice(database: Database) -> AsyncIterator[tuple[Invoice, int, int]]:
    """Yield every invoice by account and what it covers, with the total and due of lists."""
    sort = [("account_id", ASCENDING), ("after_seq", ASCENDING), ("up_to_seq", ASCENDING)]
    async for document in database.documents(INVOICES).each({}, sort=sort):
        yield invoice_of(document), document["total"], document["due"]
