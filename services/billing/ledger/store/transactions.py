"""Lists of ledger entries: all of them, those of some types, and free calls counted per day."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from contracts.billing import EntryType, FreeCalls, FreeCallsShown
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.store.ledger import LEDGER, NO_CALL, entry_of
from services.chassis.database import Reader
from services.chassis.mongo import DESCENDING, Document

FREE_CALL: Final[Document] = {"type": "call", "amount": 0}
"""A call that moved no money."""


class Stretch(NamedTuple):
    """The entries of an account with `after_seq` < seq ≤ `up_to_seq`."""

    account_id: str
    after_seq: int
    up_to_seq: int

    @property
    def query(self) -> Document:
        """What their documents have in common."""
        seqs = {"$gt": self.after_seq, "$lte": self.up_to_seq}
        return {"account_id": self.account_id, "seq": seqs}


async def newest_first(
    db: Reader,
    stretch: Stretch,
    *,
    limit: int,
    types: Sequence[EntryType] = (),
    free_calls: FreeCallsShown = "listed",
) -> list[Entry]:
    """Return entries of a stretch, of these types only if any are named."""
    wanted: list[Document] = []
    if types:
        wanted.append({"type": {"$in": list(types)}})
    if free_calls != "listed":
        wanted.append(FREE_CALL if free_calls == "only" else {"$nor": [FREE_CALL]})
    quick = types and "call" not in types
    documents = await db.documents(LEDGER).find(
        {**stretch.query, **(NO_CALL if quick else {}), **({"$and": wanted} if wanted else {})},
        sort=[("seq", DESCENDING)],
        limit=limit,
        hint="without_calls" if quick else None,
    )
    return [entry_of(document) for document in documents]


async def free_calls_by_day(db: Reader, stretch: Stretch, time_zone: str) -> list[FreeCalls]:
    """Return how many calls of a stretch moved no money on each day, the newest day first."""
    day = {"$dateToString": {"date": "$at", "format": "%Y-%m-%d", "timezone": time_zone}}
    groups = await db.documents(LEDGER).aggregate(
        [
            {"$match": {**stretch.query, **FREE_CALL}},
            {"$group": {"_id": day, "count": {"$sum": 1}, "last_seq": {"$max": "$seq"}}},
            {"$sort": {"last_seq": DESCENDING}},
        ],
        hint="chain",
    )
    return [
        FreeCalls(
            day=date.fromisoformat(group["_id"]), count=group["count"], last_seq=group["last_seq"]
        )
        for group in groups
    ]
