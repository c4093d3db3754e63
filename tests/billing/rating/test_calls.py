"""What a call comes to with a bundle, and how long one may last: SPEC's examples and an oracle."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import Rate
from contracts.values import micros
from services.billing.rating.model.destination import destination_of
from services.billing.rating.model.price import (
    PriceList,
    SheetRate,
    affordable_seconds,
    billed_seconds,
    settled,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def rate(per_minute: str, least: int = 60, step: int = 60, connect: str = "0") -> SheetRate:
    return SheetRate(
        prefix="44",
        rate=micros(per_minute),
        connect_fee=micros(connect),
        min_duration=least,
        increment=step,
    )


rates = st.builds(
    SheetRate,
    prefix=st.just("44"),
    rate=st.integers(0, 5_000_000),
    rate_fraction=st.integers(0, 99),
    connect_fee=st.integers(0, 2_000_000),
    min_duration=st.integers(1, 120),
    increment=st.integers(1, 120),
    grace=st.integers(0, 10),
)


def oracle(seconds: int, free: int, priced: SheetRate) -> Fraction:
    """Say in exact fractions what SPEC says in words."""
    if seconds <= priced.grace or seconds <= free:
        return Fraction(0)
    steps = ceil(Fraction(max(seconds - priced.min_duration, 0), priced.increment))
    rated = priced.min_duration + steps * priced.increment - free
    if rated <= 0:
        return Fraction(0)
    per_minute = priced.rate + Fraction(priced.rate_fraction, 100)
    units = Fraction(priced.connect_fee + rated * per_minute / 60, 1_000_000)
    return Fraction(floor(units * 10_000 + Fraction(1, 2)), 10_000)


@pytest.mark.parametrize(
    ("seconds", "free", "priced", "rated", "costs"),
    [
        (480, 120, rate("0.10"), 360, "0.60"),
        (420, 300, rate("0.14"), 120, "0.28"),
        (70, 60, rate("0.10"), 60, "0.10"),
        (45, 30, rate("0.10"), 30, "0.05"),
        (60, 60, rate("0.10", connect="0.50"), 0, "0"),
        (61, 60, rate("0.10", connect="0.50"), 60, "0.60"),
        (0, 60, rate("0.10"), 0, "0"),
    ],
)
def test_a_bundle_goes_first_and_the_rest_is_rated(
    seconds: int, free: int, priced: SheetRate, rated: int, costs: str
) -> None:
    result = settled(seconds, free, priced)
    assert (result.rated_seconds, result.cost) == (rated, micros(costs))
    assert result.free_seconds == min(seconds, free)


@pytest.mark.parametrize(
    ("available", "free", "requested", "priced", "longest"),
    [
        ("10000", 0, 14_400, rate("60", 1, 1, "1"), 9_999),
        ("1.00", 0, 1_800, rate("0.05", 1, 1, "0.15"), 1_020),
        ("0.50", 0, 1_800, rate("1.00", 1, 1), 30),
        ("0.12", 60, 1_800, rate("0.10"), 120),
        ("0", 60, 1_800, rate("0.10"), 60),
        ("0", 0, 1_800, rate("0.10"), 0),
    ],
)
def test_the_longest_affordable_call_is_that_of_the_examples(
    available: str, free: int, requested: int, priced: SheetRate, longest: int
) -> None:
    assert affordable_seconds(requested, free, micros(available), priced) == longest


@given(st.integers(0, 20_000), st.integers(0, 4_000), rates)
def test_the_cost_is_that_of_exact_fractions(seconds: int, free: int, priced: SheetRate) -> None:
    assert Fraction(settled(seconds, free, priced).cost, 1_000_000) == oracle(seconds, free, priced)


@given(st.integers(0, 20_000), st.integers(0, 4_000), rates)
def test_a_longer_call_never_costs_less(seconds: int, free: int, priced: SheetRate) -> None:
    shorter, longer = settled(seconds, free, priced), settled(seconds + 1, free, priced)
    assert 0 <= shorter.cost <= longer.cost


@given(st.integers(1, 20_000), st.integers(0, 4_000), rates)
def test_free_and_rated_seconds_are_what_is_billed(
    seconds: int, free: int, priced: SheetRate
) -> None:
    result = settled(seconds, free, priced)
    if result.rated_seconds:
        assert result.rated_seconds + result.free_seconds == billed_seconds(seconds, priced)
    assert 0 <= result.free_seconds <= free


@given(st.integers(1, 14_400), st.integers(0, 4_000), st.integers(0, 50_000_000), rates)
def test_the_longest_affordable_call_is_affordable_and_the_next_second_is_not(
    requested: int, free: int, available: int, priced: SheetRate
) -> None:
    longest = affordable_seconds(requested, free, available, priced)
    assert settled(longest, free, priced).cost <= available
    assert longest == requested or settled(longest + 1, free, priced).cost > available


@given(
    st.lists(st.sampled_from(["4", "44", "447", "4479", "45"]), min_size=1, max_size=12),
    st.data(),
)
def test_a_price_list_finds_the_rate_that_looking_at_every_prefix_finds(
    prefixes: list[str], data: st.DataObject
) -> None:
    hours = data.draw(
        st.lists(
            st.one_of(st.none(), st.integers(-5, 5)),
            min_size=len(prefixes),
            max_size=len(prefixes),
        )
    )
    found: dict[tuple[str, int | None], Rate] = {
        (prefix, hour): Rate(
            prefix=prefix,
            rate=number,
            effective_from=None if hour is None else NOW + timedelta(hours=hour),
        )
        for number, (prefix, hour) in enumerate(zip(prefixes, hours, strict=True))
    }
    prices = PriceList(
        SheetRate(prefix=one.prefix, rate=one.rate, effective_from=one.effective_from)
        for one in found.values()
    )
    digits = "447912345678"
    in_force = [
        (len(one.prefix), one.effective_from is not None, one.effective_from or NOW, one.rate)
        for one in found.values()
        if digits.startswith(one.prefix) and (one.effective_from or NOW) <= NOW
    ]
    quick = prices.rate_for(digits, NOW)
    assert (quick and quick.rate) == (max(in_force)[-1] if in_force else None)


@pytest.mark.parametrize(
    ("dialled", "home", "kind", "number", "country"),
    [
        ("+442079460321", "US", "number", "+442079460321", "GB"),
        ("020 7946 0321", "GB", "number", "+442079460321", "GB"),
        ("+12046543210", "US", "number", "+12046543210", "CA"),
        ("+77012345678", "RU", "number", "+77012345678", "KZ"),
        ("911", "US", "emergency", "911", "US"),
        ("112", "DE", "emergency", "112", "DE"),
        ("1001", "US", "extension", "1001", None),
        ("+999123", "US", "invalid", "+999123", None),
        ("hello", "US", "invalid", "hello", None),
    ],
)
def test_a_destination_is_what_was_dialled_at_home(
    dialled: str, home: str, kind: str, number: str, country: str | None
) -> None:
    found = destination_of(dialled, home)
    assert (found.kind, found.number, found.country) == (kind, number, country)
