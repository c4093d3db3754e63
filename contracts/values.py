"""Values that every service shares: money, numbers, countries, periods, pages."""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

MICROS_PER_UNIT = 1_000_000
AMOUNT_MICROS_MAX = 10**15 - 1
"""A thousand million units: the limit of an amount that is entered, such as a price."""

SUM_MICROS_MAX = 10**18 - 1
"""A million million units: the limit of what is added up; int64 holds nine times as much."""

AMOUNT_DIGITS_MAX = 9
SUM_DIGITS_MAX = 12
"""Before the point."""


def micros(text: str, digits_max: int = AMOUNT_DIGITS_MAX) -> int:
    """Return the micro-units of a decimal text such as `12.50`; ValueError for anything else."""
    if _form(digits_max).fullmatch(text) is None:
        message = (
            f"an amount is a decimal text with up to {digits_max} digits and 6 decimals, "
            "such as 12.50"
        )
        raise ValueError(message)
    return int(Decimal(text) * MICROS_PER_UNIT)


def sum_micros(text: str) -> int:
    """Return the micro-units of a decimal text with as many digits as a sum may have."""
    return micros(text, SUM_DIGITS_MAX)


@cache
def _form(digits_max: int) -> re.Pattern[str]:
    return re.compile(rf"^-?\d{{1,{digits_max}}}(\.\d{{1,6}})?$", re.ASCII)


def decimal_text(amount: int) -> str:
    """Return micro-units as a decimal text with at least two decimals, such as `12.50`."""
    units, rest = divmod(abs(amount), MICROS_PER_UNIT)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{units}.{decimals}"


def _from_code_or_wire(digits_max: int) -> BeforeValidator:
    """Let code hand over micro-units (int) and the wire a decimal text; never a number in JSON."""

    def read(value: object, info: ValidationInfo) -> object:
        if isinstance(value, str):
            return micros(value, digits_max)
        if info.mode == "json" or isinstance(value, bool) or not isinstance(value, int):
            message = "an amount is a decimal text such as 12.50, never a number"
            raise ValueError(message)
        return value

    return BeforeValidator(read)


def _from_person(digits_max: int) -> BeforeValidator:
    """Accept only a decimal text: a number in a person's JSON would be read as micro-units."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            message = "an amount is a decimal text such as 12.50, never a number"
            raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueError, not TypeError, as a field error
        return micros(value.strip(), digits_max)

    return BeforeValidator(read)


def _schema(digits_max: int) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": _form(digits_max).pattern, "examples": ["12.50"]}
    )


_as_text = PlainSerializer(decimal_text, return_type=str, when_used="json")
_amount_limits = Field(ge=-AMOUNT_MICROS_MAX, le=AMOUNT_MICROS_MAX)
_amount_schema = _schema(AMOUNT_DIGITS_MAX)
_sum_limits = Field(ge=-SUM_MICROS_MAX, le=SUM_MICROS_MAX)
_sum_schema = _schema(SUM_DIGITS_MAX)

Amount = Annotated[
    int, _from_code_or_wire(AMOUNT_DIGITS_MAX), _amount_limits, _as_text, _amount_schema
]
"""An amount that was entered: micro-units (int) in code and MongoDB, a decimal text in JSON."""

AmountInput = Annotated[
    int, _from_person(AMOUNT_DIGITS_MAX), _amount_limits, _as_text, _amount_schema
]
"""An amount as a person's request carries it: text only."""

Sum = Annotated[int, _from_code_or_wire(SUM_DIGITS_MAX), _sum_limits, _as_text, _sum_schema]
"""Money that is added up, such as a total or a balance: like an amount, but larger."""

SumInput = Annotated[int, _from_person(SUM_DIGITS_MAX), _sum_limits, _as_text, _sum_schema]
"""A sum as a person's request carries it, such as one that is paid: text only."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


JOINERS = "\u200c\u200d"
"""Unseen, but part of how Persian, Hindi and others are written, and of emoji."""


FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters, marks and symbols by their category, but drawn as nothing."""

_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Variation selectors: they choose how the character before them looks."""


def is_readable(text: str) -> bool:
    """Tell whether a text in one line has only characters that people can see, spaces and joiners.

    No controls, no ends of lines, no marks that turn the direction of what follows, no halves of
    characters, nothing that is drawn as nothing.
    """
    return all(
        (character.isprintable() and character not in FILLERS)
        or character in JOINERS
        or unicodedata.category(character) == "Zs"
        for character in text
    )


def is_blank(text: str) -> bool:
    """Tell whether a text has nothing that people can see."""
    return not any(
        character.isprintable() and not character.isspace() and character not in FILLERS
        for character in _SELECTORS.sub("", text)
    )


def realm_key(realm: str) -> str:
    """Return a realm as it is stored and compared: in lower case, without space around it."""
    return realm.strip().lower()


Realm = Annotated[str, AfterValidator(realm_key)]
"""The name by which a switch knows an account; two that differ only in case are the same."""

PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{5,14}$")]
"""E.164."""


MOMENT_MIN = datetime(2000, 1, 1, tzinfo=UTC)
MOMENT_END = datetime(2200, 1, 1, tzinfo=UTC)
"""Times are from MOMENT_MIN up to, but not including, this one."""

DAY_MIN = date(2000, 1, 2)
DAY_MAX = date(2199, 12, 30)
"""Days begin and end within the bounds of times, in every time zone."""

_SHOWN_FIRST = datetime(1, 1, 3, tzinfo=UTC)
_SHOWN_LAST = datetime(9999, 12, 29, tzinfo=UTC)


def _zoned(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        message = "a time needs its zone"
        raise ValueError(message)
    return moment


def _bounded(moment: datetime) -> datetime:
    if not MOMENT_MIN <= _zoned(moment) < MOMENT_END:
        message = "a time must be within the years 2000 to 2199"
        raise ValueError(message)
    return moment.astimezone(UTC)


def _bounded_day(day: date) -> date:
    if not DAY_MIN <= day <= DAY_MAX:
        message = f"a day must be between {DAY_MIN} and {DAY_MAX}"
        raise ValueError(message)
    return day


def _shown(moment: datetime) -> datetime:
    return min(max(_zoned(moment), _SHOWN_FIRST), _SHOWN_LAST).astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_bounded)]
"""A time; UTC inside, RFC 3339 on the wire. Outside the years 2000 to 2199 it is refused."""

KeptMoment = Annotated[datetime, AfterValidator(_shown)]
"""A time that an outsider chose and that may have been stored before times were bounded.

It always loads: the first and last days of the calendar are moved to where every time zone can
show them.
"""

Day = Annotated[date, AfterValidator(_bounded_day)]
"""A day in a request. It begins and ends within the bounds of times in every time zone."""

PAGE_ITEMS_MAX = 100
PageLimit = Annotated[int, Field(ge=1, le=PAGE_ITEMS_MAX)]
