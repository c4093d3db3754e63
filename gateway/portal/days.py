"""The days that a page is about: read from its address, and the usual choices of them."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from contracts.values import DAY_MAX, DAY_MIN
from gateway.portal.formatting import day as written
from gateway.portal.views.parts import ListQuery, Segment

PARAMETERS: Final = ("from", "to", "after")
DAY: Final = timedelta(days=1)
MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
MONTH_CHARACTERS_MIN: Final = 3
NOT_A_DAY: Final = "Enter the day like this: 22 Nov 2026."
_DAY_FIRST: Final = re.compile(r"(?P<day>\d{1,2})\.? *(?P<month>[a-z]+)\.?,? *(?P<year>\d{4})")
_MONTH_FIRST: Final = re.compile(r"(?P<month>[a-z]+)\.? *(?P<day>\d{1,2}),? +(?P<year>\d{4})")


class Days(NamedTuple):
    """Days from and to, both among them, in a time zone; None for no bound."""

    first: date | None
    last: date | None
    zone: ZoneInfo
    typed: tuple[str, str] = ("", "")

    @property
    def first_text(self) -> str:
        """The first day as pages write it; what is no day as it was typed."""
        return written(self.first) if self.first else self.typed[0]

    @property
    def last_text(self) -> str:
        """Likewise the last day."""
        return written(self.last) if self.last else self.typed[1]

    @property
    def start(self) -> datetime | None:
        """When the first day begins."""
        return midnight(self.first, self.zone) if self.first else None

    @property
    def end(self) -> datetime | None:
        """When the last day is over."""
        return midnight(self.last + DAY, self.zone) if self.last else None

    def url(self, path: str) -> str:
        """Return an address of the API for these days."""
        ends = {"from": self.start, "to": self.end}
        wanted = {name: f"{end:%Y-%m-%dT%H:%M:%SZ}" for name, end in ends.items() if end}
        return ListQuery(path=path, parameters=wanted).url()


class Choice(NamedTuple):
    """Days that are often wanted."""

    label: str
    first: date | None = None
    last: date | None = None


def days_of(query: ListQuery, zone: ZoneInfo) -> Days:
    """Return the days that an address asks for; what is no day bounds nothing, and is reported."""
    first, last = query.value("from"), query.value("to")
    return Days(day_of(first), day_of(last), zone, (first, last))


def first_of_month(day: date, months_back: int = 0) -> date:
    """Return the first day of a day's month, or of a month before it."""
    first = day.replace(day=1)
    for _ in range(months_back):
        first = (first - DAY).replace(day=1)
    return first


def months_before(day: date, months: int) -> date:
    """Return the same day of a month before, or that month's last one."""
    first = first_of_month(day, months)
    last = (first + timedelta(days=31)).replace(day=1) - DAY
    return first.replace(day=min(day.day, last.day))


def segments_of(query: ListQuery, choices: Sequence[Choice]) -> tuple[Segment, ...]:
    """Return the choices as links of a page; the one that the address asks for is marked."""
    return tuple(_segment(query, choice) for choice in choices)


def _segment(query: ListQuery, choice: Choice) -> Segment:
    wanted = {"from": iso(choice.first), "to": iso(choice.last)}
    current = all(query.value(name) == value for name, value in wanted.items())
    return Segment(label=choice.label, url=query.url(**wanted, after=""), current=current)


def iso(day: date | None) -> str:
    """Write a day as date fields take it; nothing for none."""
    return day.isoformat() if day else ""


def day_of(text: str) -> date | None:
    """Return the day that a text is; None when it is none, or out of bounds.

    A day is written as pages do, `22 Nov 2026`, with the month's whole name or before the day, or
    as ISO 8601 has it. Days of digits alone, such as 11/12/2026, mean different days to people.
    """
    text = text.strip()
    try:
        day = _written_day(text.lower()) or date.fromisoformat(text)
    except ValueError:
        return None
    return day if DAY_MIN <= day < DAY_MAX else None


def _written_day(text: str) -> date | None:
    """Return a day whose month is a word; ValueError for one that its month has not."""
    found = _DAY_FIRST.fullmatch(text) or _MONTH_FIRST.fullmatch(text)
    if found is None or len(found["month"]) < MONTH_CHARACTERS_MIN:
        return None
    numbers = [at for at, name in enumerate(MONTHS, 1) if name.startswith(found["month"])]
    return date(int(found["year"]), numbers[0], int(found["day"])) if numbers else None


def day_fault(text: str) -> str:
    """Return what is wrong with a day that was typed; nothing when it is one, or empty."""
    return NOT_A_DAY if text and day_of(text) is None else ""


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
