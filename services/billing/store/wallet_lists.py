"""What lists and totals show of many wallets at once."""

from collections.abc import Sequence
from typing import NamedTuple

from contracts.billing import WalletSummary
from services.billing.model.plan import SECONDS_PER_MINUTE
from services.billing.store.wallets import WALLETS
from services.chassis.database import Reader


class Totals(NamedTuple):
    """The open accounts of a reseller together; money in micro-units."""

    monthly_charge: int = 0
    credit: int = 0
    below_zero: int = 0


async def summaries(
    tx: Reader, parent_id: str, account_ids: Sequence[str]
) -> tuple[WalletSummary, ...]:
    """Return those of the wallets that are directly below an account."""
    documents = await tx.documents(WALLETS).find(
        {"_id": {"$in": list(account_ids)}, "parent_id": parent_id},
        limit=max(len(account_ids), 1),
    )
    return tuple(
        WalletSummary(
            account_id=document["_id"],
            balance=document["balance"],
            currency=document["currency"],
            bundle_minutes=document["bundle_minutes"],
            bundle_minutes_left=document["seconds_left"] // SECONDS_PER_MINUTE,
            credit_limit=document.get("credit_limit", 0),
        )
        for document in documents
    )


async def totals(tx: Reader, parent_id: str) -> Totals:
    """Return the totals over the open accounts directly below an account."""
    is_below_zero = {"$cond": [{"$lte": ["$balance", 0]}, 1, 0]}
    groups = await tx.documents(WALLETS).aggregate(
        [
            {"$match": {"parent_id": parent_id, "open": True}},
            {"$project": {"_id": 0, "balance": 1, "monthly_charge": 1}},
            {
                "$group": {
                    "_id": None,
                    "monthly_charge": {"$sum": "$monthly_charge"},
                    "credit": {"$sum": "$balance"},
                    "below_zero": {"$sum": is_below_zero},
                }
            },
            {"$unset": "_id"},
        ]
    )
    return Totals(**groups[0]) if groups else Totals()
