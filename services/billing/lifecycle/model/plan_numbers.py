"""Numbers that are added to a plan or given up: what they charge, and what undoes an order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.base import FieldError
from contracts.billing import NUMBERS_PER_PLAN_MAX, EntryType, InvoiceLine, PricedNumber
from contracts.values import Moment
from services.billing.base.model.money import line_amount, tax_on
from services.billing.base.model.period import ONE_DAY, Period
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.ledger.model.charge import TAX_KEY, Charge
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.model.movement import Movement
from services.billing.lifecycle.model.billing_run import renewal_key
from services.billing.plans.model.plan import StoredPlan, number_line_text, shown_number
from services.billing.plans.model.plan_change import Proposal, Today
from services.billing.plans.model.plan_checks import check_total

UNDONE: Final = "undone"
"""Ends the key of an entry that takes back the one with the key before it."""

MONTH: Final = "month"
"""Follows the key of an order in those of entries that take back a renewal's month."""


def check_numbers(
    plan: StoredPlan, numbers: Sequence[PricedNumber], currency: str
) -> list[FieldError]:
    """Return why numbers cannot be added to a plan; pointers begin with `/numbers`."""
    errors: list[FieldError] = []
    seen = {priced.number for priced in plan.numbers}
    for position, priced in enumerate(numbers):
        if priced.number in seen:
            detail = f"{priced.number} is among the plan's numbers already; leave it out."
            place = f"/numbers/{position}"
            errors.append(FieldError(pointer=place, type="duplicate-number", detail=detail))
        seen.add(priced.number)
    if len(plan.numbers) + len(numbers) > NUMBERS_PER_PLAN_MAX:
        detail = f"A plan has at most {NUMBERS_PER_PLAN_MAX} numbers."
        errors.append(FieldError(pointer="/numbers", type="too-many", detail=detail))
    if errors:
        return errors
    fees = sum(priced.setup_fee + priced.monthly_fee for priced in numbers)
    return check_total(plan.monthly_charge(currency) + fees, "/numbers")


def propose_numbers(plan: StoredPlan, numbers: Sequence[PricedNumber], today: Today) -> Proposal:
    """Return a plan with more numbers: set-up once, and the fee for the days left with today."""
    lines: list[Charge] = []
    for priced in numbers:
        shown = shown_number(priced.number)
        if priced.setup_fee:
            setup = Charge(
                key=f"number-setup:{priced.number}",
                type="number-setup",
                text=f"{shown}, set-up",
                quantity=1,
                unit_price=priced.setup_fee,
                amount=line_amount(1, priced.setup_fee, today.currency),
                days=Period(today.day, today.day + ONE_DAY),
            )
            lines.append(setup)
        month = (1, priced.monthly_fee)
        key = f"number-rent:{priced.number}"
        lines.append(today.line("number-rent", key, shown, month, today.left))
    return Proposal(plan.changed(numbers=(*plan.numbers, *numbers)), tuple(lines))


def without_numbers(plan: StoredPlan, numbers: Iterable[str]) -> StoredPlan:
    """Return a plan without some numbers: itself when it has none of them."""
    gone = set(numbers)
    kept = tuple(priced for priced in plan.numbers if priced.number not in gone)
    return plan if kept == plan.numbers else plan.changed(numbers=kept)


class NumberOrder(BaseModel):
    """Numbers that were added to a plan and charged, and are then to be taken."""

    model_config = ConfigDict(frozen=True)

    id: str
    account_id: str
    numbers: tuple[str, ...]
    at: Moment
    plan_version: int
    """Of the plan with them: of two orders the higher one is newer."""

    undone: bool = False
    """They were not to be had."""

    @property
    def key(self) -> str:
        """What the keys of its ledger entries begin with."""
        return f"numbers:{self.id}"

    @property
    def entry_keys(self) -> tuple[str, ...]:
        """The keys of all ledger entries that it may have."""
        kinds = ("number-setup", "number-rent")
        charged = (f"{kind}:{number}" for number in self.numbers for kind in kinds)
        return tuple(f"{self.key}:{one}" for one in (*charged, TAX_KEY))


def takes_back(key: str) -> bool:
    """Tell from the key of an entry whether it takes back what an order of numbers charged."""
    return undoes(key) or (key.startswith("numbers:") and f":{MONTH}:" in key)


def undoes(key: str) -> bool:
    """Tell from the key of an entry whether it takes back an entry of an order of numbers."""
    return key.startswith("numbers:") and key.endswith(f":{UNDONE}")


class BilledMonth(NamedTuple):
    """A month of a number that a renewal has billed."""

    invoice: StoredInvoice
    line: InvoiceLine
    entry_key: str
    """Of the entry that charged it, if the balance covered that."""


def billed_months(
    numbers: Iterable[str], renewals: Iterable[StoredInvoice]
) -> tuple[BilledMonth, ...]:
    """Return what invoices of renewals have billed for some numbers."""
    texts = {number_line_text(number) for number in numbers}
    return tuple(
        BilledMonth(invoice, line, f"{renewal_key(invoice.account_id, invoice.period_start)}:{at}")
        for invoice in renewals
        for at, line in enumerate(invoice.lines, start=1)
        if line.kind == "number-rent" and line.quantity and line.text in texts
    )


def undoing(
    order: NumberOrder, months: Iterable[BilledMonth], charged: Mapping[str, Entry]
) -> tuple[Movement, ...]:
    """Return what takes back the entries of an order, and the months of it that were billed.

    Each names what it corrects, and is taken back with its tax. What was written off of an invoice
    is not taken back: nobody paid.
    """
    entries = [charged[key] for key in order.entry_keys if key in charged]
    back = [_undone(entry) for entry in sorted(entries, key=lambda entry: entry.seq)]
    lost: dict[str, int] = {}
    for month in months:
        invoice, line = month.invoice, month.line
        unpaid = lost.get(invoice.id, invoice.written_off)
        amount = max(line.amount - unpaid, 0)
        lost[invoice.id] = unpaid - (line.amount - amount)
        back += _month_back(order, month, amount, charged.get(month.entry_key))
    return tuple(back)


def _undone(entry: Entry) -> Movement:
    return _taken_back(
        f"{entry.key}:{UNDONE}", entry.type, -entry.amount, _entry_text(entry)
    ).model_copy(
        update={
            "tax_percent": entry.tax_percent,
            "tax": -entry.tax,
            "priced": entry.priced and entry.priced.credited,
        }
    )


def _month_back(
    order: NumberOrder, month: BilledMonth, amount: int, entry: Entry | None
) -> Iterable[Movement]:
    """Yield what takes back an amount of a month, and the tax on it."""
    invoice, line = month.invoice, month.line
    told = _entry_text(entry) if entry else f"{line.text} of {invoice.number or 'an invoice'}"
    key = f"{order.key}:{MONTH}:{invoice.period_start}:{line.text}"
    percent = line.tax_percent
    tax = tax_on(amount, percent or 0, invoice.currency)
    fixed = {"tax_percent": percent, "tax": tax}
    yield _taken_back(key, "number-rent", amount, told).model_copy(update=fixed)
    if tax:
        taken = _taken_back(f"{key}:{TAX_KEY}", "adjustment", tax, f"tax on {told}")
        yield taken.model_copy(update={"tax_percent": percent})


def _entry_text(entry: Entry) -> str:
    return f"entry {entry.seq} ({entry.text})"


def _taken_back(key: str, kind: EntryType, amount: int, told: str) -> Movement:
    text = f"Not to be had: {told} is taken back"
    return Movement(key=key, type=kind, amount=amount, text=text)
