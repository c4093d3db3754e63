"""Standings: how often what an account owes has changed, so that the newest one can be told."""

from collections.abc import Sequence
from typing import Final

from services.chassis.database import Transaction

STANDINGS: Final = "standings"


async def next_versions(tx: Transaction, account_ids: Sequence[str]) -> dict[str, int]:
    """Return the version that the next standing of each account has.

    They are kept beside the accounts, which calls change all the time: a batch of accounts that are
    on the phone would never commit.
    """
    ids = sorted(set(account_ids))
    kept = tx.documents(STANDINGS)
    versions = {
        one["_id"]: one["version"] + 1
        for one in await kept.find({"_id": {"$in": ids}}, limit=max(len(ids), 1))
    }
    await kept.update_each([({"_id": one}, {"$inc": {"version": 1}}) for one in versions])
    fresh = [one for one in ids if one not in versions]
    await kept.insert(*({"_id": one, "version": 1} for one in fresh))
    return versions | dict.fromkeys(fresh, 1)
