"""Billing periods: they begin on the day of the month that an account was opened on."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

SECONDS_PER_MINUTE: Final = 60

DECEMBER: Final = 12
ONE_DAY: Final = timedelta(days=1)


class Period(NamedTuple):
    """Days of an account's own calendar: from `start` to the day before `end`."""

    start: date
    end: date
    """The day it renews on: the first one of the next period."""

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def days_left(self, day: date) -> int:
        """Return how many of its days are left, a day of it included."""
        assert self.start <= day < self.end, f"{day} is not in the period from {self.start}"
        return (self.end - day).days

    def after(self, anchor_day: int) -> "Period":
        """Return the period that follows, of an account that renews on this day of the month."""
        return period_of(self.end, anchor_day)


def period_of(day: date, anchor_day: int) -> Period:
    """Return the period that a day is in; 29 to 31 become the end of a shorter month."""
    start = _clamped(day.year, day.month, anchor_day)
    if start > day:
        month_before = day.replace(day=1) - ONE_DAY
        start = _clamped(month_before.year, month_before.month, anchor_day)
    return Period(start, renewal_after(day, anchor_day))


def renewal_after(day: date, anchor_day: int) -> date:
    """Return the first renewal day after a day; 29 to 31 become the end of a shorter month."""
    renewal = _clamped(day.year, day.month, anchor_day)
    if renewal > day:
        return renewal
    year, month = (day.year + 1, 1) if day.month == DECEMBER else (day.year, day.month + 1)
    return _clamped(year, month, anchor_day)


def local_day(moment: datetime, time_zone: str) -> date:
    """Return the day that a moment falls on in a time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def begin_of(day: date, time_zone: str) -> datetime:
    """Return when a day begins in a time zone, also where its clocks leave out midnight."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def _clamped(year: int, month: int, day: int) -> date:
    year_after, month_after = (year + 1, 1) if month == DECEMBER else (year, month + 1)
    last_day = (date(year_after, month_after, 1) - ONE_DAY).day
    return date(year, month, min(day, last_day))
