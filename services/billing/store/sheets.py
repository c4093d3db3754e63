"""Rate sheets and their rates."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contracts.billing import Rate
from services.billing.model.country import countries_beginning
from services.billing.model.names import name_key
from services.billing.model.sheet import RATES_PER_SHEET_MAX, Sheet
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

SHEETS: Final = "rate_sheets"
RATES: Final = "rates"
RATES_PER_SWEEP: Final = 5_000
SHEETS_PER_SWEEP: Final = 100
BEGIN_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"

# A rate's id is `<sheet>/<prefix>/<effective_from>`: ids sort by prefix, then by time. After the
# slash come the digits and then the colon in ASCII, so these end the ids of a sheet or of a prefix.
_AFTER_SLASH: Final = "0"
_AFTER_DIGITS: Final = ":"


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(SHEETS).ensure_indexes(
        IndexModel(
            [("reseller_id", ASCENDING), ("name_taken", ASCENDING)],
            name="name_taken",
            unique=True,
            partialFilterExpression={"name_taken": {"$type": "string"}},
        ),
        IndexModel(
            [("deleted_at", ASCENDING)],
            name="deleted",
            partialFilterExpression={"deleted_at": {"$type": "date"}},
        ),
    )
    await database.documents(RATES).ensure_indexes(
        IndexModel([("sheet_id", ASCENDING), ("prefix", ASCENDING)], name="prefix"),
        IndexModel(
            [("sheet_id", ASCENDING), ("country", ASCENDING), ("_id", ASCENDING)], name="country"
        ),
    )


# --- sheets ---------------------------------------------------------------------------


def _sheet_document(sheet: Sheet) -> Document:
    document = {"_id": sheet.id, **sheet.model_dump(exclude={"id"})}
    document["name_taken"] = None if sheet.deleted_at else name_key(sheet.name)
    return document


def _sheet(document: Document) -> Sheet:
    return Sheet.model_validate({**document, "id": document["_id"]})


async def add(tx: Transaction, sheet: Sheet) -> None:
    """Keep a new sheet."""
    await tx.documents(SHEETS).insert(_sheet_document(sheet))


async def save(tx: Transaction, sheet: Sheet) -> None:
    """Keep a changed sheet."""
    found = await tx.documents(SHEETS).replace({"_id": sheet.id}, _sheet_document(sheet))
    assert found, f"{sheet.id} is saved before it was added"


async def find(tx: Reader, reseller_id: str, sheet_id: str) -> Sheet | None:
    """Return a sheet of a reseller that is not deleted."""
    document = await tx.documents(SHEETS).find_one(
        {"_id": sheet_id, "reseller_id": reseller_id, "deleted_at": None}
    )
    return _sheet(document) if document else None


async def find_name(tx: Reader, sheet_id: str) -> str:
    """Return the name of the sheet that a plan uses, deleted or not; empty when it is gone."""
    document = await tx.documents(SHEETS).find_one({"_id": sheet_id}, fields=["name"])
    return document["name"] if document else ""


async def is_name_taken(
    tx: Reader, reseller_id: str, name: str, *, except_for: str | None = None
) -> bool:
    """Tell whether another sheet of the reseller has this name."""
    query = {"reseller_id": reseller_id, "name_taken": name_key(name), "_id": {"$ne": except_for}}
    return await tx.documents(SHEETS).find_one(query, fields=["_id"]) is not None


async def list_by_name(
    tx: Reader, reseller_id: str, *, limit: int, cursor: str | None
) -> tuple[list[Sheet], str | None]:
    """Return a page of a reseller's sheets, and the cursor to the next one."""
    after = position_of(cursor, str)[0] if cursor else ""
    documents = await tx.documents(SHEETS).find(
        {"reseller_id": reseller_id, "name_taken": {"$type": "string", "$gt": after}},
        sort=[("name_taken", ASCENDING)],
        limit=limit + 1,
    )
    page = documents[:limit]
    more = cursor_of(page[-1]["name_taken"]) if len(documents) > limit else None
    return [_sheet(document) for document in page], more


