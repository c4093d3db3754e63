"""Accounts as calls find them: head, state, terms and holds in one document, changed as one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.billing.charging.model.hold import CallAccount, Hold
from services.billing.ledger.model.bundles import LastBundles
from services.billing.ledger.model.ledger import BillingAccount, LedgerHead
from services.billing.ledger.store.billing_accounts import (
    BILLING_ACCOUNTS,
    HOLDS_SOMETHING,
    projection_of,
)
from services.chassis.database import CLOCKS_APART_MAX, Reader, Writer
from services.chassis.mongo import ASCENDING, Document, Int64

_REQUIRED: Final = tuple(field for field in Hold._fields if field not in Hold._field_defaults)
_DEFAULTS: Final = Hold._field_defaults


def _hold_document(hold: Hold) -> Document:
    """Return what is stored of a hold: what is as it mostly is, isn't."""
    document = {
        field: value
        for field, value in hold._asdict().items()
        if field not in _DEFAULTS or value != _DEFAULTS[field]
    }
    return {**document, "money": Int64(hold.money)}


def _hold(document: Mapping[str, Any]) -> Hold:
    others = {field: document[field] for field in _DEFAULTS if field in document}
    return Hold(*(document[field] for field in _REQUIRED), **others)


def _account(document: Document) -> CallAccount:
    account = BillingAccount.model_validate({**document, "id": document["_id"]})
    last = document.get("last_bundles")
    head = LedgerHead(
        account_id=account.id,
        at=document.get("at", account.opened_at),
        seconds=document.get("seconds", account.opening_seconds),
        seq=document["seq"],
        balance=document["balance"],
        rated_seconds=document.get("rated_seconds", 0),
        call_charges=document.get("call_charges", 0),
        last_bundles=LastBundles.model_validate(last) if last else None,
    )
    holds = tuple(map(_hold, document.get("holds", ())))
    return CallAccount(account, head, holds, document.get("revision", 0))


async def find(db: Reader, account_id: str) -> CallAccount | None:
    """Return an account as a call finds it."""
    document = await db.documents(BILLING_ACCOUNTS).find_one({"_id": account_id})
    return _account(document) if document else None


async def find_by_realm(db: Reader, realm: str) -> CallAccount | None:
    """Return the account of a realm as a call finds it."""
    document = await db.documents(BILLING_ACCOUNTS).find_one({"realm": realm}) if realm else None
    return _account(document) if document else None


async def find_by_call(db: Reader, switch_account_id: str, call_id: str) -> list[str]:
    """Return the accounts of this switch that hold something for a call; two are too many."""
    open_hold = {"$elemMatch": {"call_id": call_id, "until": {"$gt": db.now}}}
    served = [{"_id": switch_account_id}, {"parent_path": switch_account_id}]
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"holds.call_id": call_id, "holds": open_hold, "$or": served}, limit=2, fields=["_id"]
    )
    return [document["_id"] for document in documents]


async def find_many(db: Reader, account_ids: Sequence[str]) -> dict[str, CallAccount]:
    """Return those of the accounts that there are, by id."""
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"_id": {"$in": list(account_ids)}}, limit=max(len(account_ids), 1)
    )
    return {document["_id"]: _account(document) for document in documents}


async def holding(
    db: Reader, asker_id: str, account_id: str | None, *, since: str, limit: int
) -> list[tuple[str, tuple[Hold, ...]]]:
    """Return accounts of the asker that hold something, by id, from one on, and what they hold.

    They are looked for among all that hold something: no more calls run than that, and an index of
    its own would cost each of them more.
    """
    query: Document = {
        **HOLDS_SOMETHING,
        "_id": {"$gte": since} if account_id is None else account_id,
        "$or": [{"_id": asker_id}, {"parent_path": asker_id}],
    }
    documents = await db.documents(BILLING_ACCOUNTS).find(
        query,
        sort=[("_id", ASCENDING)],
        limit=limit,
        fields=["holds"],
        hint="held_calls" if account_id is None else None,
    )
    return [(document["_id"], tuple(map(_hold, document["holds"]))) for document in documents]


async def save_each(db: Writer, changed: Sequence[tuple[CallAccount, Sequence[Hold]]]) -> int:
    """Keep other holds for each account of which nothing has changed; return for how many."""
    return await db.documents(BILLING_ACCOUNTS).update_each(
        [
            (
                {"_id": account.billing_account.id, "revision": account.revision},
                {
                    "$set": {"holds": [_hold_document(hold) for hold in holds]},
                    "$inc": {"revision": 1},
                },
            )
            for account, holds in changed
        ]
    )


class Settlement(NamedTuple):
    """An account after some of its calls were charged or came to nothing."""

    account_id: str
    head: LedgerHead | None
    """None: no charge, only calls that came to nothing."""

    call_ids: Sequence[str]


async def settle(db: Writer, charged: Sequence[Settlement]) -> bool:
    """Show what was charged in each account and release what was held for it, in one step.

    An account that already shows a later entry keeps showing it; its holds are released,
    in a second step for all: then False is returned.
    """
    shown = await db.documents(BILLING_ACCOUNTS).update_each([_settlement(one) for one in charged])
    if shown == len(charged):
        return True
    await db.documents(BILLING_ACCOUNTS).update_each(
        [({"_id": one.account_id}, _release(one.call_ids)) for one in charged]
    )
    return False


def settled(account: CallAccount, one: Settlement) -> CallAccount:
    """Return an account as the one step of `settle` leaves it."""
    return account._replace(
        head=one.head or account.head,
        holds=tuple(hold for hold in account.holds if hold.call_id not in one.call_ids),
        revision=account.revision + 1,
    )


def _settlement(one: Settlement) -> tuple[Mapping[str, object], Mapping[str, object]]:
    if one.head is None:
        return {"_id": one.account_id}, _release(one.call_ids)
    query = {"_id": one.account_id, "seq": {"$lt": one.head.seq}}
    return query, {**_release(one.call_ids), "$set": projection_of(one.head)}


def _release(call_ids: Sequence[str]) -> dict[str, object]:
    return {"$pull": {"holds": {"call_id": {"$in": list(call_ids)}}}, "$inc": {"revision": 1}}


async def sweep(db: Writer, now: datetime) -> None:
    """Remove holds that have expired; they count for nothing since then.

    Also those that begin in the future: a clock that had jumped made them, and would keep their
    money until then.
    """
    ahead = {"$gt": now + CLOCKS_APART_MAX}
    over = [{"until": {"$lte": now}}, {"began_at": ahead}]
    await db.documents(BILLING_ACCOUNTS).update_all(
        {**HOLDS_SOMETHING, "$or": [{"holds.until": {"$lte": now}}, {"holds.began_at": ahead}]},
        {"$pull": {"holds": {"$or": over}}, "$inc": {"revision": 1}},
    )


async def states_above(db: Reader, account: BillingAccount) -> tuple[str, ...]:
    """Return the states of the accounts above one; the platform itself has none."""
    documents = await db.documents(BILLING_ACCOUNTS).find(
        {"_id": {"$in": list(account.parent_path)}},
        limit=len(account.parent_path),
        fields=["status"],
    )
    return tuple(document["status"] for document in documents)
