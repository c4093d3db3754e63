"""The days that a page is about: read from its address, and the usual choices of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from contracts.values import DAY_MAX, DAY_MIN
from gateway.portal.views.parts import ListQuery, Segment

PARAMETERS: Final = ("from", "to", "after")
DAY: Final = timedelta(days=1)


class Days(NamedTuple):
    """Days from and to, both among them, in a time zone; None for no bound."""

    first: date | None
    last: date | None
    zone: ZoneInfo

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
    """Return the days that an address asks for; what is no day counts as if it were not there."""
    return Days(day_of(query.value("from")), day_of(query.value("to")), zone)


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
    """Return the day that a text is; None when it is none, or out of bounds."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if DAY_MIN <= day < DAY_MAX else None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
