"""What is billed for a period: the lines of its invoice, and what is charged for it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from contracts.billing import EntryType, InvoiceLine, InvoiceLineKind
from services.billing.model.billing_settings import Settings
from services.billing.model.bundles import KEPT_FOR, LastBundles
from services.billing.model.invoice import Invoice
from services.billing.model.ledger import (
    Entry,
    Movement,
    Standing,
    Wallet,
    bundle_movement,
    renewal_key,
)
from services.billing.model.money import line_amount, minor_unit, tax_on
from services.billing.model.period import ONE_DAY, Period, local_day, period_of
from services.billing.model.plan import SECONDS_PER_MINUTE, Plan, number_line_text
from services.billing.model.usage import CountryUsage

CHARGED_LINES_MAX: Final = 500
"""Charges of plan changes that have a line each; what goes beyond has one together."""

INVOICE_CAUSE: Final = "inv_"
"""How ids of invoices begin: an entry with such a cause belongs to that invoice alone."""

NOT_BILLED: Final[tuple[EntryType, ...]] = ("credit", "payment", "refund", "write-off")
"""Entries that are no lines: they bring money, or take it for an invoice that there is."""

_LINE_KINDS: Final[Mapping[EntryType, InvoiceLineKind]] = {
    "users": "users",
    "number-setup": "number-setup",
    "number-rent": "number-rent",
}
_ENTRY_TYPES: Final[Mapping[InvoiceLineKind, EntryType]] = {
    line: entry for entry, line in _LINE_KINDS.items()
}


class More(NamedTuple):
    """Charges beyond `CHARGED_LINES_MAX`, added up."""

    number: int = 0
    amount: int = 0
    """What they took from the balance, in micro-units."""


class Arrears(NamedTuple):
    """What a ledger has charged since its last invoice: `after_seq` < seq ≤ `up_to_seq`."""

    after_seq: int
    up_to_seq: int
    charged: Sequence[Entry]
    """Entries that are lines; not calls, and not the tax that was taken with them."""

    usage: Sequence[CountryUsage]
    more: More = More()
    """What goes beyond `charged`, which is no longer than an invoice can show."""

    tax: int = 0
    """What entries took as tax together with what it is on, in micro-units."""

    @property
    def amount(self) -> int:
        """What was taken from the balance, in micro-units."""
        charged = self.more.amount - sum(one.amount for one in self.charged)
        return charged + sum(one.charges for one in self.usage) + self.tax


class Bill(NamedTuple):
    """The draft of an invoice, and what is charged for it now: all of it, or nothing."""

    invoice: Invoice
    movements: tuple[Movement, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether it comes to nothing: there is no invoice of nothing."""
        return self.invoice.is_worthless and not any(one.amount for one in self.movements)

    @property
    def through_seq(self) -> int:
        """Up to which entry there is an invoice then; what comes to nothing waits for the next."""
        waits = self.is_nothing and any(line.amount for line in self.invoice.lines)
        return self.invoice.after_seq if waits else self.invoice.up_to_seq


def renewal_bill(
    wallet: Wallet,
    before: Plan,
    after: Plan,
    arrears: Arrears,
    *,
    settings: Settings,
    available: int,
) -> Bill:
    """Return the bill of the period that a wallet is billed next.

    `before` is the plan until then, `after` the plan from then on. Users, numbers and tax are
    charged if `available` covers them, and are due if not. A new wallet paid them at its opening.
    """
    period = wallet.period
    recurring = [] if wallet.is_new else _recurring(after, wallet.currency, period)
    past = period if wallet.is_new else period_of(period.start - ONE_DAY, wallet.anchor_day)
    lines = [*recurring, *_past_lines(wallet, before, arrears, past)]
    tax = _tax(lines, settings, wallet.currency)
    wanted = [*recurring, *_tax_left(tax, arrears, settings)]
    charge = sum(line.amount for line in wanted)
    covered = charge <= max(available, 0)
    movements = _movements(renewal_key(wallet.id, period.start), wanted) if covered else ()
    paid = arrears.amount + (charge if covered else 0)
    key, lines = f"{period.start}", [*lines, *tax]
    return Bill(_draft(wallet, key, period, lines, arrears=arrears, paid=paid), movements)


