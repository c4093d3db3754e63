"""What the audit reads: billing accounts, invoices and ledgers side by side, by account."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple

from services.billing.audit.model.books import KeptAccount, KeptInvoice
from services.billing.invoicing.store.invoices import COUNTERS, INVOICES, invoice_of
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS, HOLDS_SOMETHING
from services.billing.ledger.store.ledger import LEDGER, entry_of
from services.chassis.database import Database
from services.chassis.mongo import ASCENDING, Document, IndexModel


class KeptHold(NamedTuple):
    """What is held for a call."""

    account_id: str
    call_id: str
    until: datetime


async def prepare(database: Database) -> None:
    """Create the index by which invoices are read in the order of what they cover."""
    await database.documents(INVOICES).ensure_indexes(
        IndexModel(
            [("account_id", ASCENDING), ("after_seq", ASCENDING), ("up_to_seq", ASCENDING)],
            name="ranges",
        )
    )


async def each_account(
    database: Database, account_id: str | None = None
) -> AsyncIterator[KeptAccount]:
    """Yield the billing account of every account, or of one."""
    query = {} if account_id is None else {"_id": account_id}
    async for document in database.documents(BILLING_ACCOUNTS).each(
        query, sort=[("_id", ASCENDING)]
    ):
        yield KeptAccount(
            account_id=document["_id"],
            seq=document["seq"],
            balance=document["balance"],
            invoiced_seq=document.get("invoiced_seq", 0),
            renews_at=document.get("renews_at"),
            status=document["status"],
        )


async def each_hold(database: Database) -> AsyncIterator[KeptHold]:
    """Yield everything that is held for a call."""
    async for document in database.documents(BILLING_ACCOUNTS).each(HOLDS_SOMETHING):
        for hold in document["holds"]:
            yield KeptHold(document["_id"], hold["call_id"], hold["until"])


async def each_invoice(
    database: Database, account_id: str | None = None
) -> AsyncIterator[KeptInvoice]:
    """Yield every invoice, or those of one account, by account and by what they cover."""
    sort = [("account_id", ASCENDING), ("after_seq", ASCENDING), ("up_to_seq", ASCENDING)]
    async for document in database.documents(INVOICES).each(_of(account_id), sort=sort):
        yield KeptInvoice(invoice_of(document), document["total"], document["due"])


async def each_entry(database: Database, account_id: str | None = None) -> AsyncIterator[Entry]:
    """Yield every entry of every ledger, or of one, by account and `seq`."""
    sort = [("account_id", ASCENDING), ("seq", ASCENDING)]
    async for document in database.documents(LEDGER).each(_of(account_id), sort=sort):
        yield entry_of(document)


def _of(account_id: str | None) -> Document:
    return {} if account_id is None else {"account_id": account_id}


class Numbered(NamedTuple):
    """The numbers that a seller's invoices have."""

    reseller_id: str
    invoices: int
    first: int
    last: int
    counter: int
    """The last number that was taken."""

    @property
    def has_gap(self) -> bool:
        """Whether a number is missing; none can be there twice."""
        return (self.first, self.last, self.counter) != (1, self.invoices, self.invoices)


async def numberings(database: Database, reseller_id: str | None = None) -> list[Numbered]:
    """Return the numbers of all sellers, or of one."""
    of_seller: Document = {} if reseller_id is None else {"reseller_id": reseller_id}
    groups = await database.documents(INVOICES).aggregate(
        [
            {"$match": {**of_seller, "sequence": {"$gt": 0}}},
            {
                "$group": {
                    "_id": "$reseller_id",
                    "invoices": {"$sum": 1},
                    "first": {"$min": "$sequence"},
                    "last": {"$max": "$sequence"},
                }
            },
            {"$sort": {"_id": ASCENDING}},
            {
                "$lookup": {
                    "from": COUNTERS,
                    "localField": "_id",
                    "foreignField": "_id",
                    "as": "counters",
                }
            },
        ]
    )
    return [
        Numbered(
            reseller_id=group["_id"],
            invoices=group["invoices"],
            first=group["first"],
            last=group["last"],
            counter=group["counters"][0]["last"] if group["counters"] else 0,
        )
        for group in groups
    ]
