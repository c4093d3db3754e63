"""The audit of credit limits: each is the one that somebody set."""

from typing import Final

from contracts.values import decimal_text
from services.billing.audit.handlers.audit import FAULTS_MAX
from services.billing.audit.store import limits_audit
from services.billing.base.handlers.service import billing
from services.billing.ledger.model.credit_limit import limits_after
from services.chassis.database import Database
from services.chassis.service import Running

ACCOUNTS_AT_ONCE: Final = 500
LOOKS: Final = 3
"""A limit that is being set may differ once or twice: limit and trail are read one by one."""


@billing.audit
async def audit_credit_limits(running: Running) -> list[str]:
    """Prove that every credit limit is the one that the audit trail says was set last.

    The trail forgets: of an account that it says nothing about, any limit is fine.
    """
    database = running.database
    faults: list[str] = []
    some: dict[str, set[int]] = {}

    async def look() -> None:
        limits = await limits_audit.limits_of(database, [*some])
        for account_id, limit in limits.items():
            if some[account_id] and limit not in some[account_id]:
                faults.extend(await _settled(database, account_id))
        some.clear()

    async for account_id, latest in limits_audit.each_trail(database):
        some[account_id] = limits_after(latest)
        if len(some) >= ACCOUNTS_AT_ONCE:
            await look()
        if len(faults) >= FAULTS_MAX:
            break
    await look()
    return faults[:FAULTS_MAX]


async def _settled(database: Database, account_id: str) -> list[str]:
    """Look again, more than once, and return the fault if it stays."""
    fault = ""
    for _ in range(LOOKS):
        ends = [limits_after(one) async for _, one in limits_audit.each_trail(database, account_id)]
        limit = (await limits_audit.limits_of(database, [account_id])).get(account_id)
        if not ends or not ends[0] or limit is None or limit in ends[0]:
            return []
        told = " or ".join(decimal_text(one) for one in sorted(ends[0]))
        shown = decimal_text(limit)
        fault = (
            f"billing account of {account_id}: its credit limit is {shown}, but {told} was set last"
        )
    return [fault]
