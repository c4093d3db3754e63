"""What a call costs (SPEC section 3): the rate that applies, billed seconds, one rounding."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from contracts.billing import Rate
from contracts.exact_rates import FRACTIONS_PER_MICRO
from services.billing.base.model.money import round_half_up

COST_STEP_MICROS: Final = 100
"""A call's cost has four decimals."""

SECONDS_PER_RATE: Final = 60
PARTS_PER_MICRO: Final = SECONDS_PER_RATE * FRACTIONS_PER_MICRO
"""A second of the smallest rate is such a part of a micro-unit."""

PREFIX_DIGITS_MAX: Final = 15


class SheetRate(NamedTuple):
    """A rate as calls are priced by it: small, and quick to read. Money in micro-units."""

    prefix: str
    rate: int
    """Per 60 seconds."""

    connect_fee: int = 0
    min_duration: int = 60
    increment: int = 60
    grace: int = 0
    effective_from: datetime | None = None
    blocked: bool = False
    rate_fraction: int = 0
    """Hundredths of a micro-unit that the rate has beyond `rate`."""


class Settled(NamedTuple):
    """What a call comes to: the seconds that the rate charges, the free ones it used, its cost."""

    rated_seconds: int
    free_seconds: int
    cost: int


NOTHING: Final = Settled(rated_seconds=0, free_seconds=0, cost=0)
"""What a call of no rated second comes to."""


def billed_seconds(seconds: int, rate: Rate | SheetRate) -> int:
    """Return the seconds that a call of `seconds` is charged for."""
    if seconds <= rate.grace or seconds == 0:
        return 0
    beyond = max(seconds - rate.min_duration, 0)
    increments = -(-beyond // rate.increment)
    return rate.min_duration + increments * rate.increment


def cost(seconds: int, rate: Rate | SheetRate) -> int:
    """Return what a call of `seconds` costs in micro-units, rounded once, half up, to 4 decimals.

    A call of no billed second costs nothing, the connect fee included.
    """
    return settled(seconds, 0, rate).cost


def settled(seconds: int, free: int, rate: Rate | SheetRate) -> Settled:
    """Return what a call comes to with `free` seconds left in its bundle.

    Free seconds go first, second by second; the connect fee is charged only with a rated second.
    """
    if seconds <= rate.grace or seconds == 0:
        return NOTHING
    if seconds <= free:
        return Settled(rated_seconds=0, free_seconds=seconds, cost=0)
    rated = max(billed_seconds(seconds, rate) - free, 0)
    if rated == 0:
        return Settled(rated_seconds=0, free_seconds=free, cost=0)
    parts = rated * (rate.rate * FRACTIONS_PER_MICRO + rate.rate_fraction)
    parts += rate.connect_fee * PARTS_PER_MICRO
    amount = round_half_up(parts, PARTS_PER_MICRO * COST_STEP_MICROS) * COST_STEP_MICROS
    return Settled(rated_seconds=rated, free_seconds=free, cost=amount)


def affordable_seconds(requested: int, free: int, available: int, rate: Rate | SheetRate) -> int:
    """Return the largest s up to `requested` whose cost is at most `available` micro-units.

    Free seconds were paid for: they are there below zero too.
    """
    if available < 0:
        return min(requested, free)
    if settled(requested, free, rate).cost <= available:
        return requested
    # cost never falls with the seconds, so the border is found by halving
    affordable, dear = 0, requested
    while dear - affordable > 1:
        middle = (affordable + dear) // 2
        if settled(middle, free, rate).cost <= available:
            affordable = middle
        else:
            dear = middle
    return affordable


def prefixes_of(digits: str) -> tuple[str, ...]:
    """Return every prefix that could price a number, the longest first."""
    longest = min(len(digits), PREFIX_DIGITS_MAX)
    return tuple(digits[:length] for length in range(longest, 0, -1))


class PriceList:
    """The rates of one sheet as it stood at some time, for pricing many calls."""

    __slots__ = ("_by_prefix", "_lengths", "has_blocked", "rates")

    def __init__(self, rates: Iterable[SheetRate]) -> None:
        by_prefix: dict[str, list[SheetRate]] = {}
        self.rates = 0
        self.has_blocked = False
        for rate in rates:
            by_prefix.setdefault(rate.prefix, []).append(rate)
            self.rates += 1
            self.has_blocked = self.has_blocked or rate.blocked
        self._lengths = sorted({len(prefix) for prefix in by_prefix}, reverse=True)
        self._by_prefix: dict[str, Sequence[SheetRate]] = {
            prefix: tuple(sorted(found, key=_latest_first)) for prefix, found in by_prefix.items()
        }

    def rate_for(self, digits: str, at: datetime) -> SheetRate | None:
        """Return the rate of the longest prefix of a number with one in force; None = no rate."""
        rates_of = self._by_prefix.get
        for length in self._lengths:
            for rate in rates_of(digits[:length]) or ():
                if rate.effective_from is None or rate.effective_from <= at:
                    return rate
        return None


def _latest_first(rate: SheetRate) -> tuple[bool, float]:
    begin = rate.effective_from
    return begin is None, -begin.timestamp() if begin else 0.0
