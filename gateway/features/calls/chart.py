"""A chart of bars, worked out: templates only draw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Final

from contracts.billing import UsageDay
from contracts.values import MICROS_PER_UNIT
from gateway.portal.formatting import day as written_day
from gateway.portal.formatting import decimal_number, money, price

PLOT_PIXELS: Final = 120
"""From the lowest line to the highest."""

BAR_PART: Final = Decimal("0.64")
"""How much of its place a bar takes; the rest is air."""

TICKS_MAX: Final = 31
LONG_TICKS: Final = 8
STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: across in percent, up in pixels from the top."""

    left: str
    width: str
    top: str
    height: str
    day: date
    minutes: float
    amount: int
    """Micro-units."""

    text: str
    """What it says, such as `13 Nov 2026: $4.92, 22.7 minutes`."""

    tick: str
    """What stands under it; empty where there is no room."""

    highest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Bars, the scale beside them from top to bottom, and the same in words."""

    title: str
    summary: str
    scale: tuple[str, ...]
    bars: tuple[Bar, ...]
    long_ticks: bool
    """Whether ticks are so long that a phone shows every other one."""


def charges_by_day(days: Sequence[UsageDay], currency: str, title: str) -> BarChart:
    """Return the chart of what calls cost from day to day; there is at least one day."""
    most = max(one.call_charges for one in days)
    top = _round_above(most)
    total = sum(one.call_charges for one in days)
    summary = f"{money(total, currency)} in {len(days)} days"
    if most:
        best = next(one for one in days if one.call_charges == most)
        summary += f"; the most was {money(most, currency)} on {written_day(best.day)}"
    return BarChart(
        title=title,
        summary=f"{summary}.",
        scale=tuple(price(part, currency) for part in (top, top // 2, 0)),
        bars=tuple(
            _bar(at, one, days, currency, part=Decimal(one.call_charges) / top, highest=most)
            for at, one in enumerate(days)
        ),
        long_ticks=len(days) > TICKS_MAX,
    )


def _bar(
    at: int, one: UsageDay, days: Sequence[UsageDay], currency: str, *, part: Decimal, highest: int
) -> Bar:
    place = Decimal(100) / len(days)
    height = max(Decimal(1), part * PLOT_PIXELS)
    return Bar(
        left=f"{place * (at + (1 - BAR_PART) / 2):.3f}%",
        width=f"{place * BAR_PART:.3f}%",
        top=f"{PLOT_PIXELS - height:.1f}",
        height=f"{height:.1f}",
        day=one.day,
        minutes=one.minutes_used,
        amount=one.call_charges,
        text=(
            f"{written_day(one.day)}: {price(one.call_charges, currency)}, "
            f"{decimal_number(one.minutes_used)} minutes"
        ),
        tick=_tick(at, one, days),
        highest=bool(highest) and one.call_charges == highest,
    )


def _tick(at: int, one: UsageDay, days: Sequence[UsageDay]) -> str:
    if len(days) <= TICKS_MAX:
        return str(one.day.day)
    every = -(-len(days) // LONG_TICKS)
    return written_day(one.day).rpartition(" ")[0] if at % every == 0 else ""


def _round_above(amount: int) -> int:
    """Return the first of 1, 2, 5, 10, 20, … hundredths of a unit that is not below the amount."""
    hundredth = MICROS_PER_UNIT // 100
    steps = (step * 10**zeros * hundredth for zeros in count() for step in STEPS)
    return next(step for step in steps if step >= amount)
