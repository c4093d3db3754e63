"""Rejected calls: records that could not be charged, kept as they came until they can be."""

import json
from typing import Final

from contracts.billing import RejectedCallStatus, RejectionReason
from services.billing.charging.model.rejected_call import RejectedCall
from services.chassis.database import Database, Reader, Transaction, Writer
from services.chassis.mongo import ASCENDING, Document, IndexModel

REJECTED_CALLS: Final = "repairs"
"""The collection has the name that rejected calls had first: it holds those of before as well."""

_FORMER_STATUSES: Final = {"replaying": "retrying"}
_OLDEST_FIRST: Final = [("received_at", ASCENDING), ("_id", ASCENDING)]


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(REJECTED_CALLS).ensure_indexes(
        IndexModel([("status", ASCENDING), ("_id", ASCENDING)], name="status"),
        IndexModel([("status", ASCENDING), *_OLDEST_FIRST], name="status_age"),
        IndexModel(_OLDEST_FIRST, name="age"),
        IndexModel([("reseller_id", ASCENDING), *_OLDEST_FIRST], name="reseller_age"),
        IndexModel(
            [("reseller_id", ASCENDING), ("status", ASCENDING), *_OLDEST_FIRST],
            name="reseller_status_age",
        ),
        IndexModel("call_id", name="call_id"),
    )


def _document(rejected: RejectedCall) -> Document:
    # as text: what came may hold names and numbers that MongoDB has no place for
    texts = {
        "record": json.dumps(rejected.record),
        "corrections": json.dumps(rejected.corrections),
    }
    return {"_id": rejected.id, **rejected.model_dump(exclude={"id"}), **texts}


def _rejected(document: Document) -> RejectedCall:
    status = document["status"]
    return RejectedCall.model_validate(
        {
            **document,
            "id": document["_id"],
            "record": json.loads(document["record"]),
            "corrections": json.loads(document.get("corrections", "{}")),
            "status": _FORMER_STATUSES.get(status, status),
            "retried_at": document.get("retried_at") or document.get("replayed_at"),
        }
    )


async def keep(tx: Transaction, rejected: RejectedCall) -> bool:
    """Keep a record that could not be charged; tell whether it's new, or waits for a new reason.

    One that a person is retrying, or that is closed, stays as it is when its record comes again.
    """
    found = await find(tx, None, rejected.id)
    if found is None:
        await tx.documents(REJECTED_CALLS).insert(_document(rejected))
        return True
    if found.status != "waiting" or found.corrections:
        return False
    if (found.reason, found.detail) == (rejected.reason, rejected.detail):
        return False
    again = found.rejected_again(rejected.reason, rejected.detail)
    return await replace(tx, found, again)


async def replace(db: Writer, before: RejectedCall, after: RejectedCall) -> bool:
    """Keep a rejected call as it is now; False when it has changed meanwhile."""
    query: Document = {"_id": before.id, "version": before.version}
    if before.version == 0:
        query["version"] = {"$in": [0, None]}  # of those of before none has a version
    return await db.documents(REJECTED_CALLS).replace(query, _document(after))


async def retrying(db: Reader, limit: int) -> list[RejectedCall]:
    """Return rejected calls that a person wants to be charged again."""
    documents = await db.documents(REJECTED_CALLS).find(
        {"status": {"$in": ["retrying", *_FORMER_STATUSES]}}, sort=[("_id", ASCENDING)], limit=limit
    )
    return [_rejected(document) for document in documents]


async def find(db: Reader, owner_id: str | None, rejected_call_id: str) -> RejectedCall | None:
    """Return a rejected call of an owner; None: whoever's it is."""
    query: Document = {"_id": rejected_call_id}
    if owner_id is not None:
        query["reseller_id"] = owner_id
    document = await db.documents(REJECTED_CALLS).find_one(query)
    return _rejected(document) if document else None


async def oldest_first(
    db: Reader,
    owner_id: str | None,
    *,
    status: RejectedCallStatus | None,
    reason: RejectionReason | None,
    call_id: str | None,
    after: RejectedCall | None,
    limit: int,
) -> list[RejectedCall]:
    """Return an owner's rejected calls in the order they came in, those that came `after` one."""
    query: Document = {} if owner_id is None else {"reseller_id": owner_id}
    if status:
        query["status"] = status
    if reason:
        query["reason"] = reason
    if call_id is not None:
        query["call_id"] = call_id
    if after is not None:
        query["$or"] = [
            {"received_at": {"$gt": after.received_at}},
            {"received_at": after.received_at, "_id": {"$gt": after.id}},
        ]
    documents = await db.documents(REJECTED_CALLS).find(query, sort=_OLDEST_FIRST, limit=limit)
    return [_rejected(document) for document in documents]


async def waiting(db: Reader, after_id: str, limit: int) -> list[RejectedCall]:
    """Return rejected calls that wait and close themselves once their call is charged.

    A record that contradicts a charged call stays until a person has looked at it.
    """
    documents = await db.documents(REJECTED_CALLS).find(
        {
            "status": "waiting",
            "_id": {"$gt": after_id},
            "reason": {"$ne": "conflict"},
            "account_id": {"$gt": ""},
            "call_id": {"$gt": ""},
        },
        sort=[("_id", ASCENDING)],
        limit=limit,
    )
    return [_rejected(document) for document in documents]
