"""Records of calls that could not be charged: kept as they came until they can be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from contracts.billing import RepairReason, RepairStatus
from contracts.values import Moment
from services.chassis.database import Database, Reader
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
        IndexModel([("status", ASCENDING), ("_id", ASCENDING)], name="status")
    )


def _document(kept: KeptRecord) -> Document:
    return {"_id": kept.id, **kept.model_dump(exclude={"id"})}


def _kept(document: Document) -> KeptRecord:
    return KeptRecord.model_validate({**document, "id": document["_id"]})


async def keep(tx: Reader, records: Sequence[KeptRecord]) -> list[KeptRecord]:
    """Keep records that could not be charged; return those that were not waiting already."""
    new: list[KeptRecord] = []
    for record in records:
        document = _document(record)
        found = await tx.documents(REPAIRS).find_and_update(
            {"_id": record.id},
            {
                "$set": {"reason": record.reason, "detail": record.detail, "status": "waiting"},
                "$setOnInsert": {
                    name: value
                    for name, value in document.items()
                    if name not in {"_id", "reason", "detail", "status"}
                },
            },
            answer="before",
            upsert=True,
        )
        if found is None:
            new.append(record)
    return new


async def replaying(tx: Reader, limit: int) -> list[KeptRecord]:
    """Return records that an operator wants to be charged again."""
    documents = await tx.documents(REPAIRS).find(
        {"status": "replaying"}, sort=[("_id", ASCENDING)], limit=limit
    )
    return [_kept(document) for document in documents]


async def settle(tx: Reader, repair_ids: Sequence[str], now: datetime) -> None:
    """Note that records were charged after all."""
    await tx.documents(REPAIRS).update_all(
        {"_id": {"$in": list(repair_ids)}}, {"$set": {"status": "charged", "replayed_at": now}}
    )
