"""Dates as files write them, read only where they can mean one day."""

import re
from datetime import UTC, date, datetime, time
from typing import Final, Literal
from zoneinfo import ZoneInfo

from contracts.values import MOMENT_END, MOMENT_MIN

DateOrder = Literal["", "day-first", "month-first"]
"""Which comes first in 01/12/2026; empty refuses such a date."""

_CLOCK: Final = r"(?:[T ]+(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?))?"
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_CLOCK}", re.ASCII)
_COMPACT: Final = re.compile(r"(20\d{2})(\d{2})(\d{2})", re.ASCII)
_YEAR_LAST: Final = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_CLOCK}", re.ASCII)
_SHORT: Final = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}", re.ASCII)
_NAMED: Final = re.compile(
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[- ,/.]+(?P<month>[a-z]{{3,9}})|"
    rf"(?P<month2>[a-z]{{3,9}})[- .]+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?)"
    rf"[- ,/.]+(?P<year>\d{{4}}){_CLOCK}",
    re.ASCII | re.IGNORECASE,
)
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS_IN_A_YEAR: Final = 12
_EXAMPLE: Final = "Write the date as 2026-11-22, or with a time as 2026-11-22T08:00."


def moment_of(text: str, zone: ZoneInfo, order: DateOrder = "") -> datetime:
    """Return when a date begins in a zone, in UTC; ValueError with a sentence otherwise."""
    try:
        day, clock = _read(" ".join(text.split()), order)
        moment = datetime.combine(day, clock)
    except _AmbiguousError:
        raise
    except ValueError as error:
        raise ValueError(_EXAMPLE) from error
    moment = moment.replace(microsecond=0, tzinfo=moment.tzinfo or zone)
    if not MOMENT_MIN <= moment < MOMENT_END:
        message = "Write a date within the years 2000 to 2199, such as 2026-11-22."
        raise ValueError(message)
    return moment.astimezone(UTC)


class _AmbiguousError(ValueError):
    """A date that may be two days."""


def _read(text: str, order: DateOrder) -> tuple[date, time]:
    if found := (_YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)):
        return date(int(found[1]), int(found[2]), int(found[3])), _time(found)
    if found := _NAMED.fullmatch(text):
        month = _month(found["month"] or found["month2"])
        return date(int(found["year"]), month, int(found["day"] or found["day2"])), _time(found)
    if found := _YEAR_LAST.fullmatch(text):
        return _ordered(int(found[1]), int(found[2]), int(found[3]), order), _time(found)
    if _SHORT.fullmatch(text):
        message = "Write the year with four digits, such as 2026-11-22."
        raise _AmbiguousError(message)
    raise ValueError(text)


def _time(found: re.Match[str]) -> time:
    clock = found.groupdict().get("clock")
    return (
        time.fromisoformat(clock.zfill(5) if clock.find(":") > 1 else f"0{clock}")
        if clock
        else time()
    )


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name.lower()) or name.lower() == "sept" == month[:4]:
            return number
    raise ValueError(name)


def _ordered(first: int, second: int, year: int, order: DateOrder) -> date:
    """Return the day of two numbers and a year; refused where they may be two days."""
    if order == "day-first":
        return date(year, second, first)
    if order == "month-first":
        return date(year, first, second)
    if first == second or second > _MONTHS_IN_A_YEAR:
        return date(year, first, second)
    if first > _MONTHS_IN_A_YEAR:
        return date(year, second, first)
    message = (
        f"This may be {date(year, second, first)} or {date(year, first, second)}. Choose “day "
        "first” or “month first” for the column."
    )
    raise _AmbiguousError(message)
