"""Quotes that were accepted, kept for good beside the ledger entries that they became."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from services.billing.ledger.store.ledger import LEDGER, begins_with
from services.billing.lifecycle.model.accepted import AcceptedQuote, ChargedEntry
from services.chassis.database import Database, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

ACCEPTED: Final = "accepted_quotes"


async def prepare(database: Database) -> None:
    """Create the index; with it the collection, which no transaction has to make then."""
    await database.documents(ACCEPTED).ensure_indexes(
        IndexModel([("account_id", ASCENDING), ("at", ASCENDING)], name="of_account")
    )


async def add(tx: Transaction, quote: AcceptedQuote) -> None:
    """Keep a quote that is carried out in this transaction."""
    document: Document = {
        "_id": quote.key,
        **quote.model_dump(exclude={"key"}),
        "total": Int64(quote.total),
        "credit": Int64(quote.credit),
        "lines": [{"key": line.key, "amount": Int64(line.amount)} for line in quote.lines],
    }
    await tx.documents(ACCEPTED).insert(document)


async def batches(database: Database, size: int) -> AsyncIterator[list[AcceptedQuote]]:
    """Yield all quotes that were accepted, so many at a time."""
    batch: list[AcceptedQuote] = []
    async for document in database.documents(ACCEPTED).each({}, sort=[("_id", ASCENDING)]):
        batch.append(AcceptedQuote.model_validate({**document, "key": document["_id"]}))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def entries_of(
    database: Database, quotes: Sequence[AcceptedQuote]
) -> dict[str, list[ChargedEntry]]:
    """Return the ledger entries whose keys begin with those of quotes, by quote."""
    found: dict[str, list[ChargedEntry]] = {quote.key: [] for quote in quotes}
    by_cause = {(quote.account_id, quote.cause): quote.key for quote in quotes}
    query: Document = {"$or": [{"_id": begins_with(key)} for key in found]}
    async for document in database.documents(LEDGER).each(query):
        entry = ChargedEntry(
            document["_id"], document["account_id"], document["cause"], document["amount"]
        )
        if (key := by_cause.get((entry.account_id, entry.cause))) is not None:
            found[key].append(entry)
    return found
