"""Reads of charged calls, as fast over a million of them as over a few."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contracts.billing import CallAccount
from services.billing.charging.model.call import entry_key, old_entry_key
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.billing.ledger.store.ledger import BILLED_CALL, LEDGER, entry_of
from services.chassis.database import Reader
from services.chassis.mongo import DESCENDING, Document

KEYS_AT_ONCE: Final = 1_000


async def billed_newest_first(
    db: Reader,
    account_id: str,
    *,
    start: datetime | None,
    end: datetime | None,
    before: tuple[datetime, int] | None,
    limit: int,
) -> list[Entry]:
    """Return billed calls with `start` ≤ answered at < `end`, the last answered first.

    `before` is the answer and the `seq` of the last one that was shown.
    """
    answered: Document = {}
    if start is not None:
        answered["$gte"] = start
    if end is not None:
        answered["$lt"] = end
    query: Document = {"account_id": account_id, **BILLED_CALL}
    if before is not None:
        answered_at, seq = before
        answered["$lte"] = answered_at
        query["$or"] = [
            {"call.answered_at": {"$lt": answered_at}},
            {"call.answered_at": answered_at, "seq": {"$lt": seq}},
        ]
    if answered:
        query["call.answered_at"] = answered
    documents = await db.documents(LEDGER).find(
        query,
        sort=[("call.answered_at", DESCENDING), ("seq", DESCENDING)],
        limit=limit,
        hint="billed_calls_by_answer",
    )
    return [entry_of(document) for document in documents]


async def find_by_id(db: Reader, asker_id: str, call_id: str) -> list[Entry]:
    """Return the charged calls with an id, of the viewer's own account and those below it.

    Each account's entry would have a key of its own: they are looked up by their keys, many at a
    time, so that no call needs an index of ids.
    """
    found: list[Entry] = []
    theirs = {"$or": [{"_id": asker_id}, {"parent_id": asker_id}]}
    async for batch in db.documents(BILLING_ACCOUNTS).batches(
        theirs, fields=["_id"], size=KEYS_AT_ONCE
    ):
        keys = [entry_key(document["_id"], call_id) for document in batch]
        documents = await db.documents(LEDGER).find({"_id": {"$in": keys}}, limit=len(keys))
        found += [entry_of(document) for document in documents]
    old = await db.documents(LEDGER).find_one({"_id": old_entry_key(call_id)})
    if old is not None:
        account = await db.documents(BILLING_ACCOUNTS).find_one({"_id": old["account_id"]})
        if account is not None and asker_id in {account["_id"], account["parent_id"]}:
            found.append(entry_of(old))
    return [entry for entry in found if entry.call is not None]


async def find_owners(
    db: Reader, asker_id: str, account_ids: Sequence[str], realms: Sequence[str]
) -> tuple[CallAccount, ...]:
    """Return those of the accounts, by id or by realm, that are the viewer's own or below it."""
    named = [{"_id": {"$in": list(account_ids)}}, {"realm": {"$in": list(filter(None, realms))}}]
    theirs = [{"_id": asker_id}, {"parent_path": asker_id}]
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"$and": [{"$or": named}, {"$or": theirs}]},
        limit=max(len(account_ids) + len(realms), 1),
        fields=["realm"],
    )
    return tuple(
        CallAccount(account_id=document["_id"], realm=document["realm"]) for document in documents
    )
