"""Rate sheets."""

from datetime import datetime
from typing import Final

from contracts.names import name_key, sort_key
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.billing.rating.model.sheet import Sheet, Span
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

SHEETS: Final = "rate_sheets"
SHEETS_PER_SWEEP: Final = 100
KEYS_VERSION: Final = 1
"""Of how the keys are made that sheets are sorted by: raise it to make them again."""
KEYS_AT_ONCE: Final = 500


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
            [("reseller_id", ASCENDING), ("name_sort", ASCENDING), ("_id", ASCENDING)],
            name="by_name",
            partialFilterExpression={"name_taken": {"$type": "string"}},
        ),
        IndexModel(
            [("deleted_at", ASCENDING)],
            name="deleted",
            partialFilterExpression={"deleted_at": {"$type": "date"}},
        ),
    )
    await _make_keys_again(database)


async def _make_keys_again(database: Database) -> None:
    """Make the keys of sheets that were kept when sheets were sorted in another way."""
    stored, accounts = database.documents(SHEETS), database.documents(BILLING_ACCOUNTS)
    outdated = {"keys_version": {"$ne": KEYS_VERSION}}
    while found := await stored.find(outdated, limit=KEYS_AT_ONCE):
        resellers = {"_id": {"$in": sorted({one["reseller_id"] for one in found})}}
        owners = await accounts.find(resellers, limit=KEYS_AT_ONCE, fields=["country"])
        countries = {owner["_id"]: owner.get("country", "") for owner in owners}
        await stored.update_each(
            [
                ({"_id": one["_id"], **outdated}, {"$set": _keys(one["name"], country)})
                for one in found
                for country in (countries.get(one["reseller_id"], ""),)
            ]
        )


def _keys(name: str, country: str) -> Document:
    return {
        "country": country,
        "name_sort": sort_key(name, country),
        "keys_version": KEYS_VERSION,
    }


def _sheet_document(sheet: Sheet) -> Document:
    document = {"_id": sheet.id, **sheet.model_dump(exclude={"id", "revisions"})}
    document["contents"] = [revision.model_dump() for revision in sheet.revisions]
    document["name_taken"] = None if sheet.deleted_at else name_key(sheet.name)
    document |= _keys(sheet.name, sheet.country)
    document["summary"] = {
        "rates": sheet.summary.rates,
        "span": _span_document(sheet.summary.span),
        "countries": {
            country: _span_document(span) for country, span in sheet.summary.countries.items()
        },
    }
    return document


def _span_document(span: Span | None) -> Document | None:
    return span and {
        **span.model_dump(),
        "lowest": Int64(span.lowest),
        "highest": Int64(span.highest),
    }


def sheet_of(document: Document) -> Sheet:
    """Return a sheet from its document, which calls revisions contents."""
    return Sheet.model_validate(
        {**document, "id": document["_id"], "revisions": document.get("contents", ())}
    )


async def add(tx: Transaction, sheet: Sheet) -> None:
    """Keep a new sheet."""
    await tx.documents(SHEETS).insert(_sheet_document(sheet))


async def save(tx: Transaction, sheet: Sheet) -> None:
    """Keep a changed sheet."""
    found = await tx.documents(SHEETS).replace({"_id": sheet.id}, _sheet_document(sheet))
    assert found, f"{sheet.id} is saved before it was added"


async def find(db: Reader, reseller_id: str, sheet_id: str) -> Sheet | None:
    """Return a sheet of a reseller that is not deleted."""
    document = await db.documents(SHEETS).find_one(
        {"_id": sheet_id, "reseller_id": reseller_id, "deleted_at": None}
    )
    return sheet_of(document) if document else None


async def find_used(db: Reader, sheet_id: str) -> Sheet | None:
    """Return the sheet that a plan uses, whoever made it, deleted or not."""
    document = await db.documents(SHEETS).find_one({"_id": sheet_id})
    return sheet_of(document) if document else None


async def find_name(db: Reader, sheet_id: str) -> str:
    """Return the name of the sheet that a plan uses, deleted or not; empty when it is gone."""
    document = await db.documents(SHEETS).find_one({"_id": sheet_id}, fields=["name"])
    return document["name"] if document else ""


async def is_name_taken(
    db: Reader, reseller_id: str, name: str, *, except_for: str | None = None
) -> bool:
    """Tell whether another sheet of the reseller has this name."""
    query = {"reseller_id": reseller_id, "name_taken": name_key(name), "_id": {"$ne": except_for}}
    return await db.documents(SHEETS).find_one(query, fields=["_id"]) is not None


async def list_by_name(
    db: Reader, reseller_id: str, *, archived: bool | None, limit: int, cursor: str | None
) -> tuple[list[Sheet], str | None]:
    """Return a page of a reseller's sheets, and the cursor to the next one."""
    query: Document = {"reseller_id": reseller_id, "name_taken": {"$type": "string"}}
    if cursor:
        name, last_id = position_of(cursor, str, str)
        # bounds the index: no page begins at the list's beginning
        query["name_sort"] = {"$gte": name}
        query["$or"] = [{"name_sort": {"$gt": name}}, {"name_sort": name, "_id": {"$gt": last_id}}]
    if archived is not None:
        query["archived_at"] = {"$ne": None} if archived else None
    documents = await db.documents(SHEETS).find(
        query, sort=[("name_sort", ASCENDING), ("_id", ASCENDING)], limit=limit + 1
    )
    page = documents[:limit]
    more = cursor_of(page[-1]["name_sort"], page[-1]["_id"]) if len(documents) > limit else None
    return [sheet_of(document) for document in page], more


async def find_deleted_before(db: Reader, moment: datetime) -> list[Sheet]:
    """Return some sheets that were deleted by then and whose rates are still kept."""
    documents = await db.documents(SHEETS).find(
        {"deleted_at": {"$type": "date", "$lte": moment}}, limit=SHEETS_PER_SWEEP
    )
    return [sheet_of(document) for document in documents]


async def remove(tx: Transaction, sheet_id: str) -> None:
    """Remove a deleted sheet whose rates are gone."""
    await tx.documents(SHEETS).delete({"_id": sheet_id})
