"""A call: where it goes, which rate it has, and what it does to a ledger."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import phonenumbers
from phonenumbers.shortnumberinfo import is_emergency_number

from services.billing.model.bundles import LastBundles
from services.billing.model.country import country_of_number
from services.billing.model.ledger import CallTerms, Entry, Standing
from services.billing.model.price import (
    PriceList,
    Settled,
    SheetRate,
    number_of,
    settled,
)

DESTINATIONS_REMEMBERED: Final = 100_000
_EXTENSION: Final = re.compile(r"[0-9*#]{2,5}")
"""What an account's own users dial each other by; a service number must come in full."""

OLD_KEYS: Final = "call:"
OLD_KEYS_END: Final = "call;"
"""How keys of calls begin that do not name their account; all of them sort before the end."""

FREE: Final = SheetRate(prefix="", rate=0)

RatingFault = Literal["invalid-destination", "no-rate"]


class Destination(NamedTuple):
    """Where a call goes."""

    kind: Literal["number", "emergency", "extension", "invalid"]
    number: str
    """E.164 for a number, otherwise as it was dialled."""

    country: str | None
    """None for satellite and international networks, and within the account."""

    @property
    def always_allowed(self) -> bool:
        """Whether the call may be made whatever the account's state, and costs nothing."""
        return self.kind in {"emergency", "extension"}


@lru_cache(maxsize=DESTINATIONS_REMEMBERED)
def destination_of(dialled: str, home: str) -> Destination:
    """Return where a call goes that was dialled in a country."""
    if not dialled.startswith("+"):
        if is_emergency_number(dialled, home):
            return Destination("emergency", dialled, home)
        if _EXTENSION.fullmatch(dialled):
            return Destination("extension", dialled, None)
    number = number_of(dialled, home)
    if number is None:
        return Destination("invalid", dialled, None)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Destination("number", e164, country_of_number(number))


def is_included(destination: Destination, home: str, terms: CallTerms | None) -> bool:
    """Tell whether a call costs nothing by itself: emergency, within the account, or at home."""
    if destination.always_allowed:
        return True
    policy = terms.domestic_policy if terms else "included"
    return destination.country == home and policy == "included"


def rate_of(
    destination: Destination,
    home: str,
    terms: CallTerms | None,
    prices: PriceList | None,
    at: datetime,
) -> SheetRate | RatingFault:
    """Return the rate of a call that is answered at a time, or why it has none."""
    if destination.kind == "invalid":
        return "invalid-destination"
    if is_included(destination, home, terms):
        return FREE
    found = prices.rate_for(destination.number[1:], at) if prices else None
    return found or "no-rate"


class EndedCall(NamedTuple):
    """What the switch tells of a call that lasted."""

    call_id: str
    caller: str
    answered_at: datetime
    seconds: int


def entry_key(account_id: str, call_id: str) -> str:
    """Return the key of a call's ledger entry: an account is charged once for it.

    The owner comes first: a switch may use the same id for calls of other accounts.
    """
    return f"{account_id}:{OLD_KEYS}{call_id}"


def old_entry_key(call_id: str) -> str:
    """Return the key that the entry of a call had when its id alone was the key."""
    return f"{OLD_KEYS}{call_id}"


def settle(
    standing: Standing,
    call: EndedCall,
    destination: Destination,
    rate: SheetRate,
    now: datetime,
) -> Settled:
    """Return what a call comes to where a ledger stands."""
    if rate is FREE:
        return Settled(0, 0, 0)
    left = standing.seconds_for(call.answered_at, now)
    return settled(call.seconds, left.get(destination.country or "", 0), rate)


class ChargedCall(NamedTuple):
    """The entry that charges a call, as the charging path makes thousands of them a second."""

    key: str
    account_id: str
    seq: int
    at: datetime
    amount: int
    """Micro-units, negative or zero."""

    balance_after: int
    seconds_after: Mapping[str, int]
    rated_seconds_after: int
    call_charges_after: int
    call_id: str
    answered_at: datetime
    caller: str
    destination: str
    country: str | None
    seconds: int
    rated_seconds: int
    free_seconds: int
    rate: int
    last_bundles: LastBundles | None

    @property
    def text(self) -> str:
        """What stands in the ledger."""
        return f"Call to {self.destination}"

    @property
    def standing(self) -> Standing:
        """Where the ledger stands after it."""
        return Standing(
            self.account_id,
            self.at,
            self.seconds_after,
            self.seq,
            self.balance_after,
            self.rated_seconds_after,
            self.call_charges_after,
            self.last_bundles,
        )

    @property
    def is_late(self) -> bool:
        """Whether it was answered before the current period of its account's bundles."""
        return self.last_bundles is not None and self.last_bundles.has(self.answered_at)


def after_call(
    standing: Standing, answered_at: datetime, country: str, free_seconds: int, at: datetime
) -> tuple[Mapping[str, int], LastBundles | None]:
    """Return the bundles of this period and of the last one after a call that used some seconds."""
    seconds, last = standing.seconds, standing.last_bundles
    if last is not None:
        if free_seconds and last.has(answered_at):
            return seconds, last.less(country, free_seconds).at(at)
        last = last.at(at)
    if free_seconds:
        seconds = {**seconds, country: seconds.get(country, 0) - free_seconds}
    return seconds, last


def charge(
    standing: Standing,
    call: EndedCall,
    destination: Destination,
    rate: SheetRate,
    now: datetime,
) -> ChargedCall:
    """Return the entry that charges a call where a ledger stands."""
    at = max(now, standing.at)
    rated_seconds, free_seconds, cost = settle(standing, call, destination, rate, at)
    seconds, last = after_call(
        standing, call.answered_at, destination.country or "", free_seconds, at
    )
    return ChargedCall(
        entry_key(standing.account_id, call.call_id),
        standing.account_id,
        standing.seq + 1,
        at,
        -cost,
        standing.balance - cost,
        seconds,
        standing.rated_seconds + rated_seconds,
        standing.call_charges + cost,
        call.call_id,
        call.answered_at,
        call.caller,
        destination.number,
        destination.country,
        call.seconds,
        rated_seconds,
        free_seconds,
        rate.rate,
        last,
    )


def charged_call(entry: Entry) -> ChargedCall:
    """Return the entry of a call as the charging path had it."""
    call = entry.call
    assert call is not None, f"{entry.key} charges no call"
    return ChargedCall(
        entry.key,
        entry.account_id,
        entry.seq,
        entry.at,
        entry.amount,
        entry.balance_after,
        entry.seconds_after,
        entry.rated_seconds_after,
        entry.call_charges_after,
        entry.cause,
        call.answered_at,
        call.caller,
        call.destination,
        call.country,
        call.seconds,
        call.rated_seconds,
        call.free_seconds,
        call.rate,
        entry.last_bundles,
    )


def same_facts(entry: Entry, account_id: str, call: EndedCall, destination: Destination) -> bool:
    """Tell whether a record says the same of a call as the one that it was charged by."""
    charged = entry.call
    return charged is not None and (
        entry.account_id,
        charged.caller,
        charged.answered_at,
        charged.seconds,
        charged.destination,
    ) == (account_id, call.caller, call.answered_at, call.seconds, destination.number)
