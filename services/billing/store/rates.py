"""The rates of the sheets, one document each."""

from collections.abc import Sequence
from typing import Final

from contracts.billing import Rate
from services.billing.model.country import countries_beginning
from services.billing.model.price import PriceList, SheetRate
from services.billing.model.sheet import RATES_PER_SHEET_MAX
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

RATES: Final = "rates"
RATES_PER_SWEEP: Final = 5_000
BEGIN_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"

# A rate's id is `<sheet>/<prefix>/<effective_from>`: ids sort by prefix, then by time. After the
# slash come the digits and then the colon in ASCII, so these end the ids of a sheet or of a prefix.
_AFTER_SLASH: Final = "0"
_AFTER_DIGITS: Final = ":"


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(RATES).ensure_indexes(
        IndexModel([("sheet_id", ASCENDING), ("prefix", ASCENDING)], name="prefix"),
        IndexModel(
            [("sheet_id", ASCENDING), ("country", ASCENDING), ("_id", ASCENDING)], name="country"
        ),
    )


def _id_of(sheet_id: str, rate: Rate) -> str:
    begin = rate.effective_from
    return f"{sheet_id}/{rate.prefix}/{begin.strftime(BEGIN_FORMAT) if begin else ''}"


def _document(sheet_id: str, rate: Rate) -> Document:
    return {
        "_id": _id_of(sheet_id, rate),
        "sheet_id": sheet_id,
        **rate.model_dump(),
        "rate": Int64(rate.rate),
        "connect_fee": Int64(rate.connect_fee),
    }


async def find_same(tx: Reader, sheet_id: str, rates: Sequence[Rate]) -> list[Rate]:
    """Return the rates of a sheet that have the prefix and the beginning of one of these."""
    ids = [_id_of(sheet_id, rate) for rate in rates]
    documents = await tx.documents(RATES).find({"_id": {"$in": ids}}, limit=max(len(ids), 1))
    return [Rate.model_validate(document) for document in documents]


async def put(
    tx: Transaction, sheet_id: str, *, added: Sequence[Rate], changed: Sequence[Rate]
) -> None:
    """Keep new rates, and changed ones in place of those with the same prefix and beginning."""
    ids = [_id_of(sheet_id, rate) for rate in changed]
    await tx.documents(RATES).delete({"_id": {"$in": ids}})
    documents = (_document(sheet_id, rate) for rate in (*added, *changed))
    await tx.documents(RATES).insert(*documents)


async def remove_others(tx: Transaction, sheet_id: str, keep: Sequence[Rate]) -> None:
    """Remove the rates of a sheet that have neither prefix nor beginning of one of these."""
    ids = [_id_of(sheet_id, rate) for rate in keep]
    await tx.documents(RATES).delete({"sheet_id": sheet_id, "_id": {"$nin": ids}})


async def all_of_sheet(tx: Reader, sheet_id: str) -> list[Rate]:
    """Return what every rate of a sheet costs and from when on, by prefix."""
    documents = await tx.documents(RATES).find(
        {"_id": {"$gt": f"{sheet_id}/", "$lt": f"{sheet_id}{_AFTER_SLASH}"}},
        sort=[("_id", ASCENDING)],
        fields=["prefix", "rate", "effective_from", "blocked"],
        limit=RATES_PER_SHEET_MAX,
    )
    return [Rate.model_validate(document) for document in documents]


async def price_list(tx: Reader, sheet_id: str, content: int) -> PriceList:  # noqa: ARG001 - until imports are versions
    """Return the rates of a sheet as one of its contents had them, for pricing many calls."""
    documents = await tx.documents(RATES).find({"sheet_id": sheet_id}, limit=RATES_PER_SHEET_MAX)
    return PriceList(
        SheetRate(*(document[name] for name in SheetRate._fields)) for document in documents
    )


async def of_prefixes(tx: Reader, sheet_id: str, prefixes: Sequence[str]) -> list[Rate]:
    """Return the rates of a sheet that have one of a few prefixes."""
    found = tx.documents(RATES).each({"sheet_id": sheet_id, "prefix": {"$in": list(prefixes)}})
    return [Rate.model_validate(document) async for document in found]


async def list_by_prefix(
    tx: Reader, sheet_id: str, *, search: str, limit: int, cursor: str | None
) -> tuple[list[Rate], str | None]:
    """Return a page of a sheet's rates, and the cursor to the next one.

    `search` is the beginning of a prefix, or a country's code or the beginning of its name.
    """
    query: Document = {"_id": {"$gt": f"{sheet_id}/", "$lt": f"{sheet_id}{_AFTER_SLASH}"}}
    digits = search.replace(" ", "").removeprefix("+")
    if digits.isdecimal():
        query["_id"] = {
            "$gte": f"{sheet_id}/{digits}",
            "$lt": f"{sheet_id}/{digits}{_AFTER_DIGITS}",
        }
    elif text := search.strip():
        query |= {"sheet_id": sheet_id, "country": {"$in": list(countries_beginning(text))}}
    if cursor:
        query["_id"]["$gt"] = f"{sheet_id}/{position_of(cursor, str)[0]}"
    documents = await tx.documents(RATES).find(query, sort=[("_id", ASCENDING)], limit=limit + 1)
    page = documents[:limit]
    more = None
    if len(documents) > limit:
        more = cursor_of(page[-1]["_id"].removeprefix(f"{sheet_id}/"))
    return [Rate.model_validate(document) for document in page], more


async def sweep(tx: Transaction, sheet_id: str) -> bool:
    """Remove some rates of a sheet; tell whether they were the last ones."""
    found = await tx.documents(RATES).find(
        {"sheet_id": sheet_id}, fields=["_id"], limit=RATES_PER_SWEEP
    )
    await tx.documents(RATES).delete({"_id": {"$in": [rate["_id"] for rate in found]}})
    return len(found) < RATES_PER_SWEEP
