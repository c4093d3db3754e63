"""Reminders of unpaid invoices: each is announced once, whoever finds that its time has come."""

import asyncio
from typing import Final

from contracts.billing import InvoiceOverdue
from services.billing.base.handlers.service import billing
from services.billing.base.handlers.workers import process_each
from services.billing.invoicing.handlers.issuing import new_receivables
from services.billing.invoicing.handlers.payments import pay_if_covered
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.store import invoices
from services.billing.ledger.store import billing_accounts
from services.chassis.database import Transaction, Trigger
from services.chassis.service import Running

LOOK_SECONDS: Final = 5.0
INVOICES_PER_LOOK: Final = 100


@billing.background
async def keep_reminding(running: Running) -> None:
    """Remind of what is unpaid, again and again."""
    while True:
        await remind_due(running)
        await asyncio.sleep(LOOK_SECONDS)


async def remind_due(running: Running) -> None:
    """Announce every reminder that is due, those of one invoice in order.

    An invoice that fails is logged and left for the next time.
    """
    failed: set[str] = set()
    while True:
        reader = running.database.reader()
        limit = INVOICES_PER_LOOK + len(failed)
        found = await invoices.due_for_reminder(reader, reader.now, limit=limit)
        due = [invoice for invoice in found if invoice.id not in failed]
        if not due:
            return
        left = await process_each(
            due, lambda invoice: _remind(running, invoice), lambda one: one.id
        )
        failed |= {invoice.id for invoice in left}


async def _remind(running: Running, seen: StoredInvoice) -> None:
    async def remind(tx: Transaction) -> None:
        invoice = await invoices.find(tx, seen.id)
        assert invoice is not None, f"{seen.id} is lost"
        # it may have been paid since it was found; clocks that differ must not remind of it twice
        if not invoice.is_unpaid or invoice.reminded_days != seen.reminded_days:
            return
        account = await billing_accounts.find(tx, invoice.account_id)
        if account is not None and await pay_if_covered(tx, account):
            return  # running calls held the money when it came, and hold it no more
        (reminded,) = await invoices.save(tx, invoice.reminded(tx.now))
        assert reminded.due_on is not None, "what is reminded of was issued"
        tx.announce(
            InvoiceOverdue(
                invoice_id=reminded.id,
                account_id=reminded.account_id,
                reseller_id=reminded.reseller_id,
                number=reminded.number,
                due=reminded.due,
                currency=reminded.currency,
                due_on=reminded.due_on,
                days=reminded.reminded_days,
                receivables=await new_receivables(tx, reminded.account_id),
            )
        )

    key = f"{seen.id}:{seen.reminded_days}"
    trigger = Trigger(message_id=key, correlation_id=f"reminder:{key}")
    await running.database.once(f"{billing.name}.reminders", trigger, remind)
