"""E-mails about money: a low balance, bills, reminders.

The last reminder tells that the account is suspended, so the suspension has no e-mail of its own.
"""

from contracts.billing import REMINDER_DAYS, BalanceLow, InvoiceIssued, InvoiceOverdue
from services.chassis.annotations import Transaction
from services.notifications.handlers.service import contact_of, router, write_about, write_to
from services.notifications.model import (
    day_text,
    invoice_email_kind,
    money_text,
    period_text,
    what_is_due,
)


@router.hears(BalanceLow)
async def warn_of_low_balance(event: BalanceLow, tx: Transaction) -> None:
    """Tell an account's administrator that its balance is low, once each time that it falls."""
    await write_about(
        tx,
        event,
        "balance-low",
        f"balance-low:{event.account_id}:{event.seq}",
        balance=money_text(event.balance_after + event.credit_limit, event.currency),
        threshold=money_text(event.threshold + event.credit_limit, event.currency),
    )


@router.hears(InvoiceIssued)
async def bring_invoice(event: InvoiceIssued, tx: Transaction) -> None:
    """Bring an account's administrator an invoice or a credit note, the last one as well."""
    contact = await contact_of(tx, event.account_id)
    if contact.forgotten:
        return
    await write_to(
        tx,
        contact,
        invoice_email_kind(event.kind, closed=contact.closed),
        f"invoice-issued:{event.invoice_id}",
        reseller_id=event.reseller_id,
        invoice_id=event.invoice_id,
        number=event.number,
        period=period_text(event.period_start, event.period_end),
        total=money_text(abs(event.total), event.currency),
        due_on=day_text(event.due_on),
        **what_is_due(event.due, event.receivables, event.currency),
    )


@router.hears(InvoiceOverdue)
async def remind_of_invoice(event: InvoiceOverdue, tx: Transaction) -> None:
    """Remind of an unpaid invoice; its last reminder says that the account is suspended."""
    await write_about(
        tx,
        event,
        "account-suspended" if event.days == REMINDER_DAYS[-1] else "invoice-reminder",
        f"invoice-overdue:{event.invoice_id}:{event.days}",
        number=event.number,
        due_on=day_text(event.due_on),
        **what_is_due(event.due, event.receivables, event.currency),
    )
