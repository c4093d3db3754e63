"""Lists of issued invoices, and what they come to."""

from datetime import date
from typing import Final, Literal, NamedTuple

from contracts.billing import InvoiceFilter
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.store import invoice_sums
from services.billing.invoicing.store.invoice_sums import Sums
from services.billing.invoicing.store.invoices import INVOICES, invoice_of
from services.chassis.database import Reader
from services.chassis.mongo import ASCENDING, DESCENDING, Document

NOTES_MAX: Final = 1_000
"""Credit notes of one invoice that are shown with it."""


class Selection(NamedTuple):
    """Which issued invoices: of an account or of a seller, issued in a time frame."""

    field: Literal["account_id", "reseller_id"]
    owner_id: str
    start: date | None = None
    end: date | None = None
    filter: InvoiceFilter | None = None
    search: str = ""

    @property
    def query(self) -> Document:
        """What their documents have in common."""
        # a draft has no date, and so is not after the empty text
        days: Document = {"$gt": ""} if self.start is None else {"$gte": self.start.isoformat()}
        if self.end is not None:
            days["$lt"] = self.end.isoformat()
        query: Document = {self.field: self.owner_id, "issued_on": days}
        if self.filter == "unpaid":
            query["unpaid"] = True
        elif self.filter is not None:
            query["status"] = self.filter
        if self.beginning:
            query["number_key"] = invoice_sums.beginning_with(self.beginning)
        return query

    @property
    def beginning(self) -> str:
        """What their numbers begin with."""
        return self.search.strip().casefold()


async def page(
    db: Reader, selection: Selection, *, before: tuple[str, int] | None, limit: int
) -> list[StoredInvoice]:
    """Return the newest of the invoices, before one of this day and number if it is given."""
    query = selection.query
    if before is not None:
        day, sequence = before
        earlier = [{"issued_on": {"$lt": day}}, {"issued_on": day, "sequence": {"$lt": sequence}}]
        query = {"$and": [query, {"$or": earlier}]}
    documents = await db.documents(INVOICES).find(
        query, sort=[("issued_on", DESCENDING), ("sequence", DESCENDING)], limit=limit
    )
    return [invoice_of(document) for document in documents]


async def sums(db: Reader, selection: Selection) -> list[Sums]:
    """Return the sums of the invoices, which may name a currency more than once."""
    query = selection.query
    if selection.field == "account_id":
        return await invoice_sums.add_up(db, INVOICES, query, number=1)  # there are few
    statuses = {None: invoice_sums.ISSUED, "unpaid": invoice_sums.UNPAID}
    wanted = statuses.get(selection.filter) or (query["status"],)
    found = await invoice_sums.find(
        db,
        selection.owner_id,
        wanted,
        days=query["issued_on"],
        beginning=selection.beginning,
    )
    # of a number, more than its prefix is typed: these are added up from the index of searches
    typed = await invoice_sums.prefixes_in(db, selection.owner_id, selection.beginning)
    if typed:
        query["number_prefix"] = {"$in": typed}
        found += await invoice_sums.add_up(db, INVOICES, query, number=1)
    return found


async def sums_of_unpaid(db: Reader, selection: Selection) -> list[Sums]:
    """Return the sums of all unpaid invoices of the same owner, whenever they were issued."""
    if selection.field == "account_id":
        query = {"account_id": selection.owner_id, "unpaid": True}
        return await invoice_sums.add_up(db, INVOICES, query, number=1)
    return await invoice_sums.find(db, selection.owner_id, invoice_sums.UNPAID)


async def notes_of(db: Reader, invoice_id: str) -> list[StoredInvoice]:
    """Return the credit notes of an invoice, the oldest first."""
    documents = await db.documents(INVOICES).find(
        {"corrects_id": invoice_id, "sequence": {"$gt": 0}},
        sort=[("sequence", ASCENDING)],
        limit=NOTES_MAX,
        hint="notes",
    )
    return [invoice_of(document) for document in documents]
