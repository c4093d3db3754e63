"""Intents, the outbox of charging; and which billing processes are alive to see them through."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from services.billing.ledger.store.ledger import LEDGER
from services.chassis.database import Database, Reader, Writer, over
from services.chassis.mongo import ASCENDING, IndexModel

INTENTS: Final = "intents"
PROCESSES: Final = "processes"
STALE_AFTER: Final = timedelta(seconds=30)
"""A batch takes far less; who wrote an older intent has died or lost its broker on the way."""

GIVEN_UP_AFTER: Final = timedelta(minutes=5)
"""A write may hang for a minute, then stand all the same; none does for so long."""

OLD_AFTER: Final = timedelta(minutes=1)
"""An intent that is older is a fault: others take it over long before."""

ALIVE_FOR: Final = timedelta(seconds=5)
INTENTS_PER_TURN: Final = 100


class Intent(NamedTuple):
    """What a batch is about to do: its outbox."""

    id: str
    keys: tuple[str, ...]
    """Of the calls that it charges."""

    unanswered: Mapping[str, Sequence[str]]
    """By account the calls that cost nothing and hold nothing any more."""


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(INTENTS).ensure_indexes(
        IndexModel([("at", ASCENDING)], name="age"),
        IndexModel([("begun_at", ASCENDING)], name="begun"),
    )
    await database.documents(PROCESSES).ensure_indexes(IndexModel([("at", ASCENDING)], name="age"))


async def intend(db: Writer, intent: Intent) -> None:
    """Note what is about to be charged."""
    await db.documents(INTENTS).insert(
        {
            "_id": intent.id,
            "keys": list(intent.keys),
            "unanswered": dict(intent.unanswered),
            "begun_at": db.now,
            "at": db.now,
        }
    )


async def fulfil(db: Writer, intents: Iterable[Intent]) -> None:
    """Forget intents: all that follows from their charges is done."""
    await db.documents(INTENTS).delete({"_id": {"$in": [intent.id for intent in intents]}})


async def take_over_stale(db: Writer) -> list[Intent]:
    """Return intents whose process did not see them through; others leave them alone for now.

    Left alone are those of which a call is charged by nobody yet: their process may be about to,
    or has died and the records come again. What is told of an intent never changes afterwards.
    """
    found = await db.documents(INTENTS).find(
        over("at", db.now - STALE_AFTER, STALE_AFTER),
        sort=[("at", ASCENDING)],
        limit=INTENTS_PER_TURN,
    )
    taken: list[Intent] = []
    for document in found:
        query = {"_id": document["_id"], "at": document["at"]}
        # one that was dated by a clock that had jumped begins now, for all that is known of it
        begun_at = min(document["begun_at"], db.now)
        seen = {"at": db.now, "begun_at": begun_at}
        if not await db.documents(INTENTS).update(query, {"$set": seen}):
            continue
        intent = Intent(document["_id"], tuple(document["keys"]), document["unanswered"])
        given_up = begun_at < db.now - GIVEN_UP_AFTER
        if given_up or await _is_over(db, intent):
            taken.append(intent)
    return taken


async def oldest_intent(db: Reader) -> timedelta | None:
    """Return how long ago the batch was begun that waits longest to be seen through."""
    oldest = await db.documents(INTENTS).find_one(
        {}, sort=[("begun_at", ASCENDING)], fields=["begun_at"]
    )
    return db.now - oldest["begun_at"] if oldest else None


async def old_intents(db: Reader) -> list[str]:
    """Return the ids of batches that should have been seen through long ago, at most 100."""
    documents = await db.documents(INTENTS).find(
        {"begun_at": {"$lt": db.now - OLD_AFTER}},
        sort=[("begun_at", ASCENDING)],
        limit=INTENTS_PER_TURN,
        fields=["_id"],
    )
    return [document["_id"] for document in documents]


async def _is_over(db: Reader, intent: Intent) -> bool:
    """Tell whether each call is charged, by this intent or by another one."""
    charged = await db.documents(LEDGER).count({"_id": {"$in": list(intent.keys)}})
    return charged == len(intent.keys)


# --- processes ---------------------------------------------------------------------------------


async def beat(db: Writer, process: str) -> list[str]:
    """Say that a process lives; return all that do.

    One that was last seen in the future died while its clock was ahead.
    """
    processes, since, until = db.documents(PROCESSES), db.now - ALIVE_FOR, db.now + ALIVE_FOR
    await processes.update({"_id": process}, {"$set": {"at": db.now}}, upsert=True)
    found = await processes.find({}, sort=[("_id", ASCENDING)], limit=1_000)
    alive = [document["_id"] for document in found if since <= document["at"] <= until]
    if len(alive) < len(found):
        await processes.delete({"$or": [{"at": {"$lt": since}}, {"at": {"$gt": until}}]})
    return alive


async def leave(db: Writer, process: str) -> None:
    """Say that a process goes."""
    await db.documents(PROCESSES).delete({"_id": process})
