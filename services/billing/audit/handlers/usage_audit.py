"""The audit of usage: sums of days are those of the billed calls that they cover."""

from datetime import datetime
from typing import Final

from contracts.base import Refused
from contracts.values import decimal_text
from services.billing.audit.handlers.audit import FAULTS_MAX
from services.billing.audit.store import usage_audit
from services.billing.audit.store.usage_audit import Difference, Window
from services.billing.base.handlers.service import billing
from services.billing.ledger.model.usage import Usage
from services.billing.ledger.store import usage_sums
from services.billing.ledger.store.usage import DAY
from services.chassis.database import Database
from services.chassis.service import Running

LOOKS: Final = 5
"""A day whose calls are being summed is read again; it takes a moment only."""


@billing.audit
async def audit_usage(running: Running) -> list[str]:
    """Prove for every account that its sums of days and quarter hours are those of its calls.

    Calls are added up in the database, a few days at a time: an account may have millions.
    """
    database = running.database
    ownerless = set(await usage_audit.summed_without_head(database))
    if ownerless:  # sums that were being dropped are gone now
        ownerless &= {*await usage_audit.summed_without_head(database)}
    faults = [
        f"usage of {account_id}: there are sums of its calls, but not up to which entry"
        for account_id in sorted(ownerless)
    ]
    async for account_id, seq in usage_audit.each_summed(database):
        # the ledger only grows: what ends before the sums do has lost something
        if (end := await usage_audit.ledger_ends(database, account_id)) < seq:
            faults.append(f"usage of {account_id}: summed up to entry {seq}, the last is {end}")
        faults += await _faults_of(database, account_id)
        if len(faults) >= FAULTS_MAX:
            break
    return faults[:FAULTS_MAX]


@billing.operation("sum-calls-again")
async def sum_calls_again(running: Running, words: list[str]) -> None:
    """Make the sums of an account's calls anew from its ledger."""
    if len(words) != 1:
        raise Refused("invalid-fields", "Name one account: sum-calls-again ACCOUNT")
    (account_id,) = words
    await usage_sums.drop(running.database, account_id)
    while await usage_sums.advance(running.database, account_id):
        pass


async def _faults_of(database: Database, account_id: str) -> list[str]:
    """Return each day of an account whose sums aren't those of its calls."""
    days: set[datetime] = set()
    for window in await usage_audit.windows(database, account_id):
        found, _ = await usage_audit.differences(database, account_id, window)
        days |= {one.day for one in found}
    looks = [await _settled(database, account_id, day) for day in sorted(days)]
    return [f"usage of {account_id}: {_told(one)}" for one in looks if one is not None]


async def _settled(database: Database, account_id: str, day: datetime) -> Difference | None:
    """Look at a day again until nothing is summed meanwhile, and return what differs first."""
    for _ in range(LOOKS):
        found, is_sure = await usage_audit.differences(database, account_id, Window(day, day + DAY))
        if is_sure or not found:
            return found[0] if found else None
    return None


def _told(one: Difference) -> str:
    return f"{_sum(one.kept)} are kept of {one.time}, but its calls come to {_sum(one.of_calls)}"


def _sum(usage: Usage) -> str:
    return f"{usage.rated_seconds} s and {decimal_text(usage.call_charges)}"
