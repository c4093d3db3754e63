"""Deciding whether a call may be made, and for how long (SPEC section 4)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from contracts.billing import SLICE_SECONDS, CallKind, CallRefusal
from contracts.calls import DialFormat
from services.billing.charging.model.hold import CallAccount, Hold
from services.billing.ledger.model.ledger import BillingAccount, CallTerms
from services.billing.rating.model.call_rate import FREE
from services.billing.rating.model.destination import Destination, destination_of
from services.billing.rating.model.price import SheetRate, affordable_seconds, settled

CALL_SECONDS_MAX: Final = 4 * 3_600
CALLS_AT_ONCE_MIN: Final = 10
CALLS_PER_USER: Final = 2
"""An account may have two calls at once per user, and ten in any case."""

ALWAYS_ALLOWED_HELD_MAX: Final = 200
"""Of one account and kind; beyond that such a call is made all the same, and isn't noted."""


class Tariff(NamedTuple):
    """Where a call goes, what it is rated by, and the terms that it is made under."""

    destination: Destination
    kind: CallKind
    rate: SheetRate
    terms: CallTerms | None


class Dialled(NamedTuple):
    """What a call is made to, and when."""

    number: str
    begins_at: datetime
    """The rate in force at this time holds for the whole call."""

    dial_format: DialFormat = "national"
    internal: bool = False
    """Whether the switch knows what was dialled as an extension."""

    is_inbound: bool = False
    """Whether it is a number of the account that somebody calls."""

    def destination(self, home: str) -> Destination:
        """Return where the call goes, of an account in a country."""
        return destination_of(self.number, home, self.dial_format, internal=self.internal)


class Asked(NamedTuple):
    """What the switch asks for a call that is to be made."""

    call_id: str
    dialled: Dialled
    seconds: int
    """How long it shall last in all."""

    elapsed_seconds: int | None = None
    """How long ago it was answered; None: it was not yet."""

    slice_seconds: int = SLICE_SECONDS
    caller: str = ""
    carrier: str = ""
    switch_call_id: str = ""


class AskedMore(NamedTuple):
    """What the switch asks for a call that runs."""

    seconds: int | None
    """How long it shall last in all; None: as long as may be."""

    at_once: bool = False
    """Whether all of it is to be held, not only one slice more."""

    elapsed_seconds: int | None = None
    slice_seconds: int | None = None
    """None: as much as before."""


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
    """Return the first slice of a call, or why it cannot be paid; asked again, the one it has.

    What is held for a call that goes elsewhere now is given back for what this destination costs.
    """
    kept = account.hold_of(asked.call_id, now)
    begins = Hold(
        call_id=asked.call_id,
        destination=tariff.destination.number,
        country=tariff.destination.bundle,
        money=0,
        free_seconds=0,
        seconds=0,
        began_at=asked.dialled.begins_at,
        until=now,
        kind=tariff.kind,
        slice_seconds=asked.slice_seconds,
        caller=asked.caller,
        carrier=asked.carrier,
        switch_call_id=asked.switch_call_id,
    ).answered(asked.elapsed_seconds, now)
    is_counted = kept is not None and not kept.is_always_allowed
    if not is_counted and _is_full(account, begins, tariff.terms, now):
        return "too-many-calls"
    grant = another_slice(account, begins, AskedMore(asked.seconds), tariff, now)
    if not isinstance(grant, Grant):
        return grant
    if kept is not None and kept.goes_to(begins.destination, tariff.kind):
        told = kept.answered(asked.elapsed_seconds, now)
        return grant._replace(hold=told, max_seconds=max(grant.max_seconds, kept.seconds))
    lasted = min(begins.answered_seconds(now), asked.seconds - 1)
    if grant.max_seconds <= lasted and not begins.is_always_allowed:
        is_over = grant.max_seconds >= CALL_SECONDS_MAX
        return "call-limit-reached" if is_over else "insufficient-credit"
    return grant._replace(hold=grant.hold._replace(short_of_seconds=0))


def _is_full(account: CallAccount, hold: Hold, terms: CallTerms | None, now: datetime) -> bool:
    """Tell whether an account has as many calls as it may have at once."""
    if hold.is_always_allowed:
        return False
    others = account.other_holds(hold.call_id, now)
    counted = sum(not other.is_always_allowed for other in others)
    return counted >= calls_at_once(terms)


def another_slice(
    account: CallAccount, hold: Hold, asked: AskedMore, tariff: Tariff, now: datetime
) -> Grant | CallRefusal:
    """Return a hold of a call that lasts longer, or why it cannot.

    Asked for no more than is held, or again for what there was too little for, it stays as it is.
    """
    told = hold.answered(asked.elapsed_seconds, now)
    wanted = CALL_SECONDS_MAX + 1 if asked.seconds is None else asked.seconds
    if wanted <= hold.seconds:
        return Grant(told, hold.seconds, tariff)
    longest, free = _affordable(account, hold, min(wanted, CALL_SECONDS_MAX), tariff, now)
    if longest <= hold.seconds:
        if asked.seconds is not None and asked.seconds == hold.short_of_seconds:
            return Grant(told, hold.seconds, tariff)
        is_over = hold.seconds >= CALL_SECONDS_MAX
        return "call-limit-reached" if is_over else "insufficient-credit"
    rate = tariff.rate
    step = max(asked.slice_seconds or hold.slice_seconds, rate.min_duration)
    # what was talked already is paid before any slice
    lasted = hold.seconds or told.answered_seconds(now)
    lasts = longest if asked.at_once or rate is FREE else min(lasted + step, longest)
    _, free_seconds, money = settled(lasts, free, rate)
    extended = told._replace(
        kind=tariff.kind, slice_seconds=asked.slice_seconds or hold.slice_seconds
    ).lasting(
        money=money,
        free_seconds=free_seconds,
        seconds=lasts,
        short_of_seconds=(asked.seconds or 0) if lasts == longest < wanted else 0,
    )
    return Grant(extended, longest, tariff)


def _affordable(
    account: CallAccount, hold: Hold, seconds: int, tariff: Tariff, now: datetime
) -> tuple[int, int]:
    """Return how long a call may last, up to `seconds`, and the free seconds that it may use."""
    if tariff.rate is FREE:
        return seconds, 0
    available, free = _unheld(account, hold, now)
    return affordable_seconds(seconds, free, available, tariff.rate), free


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
