"""An invoice: what an account is charged, what of it is paid, and what is still due."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.billing import (
    REMINDER_DAYS,
    InvoiceKind,
    InvoiceLine,
    InvoiceParty,
    InvoiceStatus,
    PaymentSource,
    Receivables,
)
from contracts.values import Moment
from services.billing.base.model.money import minor_unit, round_half_up
from services.billing.ledger.model.ledger import local_day

NUMBER_DIGITS: Final = 6
NOBODY: Final = InvoiceParty(name="")
"""Who sends or gets a draft: parties are frozen when it is issued."""


def rounding_of(line: InvoiceLine) -> int:
    """Return what calls took from the balance beyond the amount of their line, in micro-units."""
    return 0 if line.exact_amount is None else line.exact_amount - line.amount


class Payment(BaseModel):
    """Money that was paid on an invoice after it was issued."""

    model_config = ConfigDict(frozen=True)

    at: Moment
    amount: int
    source: PaymentSource
    note: str = ""
    actor: str
    request_id: str
    """The message that brought it: what is asked for again is found by it."""


class StoredInvoice(BaseModel):
    """An invoice or a credit note. Money is in micro-units.

    `due` = total - paid by credit - paid - credited - written off, and never below zero.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    account_id: str
    reseller_id: str
    """The account's parent, which sends it: a reseller or the platform."""

    kind: InvoiceKind = "invoice"
    status: InvoiceStatus = "draft"
    number: str = ""
    sequence: int = 0
    """The number without its prefix: 1, 2, 3 … of its seller; 0 while it is a draft."""

    seller: InvoiceParty = NOBODY
    customer: InvoiceParty = NOBODY
    time_zone: str
    currency: str
    period_start: date
    period_end: date
    """The day after its last."""

    after_seq: int
    """It covers the ledger entries with `after_seq` < seq ≤ `up_to_seq` that are not another's."""

    up_to_seq: int
    lines: tuple[InvoiceLine, ...]
    paid_by_credit: int
    """What ledger entries of its lines had taken from the balance before it was issued.

    Less `rounding`, so that it is whole coins, as the total is.
    """

    payments: tuple[Payment, ...] = ()
    credited: int = 0
    """Of credit notes, as far as it was still due; of a credit note: that part of it, negative."""

    refunded: int = 0
    """Of credit notes, what went to the balance, as it was paid already."""

    written_off: int = 0
    issued_on: date | None = None
    """Day of the account's time zone."""

    issued_at: Moment | None = None
    reminded_days: int = 0
    """The last of `REMINDER_DAYS` that it was reminded on; 0: none yet."""

    next_reminder_at: Moment | None = None
    corrects_id: str = ""
    corrects_number: str = ""
    note: str = ""
    footer: str = ""
    version: int = 1

    @property
    def total(self) -> int:
        """The sum of its lines, tax included; of a credit note negative."""
        return sum(line.amount for line in self.lines)

    @property
    def tax(self) -> int:
        """The sum of its tax lines."""
        return sum(line.amount for line in self.lines if line.kind == "tax")

    @property
    def rounding(self) -> int:
        """What its calls took from the balance beyond the amounts of their lines."""
        return sum(map(rounding_of, self.lines))

    @property
    def paid(self) -> int:
        """What was paid since it was issued."""
        return sum(payment.amount for payment in self.payments)

    @property
    def due(self) -> int:
        """What is still to be paid."""
        return self.total - self.paid_by_credit - self.paid - self.credited - self.written_off

    @property
    def due_on(self) -> date | None:
        """The day by which it is to be paid: service is prepaid, so the day of its issue."""
        return self.issued_on

    @property
    def is_unpaid(self) -> bool:
        """Whether it waits for money."""
        return self.status in {"issued", "overdue"}

    @property
    def creditable(self) -> int:
        """What credit notes can still take off: what nobody will pay cannot be given back.

        What is due can always be taken off, also when more than that was credited by its lines.
        """
        return max(self.total - self.credited - self.refunded - self.written_off, self.due)

    @property
    def is_worthless(self) -> bool:
        """Whether it is not worth a number: nothing was charged, and nothing is due."""
        return self.total == 0 and self.due == 0

    def issued(
        self,
        sequence: int,
        prefix: str,
        *,
        seller: InvoiceParty,
        customer: InvoiceParty,
        footer: str,
        now: datetime,
    ) -> "StoredInvoice":
        """Return the invoice with its number and parties of now; paid if nothing is due."""
        assert self.status == "draft", f"{self.id} is issued twice"
        assert sequence > 0, "numbers begin at 1"
        assert seller.name, "the seller has a name"
        assert customer.name, "the customer has a name"
        assert self.due % minor_unit(self.currency) == 0, f"{self.id}: no coin can pay what is due"
        return self._with(
            status="issued",
            number=f"{prefix}-{sequence:0{NUMBER_DIGITS}d}",
            sequence=sequence,
            seller=seller,
            customer=customer,
            footer=footer,
            issued_on=local_day(now, self.time_zone),
            issued_at=now,
            next_reminder_at=now + timedelta(days=REMINDER_DAYS[0]),
        )

    def paid_with(self, payment: Payment) -> "StoredInvoice":
        """Return the invoice with a payment; paid when that was the rest."""
        assert self.is_unpaid, f"{self.id} is {self.status} and waits for no money"
        assert 0 < payment.amount <= self.due, f"{self.id} is overpaid"
        return self._with(payments=(*self.payments, payment))

    def credited_with(self, amount: int) -> "StoredInvoice":
        """Return the invoice after a credit note: it reduces what is due, the rest is refunded."""
        assert self.kind == "invoice", f"{self.id} is a credit note itself"
        assert self.status != "draft", f"{self.id} is not issued, and so not corrected"
        assert 0 < amount <= self.creditable, f"{self.id} is credited more than it came to"
        part = min(amount, self.due)
        return self._with(credited=self.credited + part, refunded=self.refunded + amount - part)

    def written_off_rest(self) -> "StoredInvoice":
        """Return the invoice as one whose rest nobody will pay: it is void."""
        assert self.is_unpaid, f"{self.id} is {self.status}, so there is nothing to write off"
        return self._with(written_off=self.written_off + self.due, status="void")

    def reminded(self, now: datetime) -> "StoredInvoice":
        """Return the invoice after the reminder that is sent now: overdue from the first one on.

        The next one keeps its distance from this one, also where this one comes late.
        """
        assert self.is_unpaid, f"{self.id} is {self.status} and reminds nobody"
        assert self.issued_at is not None, "what is unpaid was issued"
        later = [days for days in REMINDER_DAYS if days > self.reminded_days]
        assert later, f"{self.id} was reminded of often enough"
        following = None
        if later[1:]:
            planned = self.issued_at + timedelta(days=later[1])
            following = max(planned, now + timedelta(days=later[1] - later[0]))
        return self._with(status="overdue", reminded_days=later[0], next_reminder_at=following)

    def _with(self, **changes: object) -> "StoredInvoice":
        changed = self.model_copy(update=changes)
        assert changed.due >= 0, f"{self.id}: less than nothing is due"
        if changed.due > 0:
            return changed
        status = "void" if changed.status == "void" else "paid"
        return changed.model_copy(update={"status": status, "next_reminder_at": None})


