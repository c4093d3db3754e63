"""What a parent may type who adjusts a balance, corrects an entry or sets a credit limit."""

from typing import Final

from accounts_manager.formatting import price
from contracts.base import FieldError
from contracts.values import AMOUNT_MICROS_MAX
from services.billing.base.model.money import check_decimals
from services.billing.base.model.names import check_text
from services.billing.ledger.model.ledger import Entry

OF_INVOICES: Final = frozenset({"payment", "write-off"})
"""Entries that an invoice counts on: it is corrected by a credit note instead."""


def check_adjustment(amount: int, reason: str, currency: str) -> list[FieldError]:
    """Return what is wrong with an adjustment that names no entry."""
    return [*_check_amount(amount, currency), *_check_reason(reason)]


def check_correction(
    amount: int, reason: str, entry: Entry, corrected_by: int, currency: str
) -> list[FieldError]:
    """Return what is wrong with an adjustment that corrects an entry.

    An entry and all its corrections (`corrected_by`: those before) keep the sign of the entry, or
    come to nothing: nobody takes back more than was moved. Taking back all that is left is always
    fine, also where a call cost less than a coin.
    """
    errors = _check_reason(reason)
    if entry.type in OF_INVOICES:
        detail = "This transaction belongs to an invoice. Issue a credit note instead."
        return [*errors, _error("/entry_seq", "not-correctable", detail)]
    left = entry.amount + corrected_by
    if left == 0:
        detail = f"Transaction {entry.seq} is already fully corrected."
        return [*errors, _error("/entry_seq", "not-correctable", detail)]
    if amount == -left:
        return errors
    if amount and (left + amount) * left < 0:
        most = price(-left, currency)
        detail = f"Transaction {entry.seq} can be corrected by {most} at most."
        return [_error("/amount", "out-of-range", detail), *errors]
    return [*_check_amount(amount, currency), *errors]


def check_credit_limit(amount: int, currency: str) -> list[FieldError]:
    """Return what is wrong with a credit limit."""
    if not 0 <= amount <= AMOUNT_MICROS_MAX:
        detail = "Enter the credit limit as an amount of zero or more."
        return [_error("/credit_limit", "out-of-range", detail)]
    return check_decimals(amount, currency, "/credit_limit", "the credit limit")


def _check_amount(amount: int, currency: str) -> list[FieldError]:
    if amount == 0:
        detail = "Enter an amount other than zero, such as -40.00 to take money off the balance."
        return [_error("/amount", "out-of-range", detail)]
    return check_decimals(amount, currency, "/amount", "the amount")


def _check_reason(reason: str) -> list[FieldError]:
    required = "Enter a reason. The customer reads it."
    return check_text(reason, "/reason", "the reason", required=required)


def _error(pointer: str, kind: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, type=kind, detail=detail)
