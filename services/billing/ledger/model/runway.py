"""How long the credit of an account lasts: an estimate, for lists and warnings of people only."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from services.billing.base.model.period import begin_of, local_day, renewal_after
from services.billing.ledger.model.ledger import (
    LOW_BALANCE_MICROS,
    LOW_BALANCE_PART,
    BillingAccount,
)

PACE_DAYS: Final = 30
"""What calls cost a day is their average over so many days, or since the account was opened."""

LOW_DAYS: Final = 14
"""Credit that lasts for fewer days is low."""

RUNWAY_DAYS_MAX: Final = 366
ONE_DAY: Final = timedelta(days=1)
SOON: Final = timedelta(hours=1)
LATER: Final = timedelta(hours=6)


def pace_since(account: BillingAccount, now: datetime) -> datetime:
    """Return since when calls are averaged."""
    return max(account.opened_at, now - PACE_DAYS * ONE_DAY)


def pace_of(account: BillingAccount, call_charges: int, now: datetime) -> int:
    """Return what calls cost a day, in micro-units; of a new account, as if it had had one day."""
    since = now - pace_since(account, now)
    return call_charges * ONE_DAY // max(since, ONE_DAY) if since else call_charges


def pace_due(account: BillingAccount, now: datetime) -> datetime:
    """Return when to work it out again: of an account in its first day, soon."""
    return now + (SOON if now - account.opened_at < ONE_DAY else LATER)


def is_low(account: BillingAccount, balance: int, pace: int, now: datetime) -> bool:
    """Tell whether credit is low: below what warns its administrator, or used up in 14 days.

    `LOW` in the store says the same to the database.
    """
    spendable = balance + account.credit_limit
    warned_below = max(LOW_BALANCE_MICROS, account.monthly_charge // LOW_BALANCE_PART)
    renews = account.renews_at is not None and account.renews_at <= now + LOW_DAYS * ONE_DAY
    needed = LOW_DAYS * pace + (account.monthly_charge if renews else 0)
    return spendable < max(warned_below, needed)


def days_left(account: BillingAccount, balance: int, pace: int, now: datetime) -> int | None:
    """Return for how many days credit and credit limit last; None while nothing is spent.

    Calls go on as they did, and each renewal charges what is charged monthly now, tax aside. The
    credit ends on the day of a renewal that it does not cover. 366 stands for more than a year.
    """
    spendable = balance + account.credit_limit
    if spendable <= 0:
        return 0
    charge = account.monthly_charge if account.renews_at else 0
    if not pace and not charge:
        return None
    charged = 0
    for day in _renewals(account, now) if charge else ():
        left = spendable - charged - pace * day
        if left <= 0:
            break
        if left < charge:
            return day
        charged += charge
    lasts = (spendable - charged) // pace if pace else RUNWAY_DAYS_MAX
    return min(lasts, RUNWAY_DAYS_MAX)


def _renewals(account: BillingAccount, now: datetime) -> Iterator[int]:
    """Yield in how many days the account renews, within the next year."""
    assert account.renews_at is not None, f"{account.id} does not renew"
    at = account.renews_at
    if account.is_new:
        at = begin_of(account.next_renewal(account.opened_at), account.time_zone)
    while (days := max((at - now) // ONE_DAY, 0)) < RUNWAY_DAYS_MAX:
        yield days
        after = renewal_after(local_day(at, account.time_zone), account.anchor_day)
        at = begin_of(after, account.time_zone)
