"""What keeps the inventory in order: holds and quarantines that have ended, and the audit."""

from collections.abc import Sequence
from typing import Final

from contracts.accounts import AccountStatus, FindAccountStates
from services.chassis.database import Transaction
from services.chassis.service import Running
from services.numbers.handlers.service import numbers
from services.numbers.model import numbers as model
from services.numbers.model.numbers import Number
from services.numbers.store import numbers as store

TIDIED_NUMBERS_MAX: Final = 2_000
"""How many ended holds and quarantines are written down in one minute."""

AUDITED_NUMBERS: Final = 1_000
"""How many numbers are checked at once; `FindAccountStates` takes as many accounts."""


@numbers.each_minute
async def tidy(tx: Transaction) -> None:
    """Write down which holds and quarantines have ended; readers count them as over already."""
    await store.move(tx, await store.passed(tx, TIDIED_NUMBERS_MAX), "available")


@numbers.audit
async def every_number_has_its_owner(running: Running) -> list[str]:
    """Every number that is held for an account or assigned has one that exists and is not over."""
    faults: list[str] = []
    batch: list[Number] = []
    async for number in store.owned(running.database):
        batch.append(number)
        if len(batch) == AUDITED_NUMBERS:
            faults += await _ownership_faults(running, batch)
            batch = []
    return faults + await _ownership_faults(running, batch)


async def _ownership_faults(running: Running, batch: Sequence[Number]) -> list[str]:
    if not batch:
        return []
    owners = sorted({number.account_id for number in batch if number.account_id})
    answer = await running.bus.ask(FindAccountStates(account_ids=tuple(owners)))
    statuses: dict[str, AccountStatus] = {state.account_id: state.status for state in answer.data}
    now = running.clock()
    faults = (
        model.ownership_fault(number, statuses.get(number.account_id or ""), now)
        for number in batch
    )
    return [fault for fault in faults if fault]
