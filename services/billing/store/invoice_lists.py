"""Lists of issued invoices, and their sums, which are read from an index alone."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, NamedTuple

from contracts.billing import InvoiceFilter
from services.billing.model.invoice import Invoice
from services.billing.store.invoices import INVOICES, invoice_of
from services.chassis.database import Reader
from services.chassis.mongo import DESCENDING, Document

_LAST_CHARACTER: Final = "\U0010ffff"


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
        if begin := self.search.strip().casefold():
            query["number_key"] = {"$gte": begin, "$lt": begin + _LAST_CHARACTER}
        return query


class Sums(NamedTuple):
    """What invoices of one currency come to, in micro-units."""

    currency: str
    number: int
    total: int
    due: int


async def page(
    tx: Reader, selection: Selection, *, before: tuple[str, int] | None, limit: int
) -> list[Invoice]:
    """Return the newest of the invoices, before one of this day and number if it is given."""
    query = selection.query
    if before is not None:
        day, sequence = before
        earlier = [{"issued_on": {"$lt": day}}, {"issued_on": day, "sequence": {"$lt": sequence}}]
        query = {"$and": [query, {"$or": earlier}]}
    documents = await tx.documents(INVOICES).find(
        query, sort=[("issued_on", DESCENDING), ("sequence", DESCENDING)], limit=limit
    )
    return [invoice_of(document) for document in documents]


async def sums(tx: Reader, selection: Selection) -> Sequence[Sums]:
    """Return the sums of the invoices, currency by currency."""
    return await _sums(tx, selection.query)


async def sums_of_unpaid(tx: Reader, selection: Selection) -> Sequence[Sums]:
    """Return the sums of all unpaid invoices of the same owner, whenever they were issued."""
    return await _sums(tx, {selection.field: selection.owner_id, "unpaid": True})


async def _sums(tx: Reader, query: Document) -> Sequence[Sums]:
    groups = await tx.documents(INVOICES).aggregate(
        [
            {"$match": query},
            {
                "$group": {
                    "_id": "$currency",
                    "number": {"$sum": 1},
                    "total": {"$sum": "$total"},
                    "due": {"$sum": "$due"},
                }
            },
        ]
    )
    return [Sums(one["_id"], one["number"], one["total"], one["due"]) for one in groups]