def final_bill(
    wallet: Wallet,
    plan: Plan | None,
    arrears: Arrears,
    *,
    settings: Settings,
    balance: int,
    day: date,
    after_seq: int = 0,
) -> Bill:
    """Return the bill of what a wallet that closes on a day was not billed for yet.

    Only tax is charged, as far as the balance goes. `after_seq` tells the bill of what comes after
    the closing from that of the closing itself.
    """
    key = f"final-{after_seq}" if after_seq else "final"
    start = period_of(day, wallet.anchor_day).start
    period = Period(start, day + ONE_DAY)
    lines = _past_lines(wallet, plan, arrears, period)
    tax = _tax(lines, settings, wallet.currency)
    unit = minor_unit(wallet.currency)
    left = _tax_left(tax, arrears, settings)
    charge = min(sum(line.amount for line in left), max(balance, 0) // unit * unit)
    paid_tax = [line.model_copy(update={"amount": charge}) for line in left]
    movements = _movements(f"close:{wallet.id}:{key}:tax", paid_tax)
    lines, paid = [*lines, *tax], arrears.amount + charge
    return Bill(_draft(wallet, key, period, lines, arrears=arrears, paid=paid), movements)


def last_bundles(
    wallet: Wallet, standing: Standing, seconds: Mapping[str, int], now: datetime
) -> LastBundles | None:
    """Return what is kept of the period that ends, when other bundle `seconds` begin.

    None: nothing ends, or there is no bundle in either period.
    """
    if wallet.is_new or wallet.renews_at is None or not (standing.seconds or seconds):
        return None
    before = standing.last_bundles
    return LastBundles(
        seconds=standing.seconds,
        began_at=before.ended_at if before else None,
        ended_at=wallet.renews_at,
        kept_until=now + KEPT_FOR,
    )


def bundle_reset(wallet: Wallet) -> Movement:
    """Return the movement of nothing by which the bundles of a period begin anew."""
    key = renewal_key(wallet.id, wallet.period.start)
    return bundle_movement(f"{key}:bundles", "Bundles renewed")


def _draft(
    wallet: Wallet,
    key: str,
    period: Period,
    lines: Sequence[InvoiceLine],
    *,
    arrears: Arrears,
    paid: int,
) -> Invoice:
    total = sum(line.amount for line in lines)
    return Invoice(
        id=f"{INVOICE_CAUSE}{wallet.id}_{key}",
        account_id=wallet.id,
        reseller_id=wallet.parent_id,
        # something may be due all the same, where what was credited is spent already
        kind="credit-note" if total < 0 and total == paid else "invoice",
        time_zone=wallet.time_zone,
        currency=wallet.currency,
        period_start=period.start,
        period_end=period.end,
        after_seq=arrears.after_seq,
        up_to_seq=arrears.up_to_seq,
        lines=tuple(lines),
        paid_by_credit=paid,
    )


# --- lines ----------------------------------------------------------------------------------


def _recurring(plan: Plan, currency: str, period: Period) -> list[InvoiceLine]:
    users = "user" if plan.users == 1 else "users"
    named = f"{plan.name}: {plan.users} {users}"
    lines = [_priced("users", named, (plan.users, plan.cost_per_user), currency, period)]
    for priced in plan.numbers:
        text = number_line_text(priced.number)
        lines.append(_priced("number-rent", text, (1, priced.monthly_fee), currency, period))
    return lines


def _priced(
    kind: InvoiceLineKind, text: str, priced: tuple[int, int], currency: str, period: Period
) -> InvoiceLine:
    quantity, unit_price = priced
    return InvoiceLine(
        kind=kind,
        text=text,
        period_start=period.start,
        period_end=period.end,
        quantity=quantity,
        unit_price=unit_price,
        amount=line_amount(quantity, unit_price, currency),
    )


def _past_lines(
    wallet: Wallet, plan: Plan | None, arrears: Arrears, period: Period
) -> list[InvoiceLine]:
    usage = sorted(arrears.usage, key=lambda one: (one.country is None, one.name))
    minutes = {opened.country: opened.minutes for opened in plan.countries} if plan else {}
    return [
        *_charged_lines(wallet, arrears),
        *(_calls_line(one, period) for one in usage if one.billed_calls),
        *(_bundle_line(one, minutes, period) for one in usage if one.bundle_calls),
    ]


def _charged_lines(wallet: Wallet, arrears: Arrears) -> Iterable[InvoiceLine]:
    for entry in arrears.charged:
        day = local_day(entry.at, wallet.time_zone)
        yield InvoiceLine(
            kind=_LINE_KINDS.get(entry.type, "adjustment"),
            text=entry.text,
            period_start=day,
            period_end=day + ONE_DAY,
            amount=-entry.amount,
        )
    if arrears.more.number:
        text = f"{arrears.more.number:,} more charges and credits"
        yield InvoiceLine(kind="adjustment", text=text, amount=arrears.more.amount)


def _calls_line(usage: CountryUsage, period: Period) -> InvoiceLine:
    return InvoiceLine(
        kind="calls",
        text=f"Calls to {usage.name}",
        country=usage.country,
        period_start=period.start,
        period_end=period.end,
        quantity=usage.billed_calls,
        seconds=usage.rated_seconds,
        amount=usage.charges,
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
    )


def _tax(lines: Sequence[InvoiceLine], settings: Settings, currency: str) -> list[InvoiceLine]:
    """Return the tax on the sum of all other lines; none where the seller takes none."""
    if not lines or settings.tax_percent == 0:
        return []
    amount = tax_on(sum(line.amount for line in lines), settings.tax_percent, currency)
    return [InvoiceLine(kind="tax", text=settings.tax_text, amount=amount)]


def _tax_left(
    tax: Sequence[InvoiceLine], arrears: Arrears, settings: Settings
) -> list[InvoiceLine]:
    """Return the tax that no entry has taken yet; below zero is given back.

    It is that on calls and on what is recurring, and what rounding or another percentage makes.
    """
    left = sum(line.amount for line in tax) - arrears.tax
    return [InvoiceLine(kind="tax", text=settings.tax_text, amount=left)] if left else []


def _movements(key: str, lines: Iterable[InvoiceLine]) -> tuple[Movement, ...]:
    """Return the movements that take lines from the balance."""
    return tuple(
        Movement(
            key=f"{key}:{number}",
            type=_ENTRY_TYPES.get(line.kind, "adjustment"),
            amount=-line.amount,
            text=line.text,
        )
        for number, line in enumerate(lines, start=1)
    )
