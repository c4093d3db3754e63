"""Dates as files write them, read only where they can mean one day."""

import re
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from contracts.tables.days import AmbiguousDayError, DateOrder, day_of, month_of
from contracts.values import MOMENT_END, MOMENT_MIN

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
_EXAMPLE: Final = "Write the date as 2026-11-22, or with a time as 2026-11-22T08:00."


def moment_of(text: str, zone: ZoneInfo, order: DateOrder = "") -> datetime:
    """Return when a date begins in a zone, in UTC; ValueError with a sentence otherwise."""
    try:
        day, clock = _read(" ".join(text.split()), order)
        moment = datetime.combine(day, clock)
    except (AmbiguousDayError, _ShortYearError):
        raise
    except ValueError as error:
        raise ValueError(_EXAMPLE) from error
    moment = moment.replace(microsecond=0, tzinfo=moment.tzinfo or zone)
    if not MOMENT_MIN <= moment < MOMENT_END:
        message = "Write a date within the years 2000 to 2199, such as 2026-11-22."
        raise ValueError(message)
    return moment.astimezone(UTC)


class _ShortYearError(ValueError):
    """A date whose century is anyone's guess."""


def _read(text: str, order: DateOrder) -> tuple[date, time]:
    if found := (_YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)):
        return date(int(found[1]), int(found[2]), int(found[3])), _time(found)
    if found := _NAMED.fullmatch(text):
        month = month_of(found["month"] or found["month2"])
        return date(int(found["year"]), month, int(found["day"] or found["day2"])), _time(found)
    if found := _YEAR_LAST.fullmatch(text):
        return day_of(int(found[1]), int(found[2]), int(found[3]), order), _time(found)
    if _SHORT.fullmatch(text):
        message = "Write the year with four digits, such as 2026-11-22."
        raise _ShortYearError(message)
    raise ValueError(text)


def _time(found: re.Match[str]) -> time:
    clock = found.groupdict().get("clock")
    return (
        time.fromisoformat(clock.zfill(5) if clock.find(":") > 1 else f"0{clock}")
        if clock
        else time()
    )
