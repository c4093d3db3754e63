"""The ledger: append-only, one chain of entries per account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.billing.ledger.model.ledger import BillingAccount, Entry, LedgerHead, head_of
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS, projection_of
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel, Int64

LEDGER: Final = "ledger"
NO_CALL: Final[Document] = {"call": {"$type": "null"}}
BILLED_CALL: Final = {"call.rated_seconds": {"$gt": 0}}
"""A call that a bundle covered whole is in the ledger, but not among the billed ones."""


async def prepare(database: Database) -> None:
    """Create the indexes; of two writers of the same `seq` one is refused, and tries again."""
    await database.documents(LEDGER).ensure_indexes(
        IndexModel([("account_id", ASCENDING), ("seq", ASCENDING)], name="chain", unique=True),
        IndexModel(
            [("account_id", ASCENDING), ("at", ASCENDING), ("seq", ASCENDING)], name="by_time"
        ),
        IndexModel(
            [("account_id", ASCENDING), ("call.answered_at", ASCENDING), ("seq", ASCENDING)],
            name="billed_calls_by_answer",
            partialFilterExpression=BILLED_CALL,
        ),
        IndexModel(
            [("account_id", ASCENDING), ("corrects_seq", ASCENDING)],
            name="corrections",
            partialFilterExpression={"corrects_seq": {"$gt": 0}},
        ),
        # costs calls nothing: none is in it
        IndexModel(
            [("account_id", ASCENDING), ("seq", ASCENDING)],
            name="without_calls",
            partialFilterExpression=NO_CALL,
        ),
    )
    # before, calls were listed by when they were charged
    await database.documents(LEDGER).drop_index("billed_calls")


def entry_document(entry: Entry) -> Document:
    """Return an entry as it is kept."""
    document: Document = {
        "_id": entry.key,
        **entry.model_dump(exclude={"key", "tax_percent", "priced", "corrects_seq"}),
        "seq": Int64(entry.seq),
        "amount": Int64(entry.amount),
        "balance_after": Int64(entry.balance_after),
        "call_charges_after": Int64(entry.call_charges_after),
        "rated_seconds_after": Int64(entry.rated_seconds_after),
        "tax": Int64(entry.tax),
    }
    if entry.tax_percent is not None:
        document["tax_percent"] = Int64(entry.tax_percent)
    if (priced := entry.priced) is not None:
        days = {"start": priced.start.isoformat(), "end": priced.end.isoformat()}
        document["priced"] = {
            "quantity": priced.quantity,
            "unit_price": Int64(priced.unit_price),
            **days,
        }
    if entry.corrects_seq is not None:  # the index of corrections has no other entries
        document["corrects_seq"] = Int64(entry.corrects_seq)
    return document


def entry_of(document: Document) -> Entry:
    """Return an entry from its document."""
    return Entry.model_validate({"tax_percent": None, **document, "key": document["_id"]})


async def append(tx: Transaction, account: BillingAccount, entries: Sequence[Entry]) -> None:
    """Carry on the ledger of a billing account, and its projection with it."""
    if not entries:
        return
    await tx.documents(LEDGER).insert(*(entry_document(entry) for entry in entries))
    last = entries[-1]
    await tx.documents(BILLING_ACCOUNTS).update(
        {"_id": account.id, "seq": {"$lt": last.seq}},
        {"$set": projection_of(head_of(account, last)), "$inc": {"revision": 1}},
    )


async def head(db: Reader, account: BillingAccount) -> LedgerHead:
    """Return where the ledger of a billing account stands: its exact balance and bundle seconds."""
    document = await db.documents(LEDGER).find_one(
        {"account_id": account.id}, sort=[("seq", DESCENDING)]
    )
    return head_of(account, entry_of(document) if document else None)


async def head_before(db: Reader, account: BillingAccount, moment: datetime) -> LedgerHead:
    """Return where the ledger of a billing account stood before a moment."""
    document = await db.documents(LEDGER).find_one(
        {"account_id": account.id, "at": {"$lt": moment}},
        sort=[("at", DESCENDING), ("seq", DESCENDING)],
    )
    return head_of(account, entry_of(document) if document else None)


async def find(db: Reader, key: str) -> Entry | None:
    """Return the entry with an idempotency key."""
    document = await db.documents(LEDGER).find_one({"_id": key})
    return entry_of(document) if document else None


async def has_entries_of(db: Reader, key: str) -> bool:
    """Tell whether there are entries whose keys begin with a key and a colon."""
    begun = await db.documents(LEDGER).find_one({"_id": begins_with(key)}, fields=["_id"])
    return begun is not None


def begins_with(key: str) -> Document:
    """Return what finds the ids that begin with a key and a colon."""
    return {"$gte": f"{key}:", "$lt": f"{key};"}  # the semicolon is the next character


async def find_by_seq(db: Reader, account_id: str, seq: int) -> Entry | None:
    """Return an entry of an account by its number."""
    document = await db.documents(LEDGER).find_one({"account_id": account_id, "seq": seq})
    return entry_of(document) if document else None


async def corrected_by(db: Reader, account_id: str, seq: int) -> int:
    """Return what all corrections of an entry come to, in micro-units."""
    groups = await db.documents(LEDGER).aggregate(
        [
            {"$match": {"account_id": account_id, "corrects_seq": seq}},
            {"$group": {"_id": None, "amount": {"$sum": "$amount"}}},
        ]
    )
    return groups[0]["amount"] if groups else 0
