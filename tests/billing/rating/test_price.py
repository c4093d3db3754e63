"""What a call costs, against SPEC's table and against exact fractions."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import Rate
from contracts.values import micros
from services.billing.base.model.money import line_amount, round_half_up
from services.billing.rating.model.price import (
    PriceList,
    SheetRate,
    billed_seconds,
    cost,
    prefixes_of,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def rate(
    per_minute: str = "0.10",
    *,
    prefix: str = "44",
    connect: str = "0",
    least: int = 60,
    step: int = 60,
    grace: int = 0,
    begin: datetime | None = None,
) -> Rate:
    return Rate(
        prefix=prefix,
        rate=micros(per_minute),
        connect_fee=micros(connect),
        min_duration=least,
        increment=step,
        grace=grace,
        effective_from=begin,
    )


@pytest.mark.parametrize(
    ("seconds", "priced", "billed", "costs"),
    [
        (1, rate(connect="0.02"), 60, "0.1200"),
        (61, rate(least=1, step=1), 61, "0.1017"),
        (61, rate(least=6, step=6), 66, "0.1100"),
        (31, rate(least=30, step=6), 36, "0.0600"),
        (5, rate(least=1, step=1, connect="0.02", grace=5), 0, "0.0000"),
        (6, rate(least=1, step=1, connect="0.02", grace=5), 6, "0.0300"),
        (24, rate("0.05", least=1, step=1, connect="0.15"), 24, "0.1700"),
        (130, rate("0.0321"), 180, "0.0963"),
        # beyond the table: no call, the very ends of the minimum and of an increment
        (0, rate(connect="0.02"), 0, "0.0000"),
        (60, rate(), 60, "0.1000"),
        (61, rate(), 120, "0.2000"),
        (1, rate(least=0, step=30), 30, "0.0500"),
        # exactly half of the fourth decimal goes up
        (30, rate("0.0001", least=1, step=1), 30, "0.0001"),
        (29, rate("0.0001", least=1, step=1), 29, "0.0000"),
    ],
)
def test_a_call_costs_what_the_specification_says(
    seconds: int, priced: Rate, billed: int, costs: str
) -> None:
    assert billed_seconds(seconds, priced) == billed
    assert cost(seconds, priced) == micros(costs)


RATES = st.builds(
    rate,
    st.integers(0, 5_000_000).map(lambda amount: f"{amount // 10**6}.{amount % 10**6:06d}"),
    connect=st.integers(0, 20_000).map(lambda amount: f"{amount / 10_000:.4f}"),
    least=st.integers(0, 180),
    step=st.integers(1, 180),
    grace=st.integers(0, 30),
)
SECONDS = st.integers(0, 86_400)


def oracle(seconds: int, priced: Rate) -> Fraction:
    """Return the cost of a call in units, straight from the words of SPEC section 3."""
    if seconds == 0 or seconds <= priced.grace:
        return Fraction(0)
    billed = Fraction(priced.min_duration)
    if seconds > priced.min_duration:
        billed += ceil(Fraction(seconds - priced.min_duration, priced.increment)) * priced.increment
    exact = Fraction(priced.connect_fee, 10**6) + billed * Fraction(priced.rate, 10**6) / 60
    return Fraction(floor(exact * 10_000 + Fraction(1, 2)), 10_000)


@given(SECONDS, RATES)
def test_a_cost_is_exact_and_rounded_once(seconds: int, priced: Rate) -> None:
    assert Fraction(cost(seconds, priced), 10**6) == oracle(seconds, priced)


@given(SECONDS, SECONDS, RATES)
def test_a_longer_call_never_costs_less(one: int, other: int, priced: Rate) -> None:
    shorter, longer = sorted((one, other))
    assert 0 <= cost(shorter, priced) <= cost(longer, priced)
    assert billed_seconds(shorter, priced) <= billed_seconds(longer, priced)


@given(SECONDS, RATES)
def test_billed_seconds_cover_the_call_by_less_than_one_step(seconds: int, priced: Rate) -> None:
    billed = billed_seconds(seconds, priced)
    if billed == 0:
        assert seconds <= priced.grace
    else:
        assert seconds <= billed < max(seconds + priced.increment, priced.min_duration + 1)


@given(st.integers(0, 10**18), st.integers(1, 10**9))
def test_half_is_rounded_up(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert round_half_up(numerator, denominator) == floor(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    ("quantity", "unit_price", "currency", "amount"),
    [
        (12, "14.00", "USD", "168.00"),
        (3, "0.3333", "USD", "1.00"),
        (1, "0.005", "USD", "0.01"),
        (1, "0.0049", "USD", "0.00"),
        (3, "0.5", "JPY", "2.00"),
        (1, "0.0005", "KWD", "0.001"),
    ],
)
def test_a_line_is_rounded_to_the_currencys_smallest_coin(
    quantity: int, unit_price: str, currency: str, amount: str
) -> None:
    assert line_amount(quantity, micros(unit_price), currency) == micros(amount)


# --- which rate applies -----------------------------------------------------------------


def sheet(*rates: Rate) -> PriceList:
    return PriceList(
        SheetRate(prefix=each.prefix, rate=each.rate, effective_from=each.effective_from)
        for each in rates
    )


def applied(prices: PriceList, digits: str, at: datetime = NOW) -> tuple[str, int] | None:
    found = prices.rate_for(digits, at)
    return found and (found.prefix, found.rate)


def test_the_longest_prefix_wins() -> None:
    prices = sheet(rate(prefix="4"), rate("0.2", prefix="44"), rate("0.3", prefix="4420"))
    assert applied(prices, "442079460018") == ("4420", micros("0.3"))
    assert applied(prices, "447911123456") == ("44", micros("0.2"))
    assert applied(prices, "41446681800") == ("4", rate().rate)
    assert applied(prices, "12125550123") is None


def test_of_one_prefix_the_latest_rate_in_force_applies() -> None:
    always = rate("0.1", prefix="44")
    today = rate("0.2", prefix="44", begin=NOW)
    tomorrow = rate("0.3", prefix="44", begin=NOW + timedelta(days=1))
    prices = sheet(tomorrow, always, today)
    assert applied(prices, "44") == ("44", today.rate)
    assert applied(prices, "44", NOW - timedelta(seconds=1)) == ("44", always.rate)
    assert applied(prices, "44", NOW + timedelta(days=1)) == ("44", tomorrow.rate)
    assert applied(sheet(tomorrow), "44") is None


def test_a_rate_that_is_not_in_force_yet_leaves_the_call_to_a_shorter_prefix() -> None:
    prices = sheet(rate(prefix="44"), rate(prefix="4420", begin=NOW + timedelta(days=1)))
    assert applied(prices, "442079460018") == ("44", rate().rate)


@given(st.text("0123456789", min_size=1, max_size=20))
def test_prefixes_are_asked_from_the_longest_to_the_first_digit(digits: str) -> None:
    prefixes = prefixes_of(digits)
    assert prefixes[-1] == digits[0]
    assert [len(prefix) for prefix in prefixes] == list(range(min(len(digits), 15), 0, -1))
    assert all(digits.startswith(prefix) for prefix in prefixes)
