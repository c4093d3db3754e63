"""Pricing calls, pure: one thread, a big sheet, no server."""

import random
import time
from collections.abc import Callable
from typing import Final

from benchmarks.callers import destination
from benchmarks.report import Figure, Results
from services.billing.ledger.model.ledger import CallTerms
from services.billing.rating.model.call_rate import rate_of
from services.billing.rating.model.destination import destination_of
from services.billing.rating.model.price import PriceList, SheetRate, settled
from services.chassis.clock import utc_now

PREFIXES: Final = 100_000
CALLS: Final = 300_000
NUMBERS: Final = 10_000
HOME: Final = "US"
NOTES: Final = f"""\
* Pricing is measured in processor time of one thread, on a sheet of {PREFIXES:,} prefixes. A number
  that was dialled before is remembered; one that was not is parsed and checked first.
"""


def measure_pricing() -> Results:
    """Measure matching and cost, and finding out where a number is before that."""
    at = utc_now()
    prices = PriceList(_rates())
    terms = CallTerms(
        since=at,
        rate_sheet_id="sheet",
        countries=frozenset({"GB", "DE"}),
        domestic_policy="included",
        users=1,
    )
    dialled = [destination(number) for number in range(NUMBERS)]
    destination_of.cache_clear()
    cold = _per_second(lambda: [destination_of(number, HOME) for number in dialled], NUMBERS)
    again = dialled * (CALLS // NUMBERS)
    cached = _per_second(lambda: [destination_of(number, HOME) for number in again], CALLS)
    calls = [(destination_of(number, HOME), 1 + order % 600) for order, number in enumerate(again)]

    def price() -> None:
        for where, seconds in calls:
            rate = rate_of(where, HOME, terms, prices, at)
            assert isinstance(rate, SheetRate), f"{where.number} has no rate"
            settled(seconds, 0, rate)

    priced = _per_second(price, CALLS)
    return Results(
        figures=(
            Figure("price one call: longest prefix and cost", priced, "≥ 300,000/s"),
            Figure("before that, where a number is, dialled before", cached, "–"),
            Figure("before that, where a number is, never dialled", cold, "–"),
        ),
        notes=NOTES,
    )


def _rates() -> list[SheetRate]:
    dice = random.Random(PREFIXES)  # noqa: S311 - no secret
    prefixes = {"44", "49"}
    while len(prefixes) < PREFIXES:
        code = dice.choice(("44", "49", "1", "33", "34", "39", "55", "61", "81", "86", "91"))
        digits = dice.randint(1, 6)
        prefixes.add(f"{code}{dice.randrange(10**digits):0{digits}d}")
    return [SheetRate(prefix, 10_000 + len(prefix)) for prefix in prefixes]


def _per_second(work: Callable[[], object], times: int) -> float:
    began = time.thread_time()
    work()
    return times / (time.thread_time() - began)
