"""Rates per minute with up to 8 decimals, two more than other money has.

A rate stays an amount of micro-units wherever it was one. The decimals beyond those are its
fraction, 0 to 99 hundredths of a micro-unit. Where a rate is shown or asked for, `rate_exact` has
all of its decimals in one text; it is left out where the fraction is 0, because the rate says it
all.
"""

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema

from contracts.values import AMOUNT_DIGITS_MAX, AMOUNT_MICROS_MAX, MICROS_PER_UNIT, decimal_text

RATE_DECIMALS_MAX: Final = 8
FRACTIONS_PER_MICRO: Final = 100

_FORM: Final = re.compile(
    rf"^-?\d{{1,{AMOUNT_DIGITS_MAX}}}(\.\d{{1,{RATE_DECIMALS_MAX}}})?$", re.ASCII
)
_EXACT_MAX: Final = (AMOUNT_MICROS_MAX + 1) * FRACTIONS_PER_MICRO - 1


def read_exact(text: str) -> int:
    """Return the hundredths of micro-units of a decimal text; ValueError for anything else."""
    if _FORM.fullmatch(text) is None:
        message = (
            f"a rate is a decimal text with up to {AMOUNT_DIGITS_MAX} digits and "
            f"{RATE_DECIMALS_MAX} decimals, such as 0.01234567"
        )
        raise ValueError(message)
    return int(Decimal(text) * MICROS_PER_UNIT * FRACTIONS_PER_MICRO)


def exact_text(exact: int) -> str:
    """Return hundredths of micro-units as a decimal text with 2 to 8 decimals."""
    rate, fraction = divmod(abs(exact), FRACTIONS_PER_MICRO)
    text = decimal_text(rate)
    if fraction:
        whole, _, decimals = text.partition(".")
        text = f"{whole}.{decimals.ljust(6, '0')}{fraction:02d}".rstrip("0")
    return f"-{text}" if exact < 0 else text


def exact_of(rate: int, fraction: int) -> int | None:
    """Return what `rate_exact` is for a rate and its fraction; None where that is 0."""
    return rate * FRACTIONS_PER_MICRO + fraction if fraction else None


def split_exact(exact: int) -> tuple[int, int | None]:
    """Return the two fields that say a rate of so many hundredths: `rate` and `rate_exact`."""
    rate, fraction = divmod(exact, FRACTIONS_PER_MICRO)
    return rate, exact if fraction else None


def whole_exact(rate: int, rate_exact: int | None) -> int:
    """Return the hundredths of micro-units of a rate, from both of its fields."""
    return rate * FRACTIONS_PER_MICRO if rate_exact is None else rate_exact


def rate_text(rate: int, rate_exact: int | None) -> str:
    """Return a rate as a decimal text with all of its decimals, from both of its fields."""
    return decimal_text(rate) if rate_exact is None else exact_text(rate_exact)


def _from_code_or_wire(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        return read_exact(value)
    if info.mode == "json" or isinstance(value, bool) or not isinstance(value, int):
        message = "a rate is a decimal text such as 0.01234567, never a number"
        raise ValueError(message)
    return value


def _from_person(value: object) -> object:
    if not isinstance(value, str):
        message = "a rate is a decimal text such as 0.01234567, never a number"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueError, not TypeError, as a field error
    return read_exact(value.strip())


_limits = Field(ge=-_EXACT_MAX, le=_EXACT_MAX)
_as_text = PlainSerializer(exact_text, return_type=str, when_used="json")
_schema = WithJsonSchema({"type": "string", "pattern": _FORM.pattern, "examples": ["0.01234567"]})

ExactRate = Annotated[int, BeforeValidator(_from_code_or_wire), _limits, _as_text, _schema]
"""A rate with all of its decimals: hundredths of micro-units in code, a decimal text in JSON."""

ExactRateInput = Annotated[int, BeforeValidator(_from_person), _limits, _as_text, _schema]
"""Such a rate as a person's request carries it: text only."""
