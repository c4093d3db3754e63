"""When a call was answered, read only where the text can mean one moment."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from contracts.tables.days import AmbiguousDayError, DateOrder, day_of, month_of
from contracts.values import MOMENT_END, MOMENT_MIN

_EPOCH: Final = re.compile(r"(\d{9,10})(\.\d{1,9})?|(\d{12,13})|(\d{15,16})", re.ASCII)
"""Seconds since 1970, or milliseconds, or microseconds: their digits tell which, from 1973 on."""

_CLOCK: Final = (
    r"[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d{1,9})?)?"
    r" ?(?P<half>[ap]\.?m\.?)?"
    r" ?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_YEAR_FIRST: Final = re.compile(
    rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}})(?:{_CLOCK})?", re.ASCII | re.IGNORECASE
)
_COMPACT: Final = re.compile(r"(20\d{2})(\d{2})(\d{2})[T ]?(\d{2})(\d{2})(\d{2})", re.ASCII)
_YEAR_LAST: Final = re.compile(
    rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}})(?:{_CLOCK})?", re.ASCII | re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? )?"
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[- ,/.]+(?P<month>[a-z]{3,9})|"
    r"(?P<month2>[a-z]{3,9})[- .]+(?P<day2>\d{1,2})(?:st|nd|rd|th)?)"
    rf"[- ,/.]+(?P<year>\d{{4}})(?:{_CLOCK})?",
    re.ASCII | re.IGNORECASE,
)
_NOON: Final = 12
_EXAMPLE: Final = "Write the time of the answer as 2026-11-22T09:30:00Z."
_DIGITS_OF_SECONDS: Final = 10
_DIGITS_OF_MILLISECONDS: Final = 13


class TimeUnclearError(ValueError):
    """A time may mean several moments; what is missing must be stated for the whole file."""

    def __init__(self, missing: Literal["time-zone", "date-order"], message: str) -> None:
        super().__init__(message)
        self.missing = missing


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name; ValueError with a sentence if there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(_NO_ZONE) from error
    except KeyError as error:
        raise ValueError(_NO_ZONE) from error


_NO_ZONE: Final = "Give the time zone by its name, such as Europe/London or UTC."


def moment_of(text: str, zone: ZoneInfo | None, order: DateOrder = "") -> datetime:
    """Return the moment that a text means, in UTC; ValueError with a sentence otherwise.

    Raises TimeUnclearError when a local time comes without a `zone`, or a date without an `order`.
    """
    plain = " ".join(text.split())
    if found := _EPOCH.fullmatch(plain):
        return _bounded(_since_1970(found))
    try:
        day, found = _day(plain, order)
        local = datetime.combine(day, _clock(found))
        offset = _offset(found)
    except AmbiguousDayError as error:
        raise TimeUnclearError("date-order", str(error)) from error
    except (ValueError, OverflowError) as error:
        raise ValueError(_EXAMPLE) from error
    if offset is not None:
        return _bounded(local.replace(tzinfo=offset))
    if zone is None:
        message = f"“{plain[:40]}” is a local time. Give the time zone of the file."
        raise TimeUnclearError("time-zone", message)
    return _bounded(_in_zone(local, zone))


def _bounded(moment: datetime) -> datetime:
    if not MOMENT_MIN <= moment < MOMENT_END:
        message = "The time of the answer isn't within the years 2000 to 2199."
        raise ValueError(message)
    return moment.astimezone(UTC)


def _since_1970(found: re.Match[str]) -> datetime:
    digits = found[0]
    whole = len(digits.partition(".")[0])
    unit = 1
    if whole > _DIGITS_OF_SECONDS:
        unit = 1_000 if whole <= _DIGITS_OF_MILLISECONDS else 1_000_000
    seconds = Decimal(digits) / unit
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(seconds * 1_000_000))


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """Return a local time in its zone; ValueError where clocks were put forward or back."""
    moment = local.replace(tzinfo=zone)
    if moment.utcoffset() == moment.replace(fold=1).utcoffset():
        return moment
    happened = moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    how = "happened twice" if happened else "didn't happen"
    message = (
        f"{local:%H:%M} on {local:%Y-%m-%d} {how} in {zone.key}, because the clocks were changed. "
        "Write the time with its offset, such as +01:00."
    )
    raise ValueError(message)


def _day(text: str, order: DateOrder) -> tuple[date, re.Match[str]]:
    if found := (_YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)):
        return date(int(found[1]), int(found[2]), int(found[3])), found
    if found := _NAMED.fullmatch(text):
        month = month_of(found["month"] or found["month2"])
        return date(int(found["year"]), month, int(found["day"] or found["day2"])), found
    if found := _YEAR_LAST.fullmatch(text):
        return day_of(int(found[1]), int(found[2]), int(found[3]), order), found
    raise ValueError(text)


def _clock(found: re.Match[str]) -> time:
    groups = found.groupdict()
    if not groups:
        return time(int(found[4]), int(found[5]), int(found[6]))
    if not groups["hour"]:
        message = "a call was answered at some time of the day"
        raise ValueError(message)
    hour = int(groups["hour"])
    if groups["half"]:
        if not 1 <= hour <= _NOON:
            raise ValueError(hour)
        hour = hour % _NOON + (_NOON if groups["half"].lower().startswith("p") else 0)
    fraction = int((groups["fraction"] or ".0")[1:7].ljust(6, "0"))
    return time(hour, int(groups["minute"]), int(groups["second"] or 0), fraction)


def _offset(found: re.Match[str]) -> timezone | None:
    text = (found.groupdict().get("zone") or "").upper()
    if not text:
        return None
    if not text.startswith(("+", "-")):
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text.startswith("-") else offset)
