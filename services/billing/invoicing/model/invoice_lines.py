"""The lines of an invoice: recurring ones, what was charged before, calls, and tax."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from contracts.billing import EntryType, InvoiceLine, InvoiceLineKind
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.model.country import english_order
from services.billing.base.model.money import line_amount, tax_on
from services.billing.base.model.period import ONE_DAY, SECONDS_PER_MINUTE, Period, local_day
from services.billing.ledger.model.ledger import BillingAccount, Entry
from services.billing.ledger.model.usage import CountryUsage, by_country
from services.billing.plans.model.plan import StoredPlan, number_line_text

INVOICE_CAUSE: Final = "inv_"
"""How ids of invoices begin: an entry with such a cause belongs to that invoice alone."""


NOT_BILLED: Final[tuple[EntryType, ...]] = ("credit", "payment", "refund", "write-off")
"""Entries that are no lines: they bring money, or take it for an invoice that there is."""

CHARGED_LINES_MAX: Final = 500
"""Charges of plan changes that have a line each; what goes beyond has one together."""


_LINE_KINDS: Final[Mapping[EntryType, InvoiceLineKind]] = {
    "users": "users",
    "number-setup": "number-setup",
    "number-rent": "number-rent",
}
ENTRY_TYPES: Final[Mapping[InvoiceLineKind, EntryType]] = {
    line: entry for entry, line in _LINE_KINDS.items()
}


class More(NamedTuple):
    """Charges beyond `CHARGED_LINES_MAX` of one tax percentage, added up."""

    number: int = 0
    amount: int = 0
    """What they took from the balance, in micro-units."""

    tax_percent: int = 0
    tax: int = 0
    """On them, in micro-units."""


class Arrears(NamedTuple):
    """What a ledger has charged since its last invoice: `after_seq` < seq ≤ `up_to_seq`."""

    after_seq: int
    up_to_seq: int
    charged: Sequence[Entry]
    """Entries that are lines; not calls, and not the tax that was taken with them."""

    usage: Sequence[CountryUsage]
    more: Sequence[More] = ()
    """What goes beyond `charged`, which is no longer than an invoice can show."""

    taxes: Mapping[int, int] = {}
    """By percentage what entries took as tax together with what it is on, in micro-units."""

    @property
    def amount(self) -> int:
        """What was taken from the balance, in micro-units."""
        charged = -sum(one.amount for one in self.charged)
        added_up = sum(one.amount for one in self.more) + sum(one.charges for one in self.usage)
        return charged + added_up + sum(self.taxes.values())


def recurring_lines(
    plan: StoredPlan, currency: str, period: Period, tax_percent: int
) -> list[InvoiceLine]:
    """Return what a plan costs in a period: its users and its numbers."""
    users = "user" if plan.users == 1 else "users"
    priced: list[tuple[InvoiceLineKind, str, int, int]] = [
        ("users", f"{plan.name}: {plan.users} {users}", plan.users, plan.cost_per_user),
        *(
            ("number-rent", number_line_text(one.number), 1, one.monthly_fee)
            for one in plan.numbers
        ),
    ]
    lines: list[InvoiceLine] = []
    for kind, text, quantity, unit_price in priced:
        amount = line_amount(quantity, unit_price, currency)
        line = InvoiceLine(
            kind=kind,
            text=text,
            period_start=period.start,
            period_end=period.end,
            quantity=quantity,
            unit_price=unit_price,
            amount=amount,
            tax_percent=tax_percent,
            tax=tax_on(amount, tax_percent, currency),
        )
        lines.append(line)
    return lines


def past_lines(
    account: BillingAccount,
    plan: StoredPlan | None,
    arrears: Arrears,
    period: Period,
    settings: StoredSettings,
) -> list[InvoiceLine]:
    """Return what was charged since the last invoice, calls added up by country."""
    usage = sorted(
        arrears.usage,
        key=lambda one: (one.country is None, english_order(one.name), one.tax_percent),
    )
    minutes = {opened.country: opened.minutes for opened in plan.countries} if plan else {}
    return [
        *_charged_lines(account, arrears, settings),
        *(_calls_line(one, account.currency, period) for one in usage if one.billed_calls),
        *(_bundle_line(one, minutes, period) for one in by_country(usage) if one.bundle_calls),
    ]


def _charged_lines(
    account: BillingAccount, arrears: Arrears, settings: StoredSettings
) -> Iterable[InvoiceLine]:
    for entry in arrears.charged:
        day = local_day(entry.at, account.time_zone)
        percent, tax = entry.tax_percent, -entry.tax
        if percent is None:  # charged before entries remembered it
            percent = settings.tax_percent_at(entry.at)
            tax = tax_on(-entry.amount, percent, account.currency)
        priced = entry.priced
        yield InvoiceLine(
            kind=_LINE_KINDS.get(entry.type, "adjustment"),
            text=entry.text,
            period_start=priced.start if priced else day,
            period_end=priced.end if priced else day + ONE_DAY,
            quantity=priced.quantity if priced else None,
            unit_price=priced.unit_price if priced else None,
            amount=-entry.amount,
            tax_percent=percent,
            tax=tax,
        )
    for more in arrears.more:
        yield InvoiceLine(
            kind="adjustment",
            text=f"{more.number:,} more charges and credits",
            amount=more.amount,
            tax_percent=more.tax_percent,
            tax=more.tax,
        )


def _calls_line(usage: CountryUsage, currency: str, period: Period) -> InvoiceLine:
    amount = line_amount(1, usage.charges, currency)
    return InvoiceLine(
        kind="calls",
        text=f"Calls to {usage.name}",
        country=usage.country,
        period_start=period.start,
        period_end=period.end,
        quantity=usage.billed_calls,
        seconds=usage.rated_seconds,
        amount=amount,
        exact_amount=usage.charges,
        tax_percent=usage.tax_percent,
        tax=tax_on(amount, usage.tax_percent, currency),
    )


def _bundle_line(usage: CountryUsage, minutes: Mapping[str, int], period: Period) -> InvoiceLine:
    used = -(-usage.free_seconds // SECONDS_PER_MINUTE)
    bundled = minutes.get(usage.country or "")
    size = f" ({bundled:,} min)" if bundled else ""
    return InvoiceLine(
        kind="bundle",
        text=f"{usage.name} bundle{size}, {used:,} min used",
        country=usage.country,
        period_start=period.start,
        period_end=period.end,
        quantity=usage.bundle_calls,
        seconds=usage.free_seconds,
        amount=0,
        tax_percent=0,
    )


def tax_by_percent(lines: Iterable[InvoiceLine]) -> dict[int, int]:
    """Return the tax on lines, added up by percentage, both in micro-units."""
    taxes: dict[int, int] = {}
    for line in lines:
        if line.kind != "tax" and line.tax:
            percent = line.tax_percent or 0
            taxes[percent] = taxes.get(percent, 0) + line.tax
    return taxes


def tax_lines(lines: Iterable[InvoiceLine], settings: StoredSettings) -> list[InvoiceLine]:
    """Return the lines of tax: one per percentage, the highest first."""
    return _tax_lines(tax_by_percent(lines), settings)


def tax_left(
    tax: Iterable[InvoiceLine], arrears: Arrears, settings: StoredSettings
) -> list[InvoiceLine]:
    """Return the tax that no entry has taken yet; below zero is given back.

    It is that on calls and on what is recurring.
    """
    left = {percent: -taken for percent, taken in arrears.taxes.items()}
    for line in tax:
        percent = line.tax_percent or 0
        left[percent] = left.get(percent, 0) + line.amount
    return _tax_lines(left, settings)


def _tax_lines(taxes: Mapping[int, int], settings: StoredSettings) -> list[InvoiceLine]:
    return [
        InvoiceLine(kind="tax", text=settings.tax_text(percent), amount=amount, tax_percent=percent)
        for percent, amount in sorted(taxes.items(), reverse=True)
        if amount
    ]


def as_covered(lines: Iterable[InvoiceLine], covered: int) -> Iterable[InvoiceLine]:
    """Yield lines as far as a sum covers them, what is given back first."""
    for line in sorted(lines, key=lambda line: line.amount):
        amount = min(line.amount, covered)
        covered -= amount
        yield line.model_copy(update={"amount": amount})
