"""Reads and writes of accounts that are opened from files."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from contracts.accounts import ACCOUNTS_PER_FILE_MAX
from contracts.names import name_key
from services.accounts.model.imports import Import, ImportRow
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel, Int64

IMPORTS: Final = "imports"
ROWS: Final = "import_rows"
LISTED_MAX: Final = 20
STUCK_MAX: Final = 100


async def prepare(database: Database) -> None:
    """Create the indexes."""
    unfinished = {"is_finished": False}
    await database.documents(IMPORTS).ensure_indexes(
        IndexModel([("reseller_id", ASCENDING), ("_id", DESCENDING)], name="by_age"),
        IndexModel(
            [("moved_at", ASCENDING)], name="unfinished", partialFilterExpression=unfinished
        ),
    )
    await database.documents(ROWS).ensure_indexes(
        IndexModel([("import_id", ASCENDING), ("_id", ASCENDING)], name="by_line"),
        IndexModel(
            [("state", ASCENDING), ("_id", ASCENDING)],
            name="open",
            partialFilterExpression={"is_open": True},
        ),
    )


async def names_taken(db: Reader, reseller_id: str, names: Collection[str]) -> set[str]:
    """Return the keys of those names that open accounts of this reseller have."""
    keys = sorted({name_key(name) for name in names})
    found = await db.documents("accounts").find(
        {"parent_id": reseller_id, "name_taken": {"$in": keys}},
        limit=max(len(keys), 1),
        fields=["name_taken"],
    )
    return {document["name_taken"] for document in found}


def _import(document: Document) -> Import:
    return Import.model_validate({**document, "id": document["_id"]})


def _import_document(one: Import) -> Document:
    return {
        "_id": one.id,
        **one.model_dump(exclude={"id"}),
        "total": Int64(one.total),
        "is_finished": one.finished_at is not None,
    }


def _row(document: Document) -> ImportRow:
    return ImportRow.model_validate({**document, "id": document["_id"]})


def _row_document(row: ImportRow) -> Document:
    return {
        "_id": row.id,
        **row.model_dump(exclude={"id"}),
        "total": Int64(row.total),
        "is_open": row.is_open,
    }


async def add(tx: Transaction, one: Import, rows: Sequence[ImportRow]) -> None:
    """Keep a new import with its rows, which any process may take up at once."""
    await tx.documents(IMPORTS).insert(_import_document(one))
    await tx.documents(ROWS).insert(*map(_row_document, rows))


async def find(db: Reader, reseller_id: str, import_id: str) -> Import | None:
    """Return an import of a reseller."""
    query = {"_id": import_id, "reseller_id": reseller_id}
    document = await db.documents(IMPORTS).find_one(query)
    return _import(document) if document else None


async def newest(db: Reader, reseller_id: str) -> tuple[Import, ...]:
    """Return the newest imports of a reseller, at most 20."""
    documents = await db.documents(IMPORTS).find(
        {"reseller_id": reseller_id}, sort=[("_id", DESCENDING)], limit=LISTED_MAX
    )
    return tuple(map(_import, documents))


async def rows_of(db: Reader, import_id: str) -> tuple[ImportRow, ...]:
    """Return the rows of an import, by line."""
    documents = await db.documents(ROWS).find(
        {"import_id": import_id}, sort=[("_id", ASCENDING)], limit=ACCOUNTS_PER_FILE_MAX
    )
    return tuple(map(_row, documents))


async def opening_rows(db: Reader) -> tuple[ImportRow, ...]:
    """Return the rows of all files whose accounts are opening."""
    documents = await db.documents(ROWS).find(
        {"is_open": True, "state": "opening"},
        sort=[("_id", ASCENDING)],
        limit=ACCOUNTS_PER_FILE_MAX,
    )
    return tuple(map(_row, documents))


async def waiting_rows(db: Reader, limit: int) -> tuple[ImportRow, ...]:
    """Return the rows that come next, those of the oldest file first."""
    documents = await db.documents(ROWS).find(
        {"is_open": True, "state": "waiting"}, sort=[("_id", ASCENDING)], limit=limit
    )
    return tuple(map(_row, documents))


async def import_of(db: Reader, row: ImportRow) -> Import:
    """Return the import that a row belongs to."""
    document = await db.documents(IMPORTS).find_one({"_id": row.import_id})
    assert document is not None, f"{row.id} has no import"
    return _import(document)


async def find_row(db: Reader, row_id: str) -> ImportRow:
    """Return a row as it is now."""
    document = await db.documents(ROWS).find_one({"_id": row_id})
    assert document is not None, f"{row_id} is gone"
    return _row(document)


async def save_row(tx: Transaction, row: ImportRow) -> None:
    """Keep a changed row."""
    found = await tx.documents(ROWS).replace({"_id": row.id}, _row_document(row))
    assert found, f"{row.id} is saved before it was added"


async def save(tx: Transaction, one: Import) -> None:
    """Keep a changed import."""
    found = await tx.documents(IMPORTS).replace({"_id": one.id}, _import_document(one))
    assert found, f"{one.id} is saved before it was added"


async def unmoved_since(db: Reader, before: datetime) -> tuple[Import, ...]:
    """Return unfinished imports of which no row has come to its end since then, at most 100."""
    documents = await db.documents(IMPORTS).find(
        {"is_finished": False, "moved_at": {"$lt": before}},
        sort=[("moved_at", ASCENDING)],
        limit=STUCK_MAX,
    )
    return tuple(map(_import, documents))