async def find_deleted_before(tx: Reader, moment: datetime) -> list[Sheet]:
    """Return some sheets that were deleted by then and whose rates are still kept."""
    documents = await tx.documents(SHEETS).find(
        {"deleted_at": {"$type": "date", "$lte": moment}}, limit=SHEETS_PER_SWEEP
    )
    return [_sheet(document) for document in documents]


async def sweep(tx: Transaction, sheet_id: str) -> None:
    """Remove some rates of a deleted sheet, and with the last ones the sheet."""
    found = await tx.documents(RATES).find(
        {"sheet_id": sheet_id}, fields=["_id"], limit=RATES_PER_SWEEP
    )
    await tx.documents(RATES).delete({"_id": {"$in": [rate["_id"] for rate in found]}})
    if len(found) < RATES_PER_SWEEP:
        await tx.documents(SHEETS).delete({"_id": sheet_id})


# --- rates ---------------------------------------------------------------------------


def _rate_id(sheet_id: str, rate: Rate) -> str:
    begin = rate.effective_from
    return f"{sheet_id}/{rate.prefix}/{begin.strftime(BEGIN_FORMAT) if begin else ''}"


def _rate_document(sheet_id: str, rate: Rate) -> Document:
    return {
        "_id": _rate_id(sheet_id, rate),
        "sheet_id": sheet_id,
        **rate.model_dump(),
        "rate": Int64(rate.rate),
        "connect_fee": Int64(rate.connect_fee),
    }


async def find_same_keys(tx: Reader, sheet_id: str, rates: Sequence[Rate]) -> list[Rate]:
    """Return the rates of a sheet that have the prefix and the beginning of one of these."""
    ids = [_rate_id(sheet_id, rate) for rate in rates]
    documents = await tx.documents(RATES).find({"_id": {"$in": ids}}, limit=max(len(ids), 1))
    return [Rate.model_validate(document) for document in documents]


async def put_rates(
    tx: Transaction, sheet_id: str, *, added: Sequence[Rate], changed: Sequence[Rate]
) -> None:
    """Keep new rates, and changed ones in place of those with the same prefix and beginning."""
    ids = [_rate_id(sheet_id, rate) for rate in changed]
    await tx.documents(RATES).delete({"_id": {"$in": ids}})
    documents = (_rate_document(sheet_id, rate) for rate in (*added, *changed))
    await tx.documents(RATES).insert(*documents)


async def remove_other_rates(tx: Transaction, sheet_id: str, keep: Sequence[Rate]) -> None:
    """Remove the rates of a sheet that have neither prefix nor beginning of one of these."""
    ids = [_rate_id(sheet_id, rate) for rate in keep]
    await tx.documents(RATES).delete({"sheet_id": sheet_id, "_id": {"$nin": ids}})


async def all_rates(tx: Reader, sheet_id: str) -> list[Rate]:
    """Return what every rate of a sheet costs and from when on, by prefix."""
    documents = await tx.documents(RATES).find(
        {"_id": {"$gt": f"{sheet_id}/", "$lt": f"{sheet_id}{_AFTER_SLASH}"}},
        sort=[("_id", ASCENDING)],
        fields=["prefix", "rate", "effective_from", "blocked"],
        limit=RATES_PER_SHEET_MAX,
    )
    return [Rate.model_validate(document) for document in documents]


async def rates_of_prefixes(tx: Reader, sheet_id: str, prefixes: Sequence[str]) -> list[Rate]:
    """Return the rates of a sheet that have one of a few prefixes."""
    found = tx.documents(RATES).each({"sheet_id": sheet_id, "prefix": {"$in": list(prefixes)}})
    return [Rate.model_validate(document) async for document in found]


async def list_rates(
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
