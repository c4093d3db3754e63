"""What charging calls writes to the ledger outside any transaction, after its intent."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.billing.charging.model.call import (
    OLD_KEYS,
    OLD_KEYS_END,
    CallCharge,
    charged_call,
    entry_key,
    old_entry_key,
)
from services.billing.charging.store.intents import Intent
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.store.ledger import LEDGER, entry_of
from services.chassis.database import Reader, Writer
from services.chassis.mongo import Document, Int64

LOOK_FOR_OLD_KEYS_AFTER: Final = timedelta(seconds=1)


async def insert(db: Writer, intent: Intent, charged: Sequence[CallCharge]) -> int:
    """Append entries in order, until one is refused; return how many stand.

    Refused is a call that was charged before, and a `seq` that another writer has taken.
    """
    return await db.documents(LEDGER).insert_until_refused(
        [_document(call, intent.id) for call in charged]
    )


def _document(call: CallCharge, batch: str) -> Document:
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
            **({"rate_fraction": call.rate_fraction} if call.rate_fraction else {}),
            **({"notes": call.notes.model_dump(exclude_defaults=True)} if call.notes else {}),
        },
        "rated_seconds_after": Int64(call.rated_seconds_after),
        "call_charges_after": Int64(call.call_charges_after),
        "batch": batch,
    }


class OldKeys:
    """Whether calls were charged under keys that do not name their account.

    Only an earlier version writes such keys. One of its processes may still run beside this one,
    so a ledger without any is looked at again, at most once a second.
    """

    def __init__(self) -> None:
        self._exist = False
        self._looked_at: datetime | None = None

    async def exist(self, db: Reader) -> bool:
        """Tell whether the ledger has such keys."""
        looked_at = self._looked_at
        if not self._exist and (
            looked_at is None or abs(db.now - looked_at) >= LOOK_FOR_OLD_KEYS_AFTER
        ):
            old = {"_id": {"$gte": OLD_KEYS, "$lt": OLD_KEYS_END}}
            self._exist = await db.documents(LEDGER).find_one(old, fields=["_id"]) is not None
            self._looked_at = db.now
        return self._exist


async def find_entries(db: Reader, keys: Sequence[str]) -> dict[str, Entry]:
    """Return those of the entries that there are, by key."""
    documents = await db.documents(LEDGER).find(
        {"_id": {"$in": list(keys)}}, limit=max(len(keys), 1)
    )
    return {document["_id"]: entry_of(document) for document in documents}


async def charged_among(
    db: Reader, calls: Sequence[tuple[str, str]], before: datetime | None = None
) -> set[tuple[str, str]]:
    """Return those of the calls that are charged, each as an account's id and the call's.

    With `before`, only those that were charged before then.
    """
    if not calls:
        return set()
    keys = await _keys_of(db, calls)
    # nearly always there are none, and the index alone says so
    query: Document = {"_id": {"$in": keys}}
    if before is not None:
        query["at"] = {"$lt": before}
    documents = await db.documents(LEDGER).find(
        query, limit=len(keys), fields=["account_id", "cause"]
    )
    return {(document["account_id"], document["cause"]) for document in documents}.intersection(
        calls
    )


async def find_calls(db: Reader, calls: Sequence[tuple[str, str]]) -> dict[str, Entry]:
    """Return the entries of those calls that are charged, by `entry_key`.

    A call is an account's id and the call's.
    """
    keys = await _keys_of(db, calls)
    entries = (await find_entries(db, keys)).values()
    # an old key may be that of another account's call, which by its new key is none of these
    return {entry_key(entry.account_id, entry.cause): entry for entry in entries}


async def _keys_of(db: Reader, calls: Sequence[tuple[str, str]]) -> list[str]:
    """Return the keys under which calls may be charged."""
    keys = [entry_key(account_id, call_id) for account_id, call_id in calls]
    if await db.memory(OldKeys).exist(db):
        keys += {old_entry_key(call_id) for _, call_id in calls}
    return keys


async def find_charged(db: Reader, intent: Intent) -> list[CallCharge]:
    """Return what was charged by an intent, in its order: not what others charged before."""
    documents = await db.documents(LEDGER).find(
        {"_id": {"$in": list(intent.keys)}, "batch": intent.id}, limit=max(len(intent.keys), 1)
    )
    by_key = {document["_id"]: charged_call(entry_of(document)) for document in documents}
    return [by_key[key] for key in intent.keys if key in by_key]


async def last_entries(db: Reader, account_ids: Iterable[str]) -> dict[str, Entry]:
    """Return the last entry of each account that has one: where its ledger truly stands."""
    ledger = db.documents(LEDGER)
    documents = await asyncio.gather(
        *(
            ledger.find_one({"account_id": account_id}, sort=[("seq", -1)])
            for account_id in account_ids
        )
    )
    return {document["account_id"]: entry_of(document) for document in documents if document}
