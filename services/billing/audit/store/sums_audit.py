"""What the audit reads: invoices added up, beside the sums that are kept of them."""

from collections.abc import AsyncIterator

from services.billing.invoicing.store.invoice_sums import SUMS
from services.billing.invoicing.store.invoices import COUNTERS, INVOICES
from services.chassis.database import Database
from services.chassis.mongo import ASCENDING, Document


async def each_reseller(database: Database) -> AsyncIterator[str]:
    """Yield every seller that has issued an invoice."""
    async for counter in database.documents(COUNTERS).each({}, sort=[("_id", ASCENDING)]):
        yield counter["_id"]


async def days_that_differ(database: Database, reseller_id: str, day: str = "") -> list[str]:
    """Return the days, or the one, of which not what the invoices come to is kept."""
    days = day or {"$gt": ""}
    listed = {"reseller_id": reseller_id, "issued_on": days}
    invoices = await _by_day(database, INVOICES, listed, day="$issued_on", number=1)
    kept = {"reseller_id": reseller_id, "day": days}
    sums = await _by_day(database, SUMS, kept, day="$day", number="$number")
    return sorted(one for one in {**invoices, **sums} if invoices.get(one) != sums.get(one))


async def _by_day(
    database: Database, collection: str, query: Document, *, day: str, number: str | int
) -> dict[str, dict[str, Document]]:
    """Return what documents come to, by day and then by status and currency."""
    groups = await database.documents(collection).aggregate(
        [
            {"$match": query},
            {
                "$group": {
                    "_id": {"day": day, "of": {"$concat": ["$status", " ", "$currency"]}},
                    "number": {"$sum": number},
                    "total": {"$sum": "$total"},
                    "due": {"$sum": "$due"},
                }
            },
        ]
    )
    found: dict[str, dict[str, Document]] = {}
    for group in groups:
        place = group.pop("_id")
        found.setdefault(place["day"], {})[place["of"]] = group
    return found
