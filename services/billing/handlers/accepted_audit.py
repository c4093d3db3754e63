"""The audit of quotes: whoever accepted one was charged what it said."""

from typing import Final

from services.billing.handlers.audit import FAULTS_MAX
from services.billing.handlers.service import billing
from services.billing.store import accepted
from services.chassis.service import Running

QUOTES_AT_ONCE: Final = 100


@billing.audit
async def audit_accepted_quotes(running: Running) -> list[str]:
    """Prove that the ledger entries of every accepted quote come to it, line by line.

    Quotes that were accepted before they were kept are not looked for. A quote and its entries are
    written together and never changed, so what is read first is enough.
    """
    faults: list[str] = []
    async for quotes in accepted.batches(running.database, QUOTES_AT_ONCE):
        entries = await accepted.entries_of(running.database, quotes)
        found = (quote.fault(entries[quote.key]) for quote in quotes)
        faults += [fault for fault in found if fault]
        if len(faults) >= FAULTS_MAX:
            break
    return faults[:FAULTS_MAX]
