"""Paying invoices and giving money back: what moves in the ledger, and what may be typed."""

from collections.abc import Iterable

from accounts_manager.formatting import money
from contracts.base import FieldError
from services.billing.base.model.money import check_decimals, minor_unit
from services.billing.invoicing.model.invoice import Payment, StoredInvoice
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.model.movement import Movement


def payment_movements(invoice: StoredInvoice, payment: Payment, key: str) -> tuple[Movement, ...]:
    """Return what a payment moves; money from outside comes in and goes out again."""
    paid = Movement(
        key=key,
        type="payment",
        amount=-payment.amount,
        text=f"Payment of invoice {invoice.number}",
    )
    if payment.source == "balance":
        return (paid,)
    note = f": {payment.note}" if payment.note else ""
    received = Movement(
        key=f"{key}:credit",
        type="credit",
        amount=payment.amount,
        text=f"Payment received for invoice {invoice.number}{note}",
    )
    return (received, paid)


def write_off_movements(invoice: StoredInvoice) -> tuple[Movement, Movement]:
    """Return the movements that write off what is due of an invoice; they cancel out."""
    key, number = f"write-off:{invoice.id}", invoice.number
    paid = Movement(
        key=f"{key}:payment",
        type="payment",
        amount=-invoice.due,
        text=f"Payment of invoice {number}, written off",
    )
    given_up = Movement(
        key=key, type="write-off", amount=invoice.due, text=f"Invoice {number} written off"
    )
    return given_up, paid


def parts_paid(
    unpaid: Iterable[StoredInvoice], amount: int
) -> tuple[tuple[StoredInvoice, int], ...]:
    """Return what an amount pays of unpaid invoices, the first ones first, in whole coins."""
    parts: list[tuple[StoredInvoice, int]] = []
    for invoice in unpaid:
        part = min(amount - amount % minor_unit(invoice.currency), invoice.due)
        if part <= 0:
            break
        parts.append((invoice, part))
        amount -= part
    return tuple(parts)


def refund_movement(note: StoredInvoice, amount: int, key: str) -> Movement:
    """Return what a credit note adds to the balance."""
    return Movement(
        key=key,
        type="adjustment",
        amount=amount,
        text=f"Credit note {note.number} for invoice {note.corrects_number}",
    )


def check_paid_amount(amount: int, currency: str) -> list[FieldError]:
    """Return what is wrong with an amount that is to be paid: it must be coins, and some."""
    if amount <= 0:
        return [_error("out-of-range", "Enter the amount as one above zero.")]
    return check_decimals(amount, currency, "/amount", "the amount")


def check_due_amount(amount: int, invoice: StoredInvoice) -> list[FieldError]:
    """Return what is wrong with an amount that is to be paid of an invoice."""
    if amount <= invoice.due:
        return check_paid_amount(amount, invoice.currency)
    due = money(invoice.due, invoice.currency)
    detail = f"Only {due} is due on {invoice.number}. Enter that or less."
    return [_error("amount-exceeds-due", detail)]


def check_credited_amount(amount: int, invoice: StoredInvoice) -> list[FieldError]:
    """Return what is wrong with an amount that is to be credited; the whole rest is always fine."""
    if amount == invoice.creditable:
        return []
    errors = check_paid_amount(amount, invoice.currency)
    if not errors and amount > invoice.creditable:
        most = money(invoice.creditable, invoice.currency)
        detail = f"Only {most} of this invoice can still be credited. Enter that or less."
        errors.append(_error("out-of-range", detail))
    return errors


def _error(kind: str, detail: str) -> FieldError:
    return FieldError(pointer="/amount", type=kind, detail=detail)


def adjustment_movement(
    account_id: str, request_id: str, amount: int, reason: str, corrected: Entry | None
) -> Movement:
    """Return the movement by which a parent adjusts a balance, maybe to correct an entry."""
    what = f"Correction of entry {corrected.seq}" if corrected else "Adjustment"
    return Movement(
        key=f"{account_id}:adjustment:{request_id}",
        type="adjustment",
        amount=amount,
        text=f"{what}: {reason}",
        corrects_seq=corrected.seq if corrected else None,
        billed=False,
    )
