"""The audit of sums: what lists say that invoices come to is what they come to."""

from typing import Final

from services.billing.audit.store import sums_audit
from services.billing.base.handlers.service import billing
from services.chassis.service import Running

LOOKS: Final = 3
"""A day whose invoices are being paid may differ once or twice; it is small, so not every time."""


@billing.audit
async def audit_sums(running: Running) -> list[str]:
    """Prove for every seller that the sums which are kept are those of its invoices, day by day."""
    database = running.database
    faults: list[str] = []
    async for reseller_id in sums_audit.each_reseller(database):
        for day in await sums_audit.days_that_differ(database, reseller_id):
            looks = [
                await sums_audit.days_that_differ(database, reseller_id, day) for _ in range(LOOKS)
            ]
            if all(looks):
                faults.append(f"invoices of {reseller_id}: the sums of {day} are not theirs")
    return faults