def receivables_of(version: int, unpaid: Iterable[StoredInvoice]) -> Receivables:
    """Return what an account owes; it is suspended while an invoice had its last reminder."""
    owed = list(unpaid)
    assert all(invoice.due > 0 for invoice in owed), "what is paid is not owed"
    return Receivables(
        version=version,
        unpaid_invoices=len(owed),
        unpaid=sum(invoice.due for invoice in owed),
        suspended=any(invoice.reminded_days == REMINDER_DAYS[-1] for invoice in owed),
    )


def credit_note(
    invoice: StoredInvoice, corrected: StoredInvoice, *, note_id: str, reason: str
) -> StoredInvoice:
    """Return the draft of the credit note that made `corrected` of an invoice.

    Of each tax it has that part which its amount is of the invoice's total: notes over the whole
    total give back the whole tax, whatever was rounded on the way.
    """
    before = invoice.credited + invoice.refunded
    after = corrected.credited + corrected.refunded
    taxes = [
        InvoiceLine(kind="tax", text=line.text, amount=-tax, tax_percent=line.tax_percent)
        for line in invoice.lines
        if line.kind == "tax"
        and (tax := _part_of(line, invoice, after) - _part_of(line, invoice, before))
    ]
    net = (after - before) + sum(line.amount for line in taxes)
    text = f"Credit for {invoice.number}"
    lines = [InvoiceLine(kind="adjustment", text=text, amount=-net), *taxes]
    return StoredInvoice(
        id=note_id,
        account_id=invoice.account_id,
        reseller_id=invoice.reseller_id,
        kind="credit-note",
        time_zone=invoice.time_zone,
        currency=invoice.currency,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        after_seq=0,
        up_to_seq=0,
        lines=tuple(lines),
        paid_by_credit=-(corrected.refunded - invoice.refunded),
        credited=-(corrected.credited - invoice.credited),
        corrects_id=invoice.id,
        corrects_number=invoice.number,
        note=reason,
    )


def _part_of(tax: InvoiceLine, invoice: StoredInvoice, part: int) -> int:
    """Return how much of a tax is in a part of an invoice's total; all of it in more than that.

    More than the total is credited where more is due than that: its lines credited what is spent.
    """
    if invoice.tax <= 0:
        return 0
    unit, size = minor_unit(invoice.currency), abs(tax.amount)
    share = min(round_half_up(part * size, invoice.total * unit) * unit, size)
    return share if tax.amount > 0 else -share
