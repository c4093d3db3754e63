"""What charging calls writes outside any transaction: intents, then entries, in this order."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.billing.model.call import (
    OLD_KEYS,
    OLD_KEYS_END,
    ChargedCall,
    charged_call,
    entry_key,
    old_entry_key,
)
from services.billing.model.ledger import Entry
from services.billing.store.ledger import LEDGER, entry_of
from services.chassis.database import Database, Reader, over
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

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


# --- intents ---------------------------------------------------------------------------------


async def intend(tx: Reader, intent: Intent) -> None:
    """Note what is about to be charged."""
    await tx.documents(INTENTS).insert(
        {
            "_id": intent.id,
            "keys": list(intent.keys),
            "unanswered": dict(intent.unanswered),
            "begun_at": tx.now,
            "at": tx.now,
        }
    )


async def fulfil(tx: Reader, intents: Iterable[Intent]) -> None:
    """Forget intents: all that follows from their charges is done."""
    await tx.documents(INTENTS).delete({"_id": {"$in": [intent.id for intent in intents]}})


async def take_over_stale(tx: Reader) -> list[Intent]:
    """Return intents whose process did not see them through; others leave them alone for now.

    Left alone are those of which a call is charged by nobody yet: their process may be about to,
    or has died and the records come again. What is told of an intent never changes afterwards.
    """
    found = await tx.documents(INTENTS).find(
        over("at", tx.now - STALE_AFTER, STALE_AFTER),
        sort=[("at", ASCENDING)],
        limit=INTENTS_PER_TURN,
    )
    taken: list[Intent] = []
    for document in found:
        query = {"_id": document["_id"], "at": document["at"]}
        # one that was dated by a clock that had jumped begins now, for all that is known of it
        begun_at = min(document["begun_at"], tx.now)
        seen = {"at": tx.now, "begun_at": begun_at}
        if not await tx.documents(INTENTS).update(query, {"$set": seen}):
            continue
        intent = Intent(document["_id"], tuple(document["keys"]), document["unanswered"])
        given_up = begun_at < tx.now - GIVEN_UP_AFTER
        if given_up or await _is_over(tx, intent):
            taken.append(intent)
    return taken


async def oldest_intent(tx: Reader) -> timedelta | None:
    """Return how long ago the batch was begun that waits longest to be seen through."""
    oldest = await tx.documents(INTENTS).find_one(
        {}, sort=[("begun_at", ASCENDING)], fields=["begun_at"]
    )
    return tx.now - oldest["begun_at"] if oldest else None


async def old_intents(tx: Reader) -> list[str]:
    """Return the ids of batches that should have been seen through long ago, at most 100."""
    documents = await tx.documents(INTENTS).find(
        {"begun_at": {"$lt": tx.now - OLD_AFTER}},
        sort=[("begun_at", ASCENDING)],
        limit=INTENTS_PER_TURN,
        fields=["_id"],
    )
    return [document["_id"] for document in documents]


async def _is_over(tx: Reader, intent: Intent) -> bool:
    """Tell whether each call is charged, by this intent or by another one."""
    charged = await tx.documents(LEDGER).count({"_id": {"$in": list(intent.keys)}})
    return charged == len(intent.keys)


# --- entries ---------------------------------------------------------------------------------


async def insert(tx: Reader, intent: Intent, charged: Sequence[ChargedCall]) -> int:
    """Append entries in order, until one is refused; return how many stand.

    Refused is a call that was charged before, and a `seq` that another writer has taken.
    """
    return await tx.documents(LEDGER).insert_until_refused(
        [_document(call, intent.id) for call in charged]
    )


def _document(call: ChargedCall, batch: str) -> Document:
    """Return what `ledger.entry_document` does, made in one go, with the batch that it is of."""
    last = call.last_bundles
    return {
        **({"last_bundles": last.model_dump()} if last else {}),
        "_id": call.key,
        "type": "call",
        "amount": Int64(call.amount),
        "text": call.text,
        "account_id": call.account_id,
        "seq": Int64(call.seq),
        "at": call.at,
        "balance_after": Int64(call.balance_after),
        "seconds_after": call.seconds_after,
        "cause": call.call_id,
        "actor": "switch",
        "call": {
            "answered_at": call.answered_at,
            "caller": call.caller,
            "destination": call.destination,
            "country": call.country,
            "seconds": call.seconds,
            "rated_seconds": call.rated_seconds,
            "free_seconds": call.free_seconds,
            "rate": Int64(call.rate),
        },
        "rated_seconds_after": Int64(call.rated_seconds_after),
        "call_charges_after": Int64(call.call_charges_after),
        "batch": batch,
    }


class OldKeys:
    """Whether calls were charged under keys that do not name their account.

    Only an earlier version wrote such keys, so a process looks once.
    """

    def __init__(self) -> None:
        self._exist: bool | None = None

    async def exist(self, tx: Reader) -> bool:
        """Tell whether the ledger has such keys."""
        if self._exist is None:
            old = {"_id": {"$gte": OLD_KEYS, "$lt": OLD_KEYS_END}}
            self._exist = await tx.documents(LEDGER).find_one(old, fields=["_id"]) is not None
        return self._exist


async def find_entries(tx: Reader, keys: Sequence[str]) -> dict[str, Entry]:
    """Return those of the entries that there are, by key."""
    documents = await tx.documents(LEDGER).find(
        {"_id": {"$in": list(keys)}}, limit=max(len(keys), 1)
    )
    return {document["_id"]: entry_of(document) for document in documents}


async def charged_among(
    tx: Reader, calls: Sequence[tuple[str, str]], before: datetime | None = None
) -> set[tuple[str, str]]:
    """Return those of the calls that are charged, each as an account's id and the call's.

    With `before`, only those that were charged before then.
    """
    if not calls:
        return set()
    keys = await _keys_of(tx, calls)
    # nearly always there are none, and the index alone says so
    query: Document = {"_id": {"$in": keys}}
    if before is not None:
        query["at"] = {"$lt": before}
    documents = await tx.documents(LEDGER).find(
        query, limit=len(keys), fields=["account_id", "cause"]
    )
    return {(document["account_id"], document["cause"]) for document in documents}.intersection(
        calls
    )


async def find_calls(tx: Reader, calls: Sequence[tuple[str, str]]) -> dict[str, Entry]:
    """Return the entries of those calls that are charged, by `entry_key`.

    A call is an account's id and the call's.
    """
    keys = await _keys_of(tx, calls)
    entries = (await find_entries(tx, keys)).values()
    # an old key may be that of another account's call, which by its new key is none of these
    return {entry_key(entry.account_id, entry.cause): entry for entry in entries}


async def _keys_of(tx: Reader, calls: Sequence[tuple[str, str]]) -> list[str]:
    """Return the keys under which calls may be charged."""
    keys = [entry_key(account_id, call_id) for account_id, call_id in calls]
    if await tx.memory(OldKeys).exist(tx):
        keys += {old_entry_key(call_id) for _, call_id in calls}
    return keys


async def find_charged(tx: Reader, intent: Intent) -> list[ChargedCall]:
    """Return what was charged by an intent, in its order: not what others charged before."""
    documents = await tx.documents(LEDGER).find(
        {"_id": {"$in": list(intent.keys)}, "batch": intent.id}, limit=max(len(intent.keys), 1)
    )
    by_key = {document["_id"]: charged_call(entry_of(document)) for document in documents}
    return [by_key[key] for key in intent.keys if key in by_key]


async def last_entries(tx: Reader, account_ids: Iterable[str]) -> dict[str, Entry]:
    """Return the last entry of each account that has one: where its ledger truly stands."""
    ledger = tx.documents(LEDGER)
    documents = await asyncio.gather(
        *(
            ledger.find_one({"account_id": account_id}, sort=[("seq", -1)])
            for account_id in account_ids
        )
    )
    return {document["account_id"]: entry_of(document) for document in documents if document}


# --- processes -------------------------------------------------------------------------------


async def beat(tx: Reader, process: str) -> list[str]:
    """Say that a process lives; return all that do.

    One that was last seen in the future died while its clock was ahead.
    """
    processes, since, until = tx.documents(PROCESSES), tx.now - ALIVE_FOR, tx.now + ALIVE_FOR
    await processes.update({"_id": process}, {"$set": {"at": tx.now}}, upsert=True)
    found = await processes.find({}, sort=[("_id", ASCENDING)], limit=1_000)
    alive = [document["_id"] for document in found if since <= document["at"] <= until]
    if len(alive) < len(found):
        await processes.delete({"$or": [{"at": {"$lt": since}}, {"at": {"$gt": until}}]})
    return alive


async def leave(tx: Reader, process: str) -> None:
    """Say that a process goes."""
    await tx.documents(PROCESSES).delete({"_id": process})
