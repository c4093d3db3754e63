"""The books of an account: its invoices beside its ledger, to prove that they say the same."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from contracts.billing import REMINDER_DAYS
from contracts.values import decimal_text
from services.billing.base.model.money import tax_on
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.model.invoice_lines import INVOICE_CAUSE, NOT_BILLED, tax_by_percent
from services.billing.ledger.model.ledger import Entry

OVERDUE_AFTER: Final = timedelta(days=1)
LIFTED_AFTER: Final = timedelta(minutes=1)
"""A payment lifts a suspension at once; the news of it travels for a moment."""


class KeptInvoice(NamedTuple):
    """An invoice as it is kept: with the sums that lists show of it."""

    invoice: StoredInvoice
    total: int
    due: int


class KeptAccount(NamedTuple):
    """What a billing account's document says of its ledger and its invoices."""

    account_id: str
    seq: int
    balance: int
    invoiced_seq: int
    renews_at: datetime | None
    status: str = "active"

    def shows(self, seq: int, balance: int) -> bool:
        """Tell whether it is that of a ledger which ends so."""
        return (self.seq, self.balance) == (seq, balance)

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it should have been billed long ago."""
        return self.renews_at is not None and self.renews_at < now - OVERDUE_AFTER


def is_suspended_for_nothing(
    account: KeptAccount, invoices: Sequence[KeptInvoice], now: datetime
) -> bool:
    """Tell whether an account is suspended though no invoice has had its last reminder."""
    kept = [one.invoice for one in invoices]
    owes = any(one.is_unpaid and one.reminded_days == REMINDER_DAYS[-1] for one in kept)
    if account.status != "suspended" or owes:
        return False
    settled = [payment.at for one in kept for payment in one.payments]
    settled += [one.issued_at for one in kept if one.corrects_id and one.issued_at is not None]
    return all(at < now - LIFTED_AFTER for at in settled)


def has_tax_of_its_lines(invoice: StoredInvoice) -> bool:
    """Tell whether its tax is that of the percentages that were fixed with its lines.

    Older invoices, whose lines do not tell a percentage, are taken as they are.
    """
    if any(line.tax_percent is None for line in invoice.lines):
        return True
    taxed = tax_by_percent(invoice.lines)
    told = {line.tax_percent: line.amount for line in invoice.lines if line.kind == "tax"}
    # adjustments may stand for many charges, each rounded by itself
    return told == {percent: tax for percent, tax in taxed.items() if tax} and all(
        line.tax == tax_on(line.amount, line.tax_percent or 0, invoice.currency)
        for line in invoice.lines
        if line.kind not in {"tax", "adjustment"}
    )


class Books:
    """What an audit has seen of an account: it holds the invoices, and sums of the entries only."""

    def __init__(self, account_id: str, invoiced_seq: int, invoices: Sequence[KeptInvoice]) -> None:
        self._account_id = account_id
        self._invoiced_seq = invoiced_seq
        self._kept = invoices
        self._ranges = [one.invoice for one in invoices if not one.invoice.corrects_id]
        self._next = 0
        self._charged: Counter[str] = Counter()
        """By invoice what entries took from the balance for its lines."""

        self._paid: Counter[str] = Counter()
        """By invoice what entries paid of it, also what was written off."""

        self._stray = ""

    def see(self, entry: Entry) -> None:
        """Take the next entry of the ledger into account."""
        is_line = entry.billed and entry.type not in NOT_BILLED
        if entry.amount == 0:
            return
        # the cause of a call is whatever the switch called it
        if entry.type == "call" or not entry.cause.startswith(INVOICE_CAUSE):
            if is_line:
                self._bill(entry)
        elif entry.type == "payment":
            self._paid[entry.cause] -= entry.amount
        elif is_line:
            self._charged[entry.cause] -= entry.amount

    def _bill(self, entry: Entry) -> None:
        while self._next < len(self._ranges) and self._ranges[self._next].up_to_seq < entry.seq:
            self._next += 1
        invoice = self._ranges[self._next] if self._next < len(self._ranges) else None
        if invoice is not None and invoice.after_seq < entry.seq:
            self._charged[invoice.id] -= entry.amount
        elif entry.seq <= self._invoiced_seq and not self._stray:
            self._stray = f"entry {entry.seq} is in no invoice"

    @property
    def fault(self) -> str:
        """The first fault after all entries were seen; empty when there is none."""
        fault = self._stray or next(self._faults(), "")
        return f"invoices of {self._account_id}: {fault}" if fault else ""

    def _faults(self) -> Iterator[str]:
        for one, following in pairwise(self._ranges):
            if following.after_seq < one.up_to_seq:
                yield f"entries up to {one.up_to_seq} are in {one.id} and in {following.id}"
        if self._ranges and self._ranges[-1].up_to_seq > self._invoiced_seq:
            yield "the billing account does not know of the last one"
        known = {one.invoice.id for one in self._kept}
        for invoice_id in sorted({*self._charged, *self._paid} - known):
            yield f"there are entries of {invoice_id}, which does not exist"
        for one in self._kept:
            yield from self._faults_of(one)

    def _faults_of(self, kept: KeptInvoice) -> Iterator[str]:
        invoice = kept.invoice
        charged = self._charged[invoice.id]
        if charged != invoice.paid_by_credit + invoice.rounding:
            shown = decimal_text(invoice.paid_by_credit + invoice.rounding)
            yield f"entries charged {decimal_text(charged)} of {invoice.id}, not {shown}"
        paid, settled = self._paid[invoice.id], invoice.paid + invoice.written_off
        if paid != settled:
            shown = decimal_text(settled)
            yield f"entries paid {decimal_text(paid)} of {invoice.id}, not {shown}"
        if (kept.total, kept.due) != (invoice.total, invoice.due):
            yield f"the sums that lists show of {invoice.id} are not those of its lines"
        if not invoice.corrects_id and not has_tax_of_its_lines(invoice):
            yield f"the tax of {invoice.id} is not that of its lines"
        if invoice.due < 0:
            yield f"less than nothing is due of {invoice.id}"
