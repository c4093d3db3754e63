"""Values that every service shares: money, numbers, countries, periods, pages."""

import re
from datetime import UTC, datetime
from decimal import Decimal
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
"""A thousand million units: no sum of ledger entries comes near the end of int64."""

_AMOUNT = re.compile(r"-?\d{1,9}(\.\d{1,6})?", re.ASCII)
_AMOUNT_SCHEMA = {"type": "string", "pattern": r"^-?\d{1,9}(\.\d{1,6})?$", "examples": ["12.50"]}


def micros(text: str) -> int:
    """Return the micro-units of a decimal text such as `12.50`; ValueError for anything else."""
    if _AMOUNT.fullmatch(text) is None:
        message = "an amount is a decimal text with up to 9 digits and 6 decimals, such as 12.50"
        raise ValueError(message)
    return int(Decimal(text) * MICROS_PER_UNIT)


def decimal_text(amount: int) -> str:
    """Return micro-units as a decimal text with at least two decimals, such as `12.50`."""
    units, rest = divmod(abs(amount), MICROS_PER_UNIT)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{units}.{decimals}"


def _from_code_or_wire(value: object, info: ValidationInfo) -> object:
    """Let code hand over micro-units (int) and the wire a decimal text; never a number in JSON."""
    if isinstance(value, str):
        return micros(value)
    if info.mode == "json" or isinstance(value, bool) or not isinstance(value, int):
        message = "an amount is a decimal text such as 12.50, never a number"
        raise ValueError(message)
    return value


def _from_person(value: object) -> object:
    """Accept only a decimal text: a number in a person's JSON would be read as micro-units."""
    if not isinstance(value, str):
        message = "an amount is a decimal text such as 12.50, never a number"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueError, not TypeError, as a field error
    return micros(value.strip())


_as_text = PlainSerializer(decimal_text, return_type=str, when_used="json")
_limits = Field(ge=-AMOUNT_MICROS_MAX, le=AMOUNT_MICROS_MAX)

Amount = Annotated[
    int, BeforeValidator(_from_code_or_wire), _limits, _as_text, WithJsonSchema(_AMOUNT_SCHEMA)
]
"""Money: an int of micro-units in code and in MongoDB, a decimal text in JSON."""

AmountInput = Annotated[
    int, BeforeValidator(_from_person), _limits, _as_text, WithJsonSchema(_AMOUNT_SCHEMA)
]
"""Money as a person's request carries it: text only."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""

PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{5,14}$")]
"""E.164."""


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        message = "a time needs its zone"
        raise ValueError(message)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        message = "a time lies within the years 1 to 9999, in UTC as well"
        raise ValueError(message) from error


Moment = Annotated[datetime, AfterValidator(_utc)]
"""A time; UTC inside, RFC 3339 on the wire."""

PAGE_ITEMS_MAX = 100
PageLimit = Annotated[int, Field(ge=1, le=PAGE_ITEMS_MAX)]
