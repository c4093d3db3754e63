"""The chart of charges, the days of a page, and how lengths and minutes are written."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from contracts.billing import UsageDay
from gateway.features.calls.chart import PLOT_PIXELS, charges_by_day
from gateway.portal.days import Choice, days_of, first_of_month, segments_of
from gateway.portal.formatting import decimal_number, duration, second
from gateway.portal.views.parts import ListQuery


def days(*charges: int) -> list[UsageDay]:
    """Return days in a row, from the first of November on, with charges in cents."""
    return [
        UsageDay(day=date(2026, 11, at + 1), minutes_used=1.5, call_charges=cents * 10_000)
        for at, cents in enumerate(charges)
    ]


def test_bars_are_as_high_as_their_charges_and_never_invisible() -> None:
    chart = charges_by_day(days(0, 250, 492, 100), "USD", "Charges by day")
    assert chart.scale == ("$5.00", "$2.50", "$0.00")
    assert [float(bar.height) for bar in chart.bars] == [1.0, 60.0, 118.1, 24.0]
    assert all(
        float(bar.top) + float(bar.height) == pytest.approx(PLOT_PIXELS) for bar in chart.bars
    )
    assert [bar.highest for bar in chart.bars] == [False, False, True, False]
    assert chart.summary == "$8.42 in 4 days; the most was $4.92 on 3 Nov 2026."
    assert chart.bars[2].text == "3 Nov 2026: $4.92, 1.5 minutes"


def test_bars_stand_side_by_side_within_the_chart() -> None:
    for count in (1, 2, 30):
        bars = charges_by_day(days(*[1] * count), "USD", "t").bars
        ends = [
            (float(bar.left.rstrip("%")), float(bar.left[:-1]) + float(bar.width[:-1]))
            for bar in bars
        ]
        assert ends[0][0] > 0
        assert ends[-1][1] < 100
        assert all(earlier[1] < later[0] for earlier, later in pairwise(ends))


@pytest.mark.parametrize(
    ("cents", "top"),
    [(0, "$0.01"), (1, "$0.01"), (3, "$0.05"), (501, "$10.00"), (99_999_900, "$1,000,000.00")],
)
def test_a_scale_ends_at_a_round_amount_that_is_not_below_the_highest(cents: int, top: str) -> None:
    assert charges_by_day(days(cents), "USD", "t").scale[0] == top


def test_of_many_days_some_are_named_with_their_month() -> None:
    many = [
        UsageDay(day=date(2026, 9, 1) + timedelta(days=at), minutes_used=0.0, call_charges=at)
        for at in range(92)
    ]
    ticks = [bar.tick for bar in charges_by_day(many, "USD", "t").bars]
    assert ticks[0] == "1 Sep"
    assert 5 <= len([tick for tick in ticks if tick]) <= 8
    assert [bar.tick for bar in charges_by_day(many[:31], "USD", "t").bars][:2] == ["1", "2"]


def test_days_begin_and_end_in_the_zone_of_the_account() -> None:
    zone = ZoneInfo("America/New_York")
    query = ListQuery(path="/x", parameters={"from": "2026-11-01", "to": "2026-11-01"})
    found = days_of(query, zone)
    assert found.start == datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    assert found.end == datetime(2026, 11, 2, 5, 0, tzinfo=UTC)  # clocks went back: 25 hours
    assert found.url("/c.csv") == "/c.csv?from=2026-11-01T04%3A00%3A00Z&to=2026-11-02T05%3A00%3A00Z"
    for nonsense in ("x", "2026-13-01", "0001-01-01", "9999-12-31"):
        query = ListQuery(path="/x", parameters={"from": nonsense, "to": nonsense})
        assert days_of(query, zone)[:2] == (None, None)
    assert days_of(ListQuery(path="/x"), zone).url("/c.csv") == "/c.csv"


def test_the_choice_that_the_address_has_is_marked() -> None:
    query = ListQuery(path="/x", parameters={"from": "2026-11-01", "after": "c"})
    marked = segments_of(query, (Choice("All"), Choice("November", date(2026, 11, 1))))
    assert [(one.label, one.url, one.current) for one in marked] == [
        ("All", "/x", False),
        ("November", "/x?from=2026-11-01", True),
    ]


def test_months_are_counted_back_over_the_end_of_a_year() -> None:
    day = date(2026, 1, 31)
    assert [str(first_of_month(day, back)) for back in (0, 1, 2)] == [
        "2026-01-01",
        "2025-12-01",
        "2025-11-01",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 m 00 s"),
        (221, "3 m 41 s"),
        (3_600, "1 h 00 m 00 s"),
        (86_399, "23 h 59 m 59 s"),
    ],
)
def test_a_length_is_written_in_its_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_minutes_have_up_to_two_decimals_and_times_their_seconds() -> None:
    assert [decimal_number(number) for number in (0.0, 612.4, 1_612.25, 2.0)] == [
        "0",
        "612.4",
        "1,612.25",
        "2",
    ]
    at = datetime(2026, 11, 22, 17, 14, 6, tzinfo=UTC)
    assert second(at, "America/Los_Angeles") == "22 Nov 2026, 09:14:06"
