"""What a call costs (SPEC section 3): the rate that applies, billed seconds, one rounding."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import phonenumbers

from contracts.billing import Rate
from services.billing.model.money import round_half_up

COST_STEP_MICROS: Final = 100
"""A call's cost has four decimals."""

SECONDS_PER_RATE: Final = 60
PREFIX_DIGITS_MAX: Final = 15


def billed_seconds(seconds: int, rate: Rate) -> int:
    """Return the seconds that a call of `seconds` is charged for."""
    if seconds <= rate.grace or seconds == 0:
        return 0
    beyond = max(seconds - rate.min_duration, 0)
    increments = -(-beyond // rate.increment)
    return rate.min_duration + increments * rate.increment


def cost(seconds: int, rate: Rate) -> int:
    """Return what a call of `seconds` costs in micro-units, rounded once, half up, to 4 decimals.

    A call of no billed second costs nothing, the connect fee included.
    """
    if seconds <= rate.grace or seconds == 0:
        return 0
    sixtieths = rate.connect_fee * SECONDS_PER_RATE + billed_seconds(seconds, rate) * rate.rate
    return round_half_up(sixtieths, SECONDS_PER_RATE * COST_STEP_MICROS) * COST_STEP_MICROS


def number_of(destination: str, home: str | None) -> phonenumbers.PhoneNumber | None:
    """Return the number that was dialled, in `home` without a country code; None = no number."""
    try:
        number = phonenumbers.parse(destination, home)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def prefixes_of(digits: str) -> tuple[str, ...]:
    """Return every prefix that could price a number, the longest first."""
    longest = min(len(digits), PREFIX_DIGITS_MAX)
    return tuple(digits[:length] for length in range(longest, 0, -1))


def rate_in_force(rates: Iterable[Rate], at: datetime) -> Rate | None:
    """Return the latest of one prefix's rates that is in force at a time."""
    begun = [rate for rate in rates if rate.effective_from is None or rate.effective_from <= at]
    # a rate that holds since ever is older than every dated one
    return max(
        begun,
        key=lambda rate: (rate.effective_from is not None, rate.effective_from or at),
        default=None,
    )


def rate_for(digits: str, at: datetime, rates: Mapping[str, Iterable[Rate]]) -> Rate | None:
    """Return the rate of the longest prefix of a number with one in force; None = no rate."""
    for prefix in prefixes_of(digits):
        if (found := rate_in_force(rates.get(prefix, ()), at)) is not None:
            return found
    return None
