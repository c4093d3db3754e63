"""Records of calls that could not be charged: kept as they came until they can be."""

import json
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from contracts.billing import RepairReason, RepairStatus
from contracts.values import Moment
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel

REPAIRS: Final = "repairs"


class KeptRecord(BaseModel):
    """A record that could not be charged."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Made of the record, so that one which comes again is the same."""

    reason: RepairReason
    detail: str
    call_id: str
    account_id: str
    reseller_id: str
    record: dict[str, JsonValue]
    status: RepairStatus = "waiting"
    received_at: Moment
    replayed_at: Moment | None = None


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(REPAIRS).ensure_indexes(
        IndexModel([("status", ASCENDING), ("_id", ASCENDING)], name="status"),
        IndexModel(
            [("status", ASCENDING), ("received_at", ASCENDING), ("_id", ASCENDING)],
            name="status_age",
        ),
        IndexModel([("received_at", ASCENDING), ("_id", ASCENDING)], name="age"),
    )


def _document(kept: KeptRecord) -> Document:
    # as text: what came may hold names and numbers that MongoDB has no place for
    record = json.dumps(kept.record)
    return {"_id": kept.id, **kept.model_dump(exclude={"id", "record"}), "record": record}


def _kept(document: Document) -> KeptRecord:
    record = json.loads(document["record"])
    return KeptRecord.model_validate({**document, "id": document["_id"], "record": record})


async def keep(tx: Transaction, record: KeptRecord) -> None:
    """Keep a record that could not be charged; one that is there already waits again."""
    document = _document(record)
    changing = {name: document.pop(name) for name in ("reason", "detail", "status")}
    await tx.documents(REPAIRS).update(
        {"_id": document.pop("_id")}, {"$set": changing, "$setOnInsert": document}, upsert=True
    )


async def replaying(tx: Reader, limit: int) -> list[KeptRecord]:
    """Return records that an operator wants to be charged again."""
    documents = await tx.documents(REPAIRS).find(
        {"status": "replaying"}, sort=[("_id", ASCENDING)], limit=limit
    )
    return [_kept(document) for document in documents]


async def settle(tx: Reader, repair_id: str) -> None:
    """Note that a record was charged after all, unless it waits again."""
    await tx.documents(REPAIRS).update(
        {"_id": repair_id, "status": "replaying"}, {"$set": {"status": "charged"}}
    )


async def find(tx: Reader, repair_id: str) -> KeptRecord | None:
    """Return a record of the repair list."""
    document = await tx.documents(REPAIRS).find_one({"_id": repair_id})
    return _kept(document) if document else None


async def oldest_first(
    tx: Reader, *, status: RepairStatus | None, after: KeptRecord | None, limit: int
) -> list[KeptRecord]:
    """Return records in the order they came in, those that came `after` one."""
    query: Document = {"status": status} if status else {}
    if after is not None:
        query["$or"] = [
            {"received_at": {"$gt": after.received_at}},
            {"received_at": after.received_at, "_id": {"$gt": after.id}},
        ]
    documents = await tx.documents(REPAIRS).find(
        query, sort=[("received_at", ASCENDING), ("_id", ASCENDING)], limit=limit
    )
    return [_kept(document) for document in documents]


async def begin_replay(tx: Transaction, repair_id: str) -> None:
    """Note that a record is to be charged again."""
    await tx.documents(REPAIRS).update(
        {"_id": repair_id}, {"$set": {"status": "replaying", "replayed_at": tx.now}}
    )
