"""Deciding whether a call may be made, and what is held for it while it runs (SPEC section 4)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from contracts.billing import CallRefusal
from contracts.calls import DialFormat
from services.billing.ledger.model.ledger import BillingAccount, CallTerms, LedgerHead
from services.billing.rating.model.call_rate import FREE
from services.billing.rating.model.destination import Destination, destination_of
from services.billing.rating.model.price import SheetRate, affordable_seconds, settled

SLICE_SECONDS: Final = 300
CALL_SECONDS_MAX: Final = 4 * 3_600
HOLD_GRACE: Final = timedelta(seconds=30)
"""A hold outlives its slice by this, for the record or the extension that is on its way."""

CALLS_AT_ONCE_MIN: Final = 10
CALLS_PER_USER: Final = 2
"""An account may have two calls at once per user, and ten in any case."""


class Hold(NamedTuple):
    """Money and free seconds that a running call may use up; its own until it is charged."""

    call_id: str
    destination: str
    """E.164 for a number, otherwise as it was dialled."""

    country: str
    """Whose bundle pays for it; empty when none does."""

    money: int
    """Micro-units."""

    free_seconds: int
    seconds: int
    """How long the call may last so far."""

    began_at: datetime
    until: datetime


class CallAccount(NamedTuple):
    """An account as a call finds it; its revision changes with everything in it."""

    billing_account: BillingAccount
    head: LedgerHead
    holds: tuple[Hold, ...]
    revision: int

    def hold_of(self, call_id: str, now: datetime) -> Hold | None:
        """Return what is held for a call, unless it has expired."""
        for hold in self.holds:
            if hold.call_id == call_id and hold.until > now:
                return hold
        return None

    def other_holds(self, call_id: str, now: datetime) -> tuple[Hold, ...]:
        """Return what is held for all other calls."""
        return tuple(hold for hold in self.holds if hold.until > now and hold.call_id != call_id)


def is_served(account: BillingAccount, switch_account_id: str) -> bool:
    """Tell whether an account's calls are a switch's: of its own account, or of one below it."""
    return switch_account_id in {account.id, *account.parent_path}


class Tariff(NamedTuple):
    """Where a call goes, what it is rated by, and the terms that it is made under."""

    destination: Destination
    rate: SheetRate
    terms: CallTerms | None


class Asked(NamedTuple):
    """What the switch asks for a call."""

    call_id: str
    dialled: str
    seconds: int
    """How long it shall last in all."""

    begins_at: datetime
    """The rate in force at this time holds for the whole call."""

    dial_format: DialFormat = "national"
    internal: bool = False
    """Whether the switch knows what was dialled as an extension."""

    def destination(self, home: str) -> Destination:
        """Return where the call goes, of an account in a country."""
        return destination_of(self.dialled, home, self.dial_format, internal=self.internal)


class Grant(NamedTuple):
    """A call that may be made or go on, and what is to be held for it."""

    hold: Hold
    max_seconds: int
    tariff: Tariff


def refusal_of_state(account: BillingAccount, above: Iterable[str]) -> CallRefusal | None:
    """Return why an account may make no calls, for its own state or for one above it."""
    if account.status == "closed":
        return "account-closed"
    states = {account.status, *above}
    if states & {"disabled", "closed"}:
        return "account-disabled"
    return "account-suspended" if "suspended" in states else None


def allows(terms: CallTerms | None, destination: Destination) -> bool:
    """Tell whether a plan lets this kind of number be called."""
    return not destination.is_premium or (terms is not None and terms.premium_allowed)


def refusal_of_destination(
    destination: Destination, home: str, terms: CallTerms | None
) -> CallRefusal | None:
    """Return why a place may not be called: it is none, is premium, or is in no opened country.

    Which kind of number it is decides before which country it is in.
    """
    if destination.kind == "invalid":
        return "invalid-destination"
    if destination.kind == "number" and not allows(terms, destination):
        return "premium-not-allowed"
    opened = terms.countries if terms else frozenset[str]()
    if destination.country == home or destination.country in opened:
        return None
    return "destination-not-allowed"


def refusal_of_rate(
    destination: Destination, rate: SheetRate, terms: CallTerms | None
) -> CallRefusal | None:
    """Return why a call may not be made at a rate: it is blocked, or a premium short number's."""
    if rate.blocked:
        return "rate-blocked"
    return None if allows(terms, destination) else "premium-not-allowed"


def calls_at_once(terms: CallTerms | None) -> int:
    """Return how many calls an account may have at the same time."""
    return max(CALLS_AT_ONCE_MIN, CALLS_PER_USER * terms.users if terms else 0)


def first_slice(
    account: CallAccount, asked: Asked, tariff: Tariff, now: datetime
) -> Grant | CallRefusal:
    """Return the first slice of a call, or why it cannot be paid; asked again, the one it has."""
    kept = account.hold_of(asked.call_id, now)
    others = account.other_holds(asked.call_id, now)
    if kept is None and len(others) >= calls_at_once(tariff.terms):
        return "too-many-calls"
    before = Hold(
        call_id=asked.call_id,
        destination=tariff.destination.number,
        country=tariff.destination.bundle,
        money=0,
        free_seconds=0,
        seconds=0,
        began_at=asked.begins_at,
        until=now,
    )
    grant = another_slice(account, before, asked.seconds, tariff, now)
    if kept is not None and isinstance(grant, Grant):
        return grant._replace(hold=kept, max_seconds=max(grant.max_seconds, kept.seconds))
    return grant


def another_slice(
    account: CallAccount, hold: Hold, seconds: int, tariff: Tariff, now: datetime
) -> Grant | CallRefusal:
    """Return a hold with one slice more, of a call of up to `seconds`; or why it cannot be.

    Asked for no more than is held, it stays as it is.
    """
    rate = tariff.rate
    if seconds <= hold.seconds:
        return Grant(hold, hold.seconds, tariff)
    if hold.seconds >= CALL_SECONDS_MAX:
        return "call-limit-reached"
    if rate is FREE:
        longest = min(seconds, CALL_SECONDS_MAX)
        available = free = 0
    else:
        available, free = _unheld(account, hold, now)
        longest = affordable_seconds(min(seconds, CALL_SECONDS_MAX), free, available, rate)
    if longest <= hold.seconds:
        return "insufficient-credit"
    step = max(SLICE_SECONDS, 0 if rate is FREE else rate.min_duration)
    lasts = min(hold.seconds + step, longest)
    _, free_seconds, money = settled(lasts, free, rate)
    end = max(hold.began_at + timedelta(seconds=lasts), now + timedelta(seconds=step))
    extended = hold._replace(
        money=money, free_seconds=free_seconds, seconds=lasts, until=end + HOLD_GRACE
    )
    return Grant(extended, longest, tariff)


def _unheld(account: CallAccount, hold: Hold, now: datetime) -> tuple[int, int]:
    """Return the money and the free seconds to its country that other calls leave for one."""
    others = account.other_holds(hold.call_id, now)
    money = account.head.balance + account.billing_account.credit_limit
    money -= sum(other.money for other in others)
    head = account.head
    free = head.seconds_for(hold.began_at, now).get(hold.country, 0)
    is_late = head.is_late(hold.began_at)
    free -= sum(
        other.free_seconds
        for other in others
        if other.country == hold.country and head.is_late(other.began_at) == is_late
    )
    return money, max(free, 0)
