"""The audit of quotes: whoever accepted one was charged what it said."""

from typing import Final

from services.billing.audit.handlers.audit import FAULTS_MAX
from services.billing.base.handlers.service import billing
from services.billing.lifecycle.store import accepted
from services.chassis.service import Running

QUOTES_AT_ONCE: Final = 100


@billing.audit
async def audit_accepted_quotes(running: Running) -> list[str]:
    """Prove that the ledger entries of every accepted quote come to it, line by line.

    Quotes that were accepted before they were kept are not looked for.
    """
    database = running.database
    faults: list[str] = []
    async for quotes in accepted.batches(database, QUOTES_AT_ONCE):
        entries = await accepted.entries_of(database, quotes)
        for quote in quotes:
            if quote.fault(entries[quote.key]):
                # what was undone while it was read is whole the second time
                again = await accepted.entries_of(database, [quote])
                fault = quote.fault(again[quote.key])
                faults += [fault] if fault else []
        if len(faults) >= FAULTS_MAX:
            break
    return faults[:FAULTS_MAX]
