"""The rates of the sheets as each of their revisions has them, one document each.

A rate is in the revisions from `since` on, up to but not in `until`. A change of a sheet writes
rates that begin with the next revision, and ends others there, while everybody reads the revision
before it: all of that is seen at once, when the sheet says that its next revision is in use.
"""

from collections.abc import Sequence
from typing import Final

from contracts.billing import Rate
from contracts.exact_rates import exact_of
from services.billing.base.model.country import countries_beginning
from services.billing.rating.model.price import PriceList, SheetRate, prefixes_of
from services.billing.rating.model.sheet import Sheet
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel

RATES: Final = "rates"
RATES_PER_SWEEP: Final = 5_000
RATES_PER_BATCH: Final = 2_000
NO_END: Final = 2**31 - 1
"""The `until` of a rate that the newest revision still has."""

# A rate's id is `<sheet>/<prefix>/<effective_from>/<since>`: ids sort by prefix, then by time.
# After the slash come the digits and then the colon in ASCII, so these end the ids of a sheet or of
# a prefix.
_AFTER_SLASH: Final = "0"
_AFTER_DIGITS: Final = ":"


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(RATES).ensure_indexes(
        IndexModel(
            [
                ("sheet_id", ASCENDING),
                ("until", ASCENDING),
                ("_id", ASCENDING),
                ("country", ASCENDING),
                ("since", ASCENDING),
            ],
            name="content",
        ),
    )


def in_revision(sheet_id: str, revision: int) -> Document:
    """Return what the rates of a revision have in common."""
    return {"sheet_id": sheet_id, "since": {"$lte": revision}, "until": {"$gt": revision}}


async def price_list(db: Reader, sheet_id: str, revision: int) -> PriceList:
    """Return the rates of a sheet as one of its revisions had them, for pricing many calls."""
    rates: list[SheetRate] = []
    batches = db.documents(RATES).batches(
        in_revision(sheet_id, revision), fields=SheetRate._fields, size=RATES_PER_BATCH
    )
    async for batch in batches:
        rates += [SheetRate(**document) for document in batch]
    return PriceList(rates)


async def of_prefixes(
    db: Reader, sheet_id: str, revision: int, prefixes: Sequence[str]
) -> list[Rate]:
    """Return the rates of a revision that have one of a few prefixes."""
    ranges = [
        {"_id": {"$gt": f"{sheet_id}/{prefix}/", "$lt": f"{sheet_id}/{prefix}{_AFTER_SLASH}"}}
        for prefix in prefixes
    ]
    found = db.documents(RATES).each({**in_revision(sheet_id, revision), "$or": ranges})
    return [_rate(document) async for document in found]


def _rate(document: Document) -> Rate:
    """Return a stored rate; one that was stored before rates had a fraction has none."""
    exact = exact_of(document["rate"], document.get("rate_fraction", 0))
    return Rate.model_validate({**document, "rate_exact": exact})


async def prices_of_digits(db: Reader, sheet_id: str, revision: int, digits: str) -> PriceList:
    """Return those rates of a revision that a number's digits may have: few, whatever the sheet."""
    found = await of_prefixes(db, sheet_id, revision, prefixes_of(digits)) if digits else []
    return PriceList(
        SheetRate(*(getattr(rate, name) for name in SheetRate._fields)) for rate in found
    )


async def list_by_prefix(
    db: Reader, sheet: Sheet, revision: int, *, search: str, limit: int, cursor: str | None
) -> tuple[list[Rate], str | None]:
    """Return a page of the rates of a revision, and the cursor to the next one.

    `search` is the beginning of a prefix, or a country's code or the beginning of its name.
    """
    # these are all the ends that a rate of the revision can have: they let the index sort
    ends = [*range(revision + 1, sheet.revision + 2), NO_END]
    query: Document = {
        "sheet_id": sheet.id,
        "until": {"$in": ends},
        "since": {"$lte": revision},
        "_id": {"$gt": f"{sheet.id}/", "$lt": f"{sheet.id}{_AFTER_SLASH}"},
    }
    digits = search.replace(" ", "").removeprefix("+")
    if digits.isdecimal():
        query["_id"] = {
            "$gte": f"{sheet.id}/{digits}",
            "$lt": f"{sheet.id}/{digits}{_AFTER_DIGITS}",
        }
    elif text := search.strip():
        query["country"] = {"$in": list(countries_beginning(text))}
    if cursor:
        query["_id"]["$gt"] = f"{sheet.id}/{position_of(cursor, str)[0]}"
    documents = await db.documents(RATES).find(query, sort=[("_id", ASCENDING)], limit=limit + 1)
    page = documents[:limit]
    more = None
    if len(documents) > limit:
        more = cursor_of(page[-1]["_id"].removeprefix(f"{sheet.id}/"))
    return [_rate(document) for document in page], more


async def sweep(tx: Transaction, sheet_id: str) -> bool:
    """Remove some rates of a sheet; tell whether they were the last ones."""
    found = await tx.documents(RATES).find(
        {"sheet_id": sheet_id}, fields=["_id"], limit=RATES_PER_SWEEP
    )
    await tx.documents(RATES).delete({"_id": {"$in": [rate["_id"] for rate in found]}})
    return len(found) < RATES_PER_SWEEP
