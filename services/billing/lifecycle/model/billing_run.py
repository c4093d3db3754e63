"""What is billed for a period: the draft of its invoice, and what is charged for it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from contracts.billing import InvoiceLine
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.model.money import minor_unit
from services.billing.base.model.period import ONE_DAY, Period, period_of
from services.billing.invoicing.model.invoice import StoredInvoice, rounding_of
from services.billing.invoicing.model.invoice_lines import (
    ENTRY_TYPES,
    INVOICE_CAUSE,
    Arrears,
    as_covered,
    past_lines,
    recurring_lines,
    tax_left,
    tax_lines,
)
from services.billing.ledger.model.bundles import KEPT_FOR, LastBundles
from services.billing.ledger.model.ledger import BillingAccount, LedgerHead
from services.billing.ledger.model.movement import Movement, bundle_movement
from services.billing.ledger.model.priced import Priced
from services.billing.plans.model.plan import StoredPlan


class Bill(NamedTuple):
    """The draft of an invoice, and what is charged for it now: all of it, or nothing."""

    invoice: StoredInvoice
    movements: tuple[Movement, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether it comes to nothing: there is no invoice of nothing."""
        return self.invoice.is_worthless and not any(one.amount for one in self.movements)

    @property
    def through_seq(self) -> int:
        """Up to which entry there is an invoice then; what comes to nothing waits for the next."""
        told = (line.amount or line.exact_amount for line in self.invoice.lines)
        waits = self.is_nothing and any(told)
        return self.invoice.after_seq if waits else self.invoice.up_to_seq


def renewal_key(account_id: str, start: date) -> str:
    """Return what the keys of a renewal's entries begin with; the number of a line follows."""
    return f"renew:{account_id}:{start}"


def renewal_bill(
    account: BillingAccount,
    before: StoredPlan,
    after: StoredPlan,
    arrears: Arrears,
    *,
    settings: StoredSettings,
    available: int,
) -> Bill:
    """Return the bill of the period that a billing account is billed next.

    `before` is the plan until then, `after` the plan from then on. Users, numbers and tax are
    charged if `available` covers them, and are due if not. A new account paid them at its opening.
    """
    period = account.period
    percent = settings.tax_percent
    recurring = [] if account.is_new else recurring_lines(after, account.currency, period, percent)
    past = period if account.is_new else period_of(period.start - ONE_DAY, account.anchor_day)
    lines = [*recurring, *past_lines(account, before, arrears, past, settings)]
    tax = tax_lines(lines, settings)
    wanted = [*recurring, *tax_left(tax, arrears, settings)]
    charge = sum(line.amount for line in wanted)
    covered = charge <= max(available, 0)
    movements = _movements(renewal_key(account.id, period.start), wanted) if covered else ()
    paid = arrears.amount + (charge if covered else 0)
    key, lines = f"{period.start}", [*lines, *tax]
    return Bill(_draft(account, key, period, lines, arrears=arrears, paid=paid), movements)


def final_bill(
    account: BillingAccount,
    plan: StoredPlan | None,
    arrears: Arrears,
    *,
    settings: StoredSettings,
    balance: int,
    day: date,
    after_seq: int = 0,
) -> Bill:
    """Return the bill of what a billing account that closes on a day was not billed for yet.

    Only tax is charged, as far as the balance goes. `after_seq` tells the bill of what comes after
    the closing from that of the closing itself.
    """
    key = f"final-{after_seq}" if after_seq else "final"
    start = period_of(day, account.anchor_day).start
    period = Period(start, day + ONE_DAY)
    lines = past_lines(account, plan, arrears, period, settings)
    tax = tax_lines(lines, settings)
    unit = minor_unit(account.currency)
    covered = max(balance, 0) // unit * unit
    paid_tax = list(as_covered(tax_left(tax, arrears, settings), covered))
    movements = _movements(f"close:{account.id}:{key}:tax", paid_tax)
    lines, paid = [*lines, *tax], arrears.amount + sum(line.amount for line in paid_tax)
    return Bill(_draft(account, key, period, lines, arrears=arrears, paid=paid), movements)


def last_bundles(
    account: BillingAccount, head: LedgerHead, seconds: Mapping[str, int], now: datetime
) -> LastBundles | None:
    """Return what is kept of the period that ends, when other bundle `seconds` begin.

    None: nothing ends, or there is no bundle in either period.
    """
    if account.is_new or account.renews_at is None or not (head.seconds or seconds):
        return None
    before = head.last_bundles
    return LastBundles(
        seconds=head.seconds,
        began_at=before.ended_at if before else None,
        ended_at=account.renews_at,
        kept_until=now + KEPT_FOR,
    )


def bundle_reset(account: BillingAccount) -> Movement:
    """Return the movement of nothing by which the bundles of a period begin anew."""
    key = renewal_key(account.id, account.period.start)
    return bundle_movement(f"{key}:bundles", "Bundles renewed")


def _draft(
    account: BillingAccount,
    key: str,
    period: Period,
    lines: Sequence[InvoiceLine],
    *,
    arrears: Arrears,
    paid: int,
) -> StoredInvoice:
    total = sum(line.amount for line in lines)
    # calls took exact amounts; what rounding leaves out is neither asked for nor paid
    paid -= sum(map(rounding_of, lines))
    return StoredInvoice(
        id=f"{INVOICE_CAUSE}{account.id}_{key}",
        account_id=account.id,
        reseller_id=account.reseller_id,
        # something may be due all the same, where what was credited is spent already
        kind="credit-note" if total < 0 and total == paid else "invoice",
        time_zone=account.time_zone,
        currency=account.currency,
        period_start=period.start,
        period_end=period.end,
        after_seq=arrears.after_seq,
        up_to_seq=arrears.up_to_seq,
        lines=tuple(lines),
        paid_by_credit=paid,
    )


def _movements(key: str, lines: Iterable[InvoiceLine]) -> tuple[Movement, ...]:
    """Return the movements that take lines from the balance."""
    return tuple(
        Movement(
            key=f"{key}:{number}",
            type=ENTRY_TYPES.get(line.kind, "adjustment"),
            amount=-line.amount,
            text=line.text,
            tax_percent=line.tax_percent,
            tax=-line.tax,
            priced=_priced(line),
        )
        for number, line in enumerate(lines, start=1)
    )


def _priced(line: InvoiceLine) -> Priced | None:
    if line.quantity is None or line.unit_price is None:
        return None
    assert line.period_start is not None, "what has a price has a period"
    assert line.period_end is not None, "what has a price has a period"
    return Priced(
        quantity=line.quantity,
        unit_price=line.unit_price,
        start=line.period_start,
        end=line.period_end,
    )
