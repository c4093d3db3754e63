"""Times as people and programs send them: RFC 3339, with a zone, within the contract's bounds."""

import re
from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from contracts.values import Day, KeptMoment, Moment

_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _moment_or_day(value: object) -> object:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return f"{value}T00:00:00Z"
    return _moment(value)


def _moment(value: object) -> object:
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        message = "a time is written like 2026-11-22T09:30:00Z"
        raise ValueError(message)
    return value


_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT_OR_DAY_SCHEMA: Final = WithJsonSchema(
    {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
)
TimeOrDay = Annotated[Moment, BeforeValidator(_moment_or_day), _MOMENT_OR_DAY_SCHEMA]
"""A time that bounds a list; a day stands for its midnight in UTC."""

Time = Annotated[Moment, BeforeValidator(_moment)]

_EPOCH: Final = re.compile(r"\d{1,13}(\.\d{1,9})?", re.ASCII)


def _moment_or_epoch(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _EPOCH.fullmatch(value):
        return value
    return _moment(value)


AnyTime = Annotated[
    KeptMoment,
    BeforeValidator(_moment_or_epoch),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]}),
]
"""A time that is looked at later, record by record: RFC 3339, or seconds since 1970."""


def _day_of(value: object) -> object:
    """Let a time stand for its day, as its own zone has it: ranges of days take either."""
    if isinstance(value, str) and len(value) > len("2026-11-22"):
        moment = _moment(value)
        assert isinstance(moment, str), "it stays as it is"
        return moment[:10]
    return value


def _day_after_midnight(value: object) -> object:
    """Let a time that ends a range end it behind its day, unless it is that day's midnight."""
    day = _day_of(value)
    if day == value or not isinstance(day, str) or not isinstance(value, str):
        return day
    if value[11:19] == "00:00:00":
        return day
    try:
        return date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        return day


_DAY_SCHEMA: Final = WithJsonSchema(
    {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
)
FirstDay = Annotated[Day, BeforeValidator(_day_of), _DAY_SCHEMA]
EndDay = Annotated[Day, BeforeValidator(_day_after_midnight), _DAY_SCHEMA]
