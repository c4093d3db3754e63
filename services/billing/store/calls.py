"""Reads of charged calls, as fast over a million of them as over a few."""

from collections.abc import Sequence
from datetime import datetime

from contracts.billing import CallOwner
from services.billing.model.ledger import Entry, Standing, Wallet, standing_of
from services.billing.store.ledger import BILLED_CALL, LEDGER, entry_of
from services.billing.store.wallets import WALLETS
from services.chassis.database import Reader
from services.chassis.mongo import DESCENDING


async def billed_newest_first(
    tx: Reader, account_id: str, *, after_seq: int, up_to_seq: int, limit: int
) -> list[Entry]:
    """Return billed calls with `after_seq` < seq ≤ `up_to_seq`."""
    documents = await tx.documents(LEDGER).find(
        {
            "account_id": account_id,
            "seq": {"$gt": after_seq, "$lte": up_to_seq},
            **BILLED_CALL,
        },
        sort=[("seq", DESCENDING)],
        limit=limit,
        hint="billed_calls",
    )
    return [entry_of(document) for document in documents]


async def standings_before(
    tx: Reader, wallet: Wallet, moments: Sequence[datetime]
) -> list[Standing]:
    """Return where the ledger of a wallet stood before each moment: one look at an index each."""
    found = await tx.documents(WALLETS).aggregate(
        [
            {"$match": {"_id": wallet.id}},
            {"$project": {"moment": {"$literal": list(moments)}}},
            {"$unwind": "$moment"},
            {
                "$lookup": {
                    "from": LEDGER,
                    "let": {"moment": "$moment"},
                    "pipeline": [
                        {
                            "$match": {
                                "account_id": wallet.id,
                                "$expr": {"$lt": ["$at", "$$moment"]},
                            }
                        },
                        {"$sort": {"at": DESCENDING, "seq": DESCENDING}},
                        {"$limit": 1},
                    ],
                    "as": "last",
                }
            },
        ]
    )
    last_entries = [document["last"] for document in found]
    return [standing_of(wallet, entry_of(last[0]) if last else None) for last in last_entries]


async def find_owners(
    tx: Reader, viewer_id: str, account_ids: Sequence[str], realms: Sequence[str]
) -> tuple[CallOwner, ...]:
    """Return those of the accounts, by id or by realm, that are the viewer's own or below it."""
    named = [{"_id": {"$in": list(account_ids)}}, {"realm": {"$in": list(filter(None, realms))}}]
    theirs = [{"_id": viewer_id}, {"parent_path": viewer_id}]
    documents = await tx.documents(WALLETS).find(
        {"$and": [{"$or": named}, {"$or": theirs}]},
        limit=max(len(account_ids) + len(realms), 1),
        fields=["realm"],
    )
    return tuple(
        CallOwner(account_id=document["_id"], realm=document["realm"]) for document in documents
    )
