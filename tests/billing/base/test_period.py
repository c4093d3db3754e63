"""Billing periods: each day is in exactly one, and none drifts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.base.model.period import Period, begin_of, local_day, period_of, renewal_after

DAYS = st.dates(date(2000, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize(
    ("day", "anchor_day", "renewal"),
    [
        (date(2026, 11, 22), 22, date(2026, 12, 22)),
        (date(2026, 11, 21), 22, date(2026, 11, 22)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
        (date(2026, 12, 15), 15, date(2027, 1, 15)),
        (date(2027, 1, 31), 31, date(2027, 2, 28)),
        (date(2028, 1, 31), 30, date(2028, 2, 29)),
        # and no drift: after the short month the anchor day is back
        (date(2027, 2, 28), 31, date(2027, 3, 31)),
        (date(2027, 4, 30), 31, date(2027, 5, 31)),
    ],
)
def test_renewals_fall_on_the_anchor_day_or_the_months_end(
    day: date, anchor_day: int, renewal: date
) -> None:
    assert renewal_after(day, anchor_day) == renewal


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 31))
def test_there_is_one_renewal_in_each_month(day: date, anchor_day: int) -> None:
    renewals = [day]
    for _ in range(24):
        renewals.append(renewal_after(renewals[-1], anchor_day))
    months = [renewal.year * 12 + renewal.month for renewal in renewals[1:]]
    assert months == list(range(months[0], months[0] + 24))
    assert renewals == sorted(set(renewals))
    assert all(renewal.day == anchor_day or renewal.day >= 28 for renewal in renewals[1:])


@pytest.mark.parametrize(
    ("day", "anchor_day", "start", "end", "days", "left"),
    [
        (date(2026, 11, 11), 1, date(2026, 11, 1), date(2026, 12, 1), 30, 20),
        (date(2026, 11, 1), 1, date(2026, 11, 1), date(2026, 12, 1), 30, 30),
        (date(2026, 11, 30), 1, date(2026, 11, 1), date(2026, 12, 1), 30, 1),
        (date(2027, 1, 3), 22, date(2026, 12, 22), date(2027, 1, 22), 31, 19),
        (date(2027, 2, 27), 31, date(2027, 1, 31), date(2027, 2, 28), 28, 1),
        (date(2027, 3, 30), 31, date(2027, 2, 28), date(2027, 3, 31), 31, 1),
    ],
)
def test_a_day_is_in_the_period_of_its_anchor_day(  # noqa: PLR0917 - a row of the table
    day: date, anchor_day: int, start: date, end: date, days: int, left: int
) -> None:
    period = period_of(day, anchor_day)
    assert period == (start, end)
    assert period.days == days
    assert period.days_left(day) == left


@given(DAYS, st.integers(1, 31))
def test_periods_follow_each_other_without_a_gap(day: date, anchor_day: int) -> None:
    period = period_of(day, anchor_day)
    assert period.start <= day < period.end
    assert 28 <= period.days <= 31
    following = period.after(anchor_day)
    assert following.start == period.end
    assert period_of(following.start, anchor_day) == following
    assert period_of(period.start, anchor_day) == period


def test_a_day_outside_a_period_has_no_days_left_in_it() -> None:
    with pytest.raises(AssertionError, match="is not in the period"):
        Period(date(2026, 11, 1), date(2026, 12, 1)).days_left(date(2026, 12, 1))


@pytest.mark.parametrize(
    ("day", "time_zone", "begins_at"),
    [
        (date(2026, 11, 22), "UTC", "2026-11-22T00:00:00+00:00"),
        (date(2026, 3, 8), "America/New_York", "2026-03-08T05:00:00+00:00"),
        (date(2026, 3, 9), "America/New_York", "2026-03-09T04:00:00+00:00"),
        # this day had no midnight: its clocks went from 23:59 to 1:00
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),
        # and this one had the hour before it twice
        (date(2018, 2, 18), "America/Sao_Paulo", "2018-02-18T03:00:00+00:00"),
    ],
)
def test_a_day_begins_at_midnight_or_when_the_clocks_come_to_it(
    day: date, time_zone: str, begins_at: str
) -> None:
    begin = begin_of(day, time_zone)
    assert begin.isoformat() == begins_at
    assert local_day(begin, time_zone) == day
    assert local_day(begin - timedelta(microseconds=1), time_zone) == day - timedelta(days=1)
