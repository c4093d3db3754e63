"""What a cell of a rate file may hold: each kind of value, and the sentence about a wrong one."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from contracts.exact_rates import FRACTIONS_PER_MICRO, RATE_DECIMALS_MAX, read_exact
from contracts.values import FILLERS, MICROS_PER_UNIT, MOMENT_END, MOMENT_MIN, is_readable
from services.billing.base.model.country_names import country_written

RATE_UNITS_MAX: Final = 500_000
"""Dear enough for any currency; a day's call still fits the limit of an amount."""

EXACT_MAX: Final = RATE_UNITS_MAX * MICROS_PER_UNIT * FRACTIONS_PER_MICRO
MONEY_DECIMALS_MAX: Final = 6

INTERVAL_SECONDS_MAX: Final = 3_600
NAME_CHARACTERS_MAX: Final = 128

_PREFIX = re.compile(r"[1-9][0-9]{0,14}")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_MONEY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,8})?")
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+")
_SECONDS = re.compile(r"[0-9]{1,4}")
_YES_OR_NO: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Form(NamedTuple):
    """How a file writes its values."""

    delimiter: str
    zone: ZoneInfo
    currency: str = ""
    """Of the prices; empty where a price names none."""

    decimal_comma: bool | None = None
    """What a comma in `1,234` means: decimals, thousands, or (None) nothing sure."""


class Cell(NamedTuple):
    """A kind of value. `read` raises ValueError with a sentence for the person."""

    kind: pl.DataType | type[pl.DataType]
    read: Callable[[str, Form], Any]
    plain: Callable[[pl.Expr], pl.Expr] | None = None
    """The values of texts in the usual form, all at once; null for every other text."""


def _prefix(text: str, _: Form) -> str:
    if _SCIENTIFIC.fullmatch(text):
        raise ValueError(
            "The prefix is in scientific notation, so its last digits are lost. Format the column "
            "as text in the spreadsheet and export it again."
        )
    digits = text.removeprefix("+")
    if digits.startswith("0"):
        raise ValueError("A prefix begins with the country code, without zeros before it.")
    if _PREFIX.fullmatch(digits) is None:
        raise ValueError("Write the prefix as 1 to 15 digits, country code first, such as 4420.")
    return digits


def _plain_prefix(text: pl.Expr) -> pl.Expr:
    digits = text.str.strip_prefix("+")
    return pl.when(digits.str.contains(r"^[1-9][0-9]{0,14}$")).then(digits)


def _country(text: str, _: Form) -> str | None:
    """Return a country's code; None for networks that are in no country."""
    country = country_written(text)
    if country is None:
        raise ValueError("Write the country as its ISO code or English name, such as IN or India.")
    return country or None


def _name(text: str, _: Form) -> str:
    if len(text) > NAME_CHARACTERS_MAX:
        raise ValueError(f"Shorten the name to {NAME_CHARACTERS_MAX} characters.")
    if not is_readable(text):
        raise ValueError("Retype the name. It has characters that can't be shown.")
    return text


def _plain_name(text: pl.Expr) -> pl.Expr:
    readable = text.str.contains(rf"^[[\p{{L}}\p{{M}}\p{{N}}\p{{P}}\p{{S}} ]--[{FILLERS}]]*$")
    return pl.when(readable & (text.str.len_chars() <= NAME_CHARACTERS_MAX)).then(text)


def _exact(text: str, form: Form, decimals: int) -> int:
    """Return an amount of up to so many decimals in hundredths of micro-units."""
    if form.delimiter == ";" and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if _MONEY.fullmatch(text) is None or len(text.partition(".")[2]) > decimals:
        raise ValueError(
            f"Write the amount with at most {decimals} decimals and no sign, such as 0.0321."
        )
    exact = read_exact(text)
    if exact > EXACT_MAX:
        raise ValueError(f"The amount must not be above {RATE_UNITS_MAX:,}.")
    return exact


def _rate(text: str, form: Form) -> int:
    """Return a rate in hundredths of micro-units."""
    return _exact(text, form, RATE_DECIMALS_MAX)


def _money(text: str, form: Form) -> int:
    return _exact(text, form, MONEY_DECIMALS_MAX) // FRACTIONS_PER_MICRO


def _plain(decimals: int) -> Callable[[pl.Expr], pl.Expr]:
    """Return what reads amounts in units of their last of so many decimals."""

    def plain(text: pl.Expr) -> pl.Expr:
        units = text.str.extract(rf"^([0-9]{{1,5}})(?:\.[0-9]{{1,{decimals}}})?$").cast(pl.Int64)
        parts = text.str.extract(rf"\.([0-9]{{1,{decimals}}})$").fill_null("")
        return units * 10**decimals + parts.str.pad_end(decimals, "0").cast(pl.Int64)

    return plain


def seconds_from(least: int) -> Callable[[str, Form], int]:
    """Return what reads whole seconds of at least so many."""

    def seconds(text: str, _: Form) -> int:
        if _SECONDS.fullmatch(text) is None or not least <= int(text) <= INTERVAL_SECONDS_MAX:
            limits = f"{least} to {INTERVAL_SECONDS_MAX:,}"
            raise ValueError(f"Write whole seconds from {limits}.")
        return int(text)

    return seconds


def _effective_from(text: str, form: Form) -> datetime:
    try:
        moment = (
            datetime.fromisoformat(text)
            if re.search(r"[T ]", text)
            else datetime.combine(date.fromisoformat(text), time())
        )
    except ValueError as error:
        message = "Write the date as 2026-11-22, or with a time as 2026-11-22T08:00."
        raise ValueError(message) from error
    moment = moment.replace(microsecond=0, tzinfo=moment.tzinfo or form.zone)
    if not MOMENT_MIN <= moment < MOMENT_END:
        raise ValueError("Write a date within the years 2000 to 2199, such as 2026-11-22.")
    return moment.astimezone(UTC)


def _blocked(text: str, _: Form) -> bool:
    if text.casefold() not in _YES_OR_NO:
        raise ValueError("Write yes or no.")
    return _YES_OR_NO[text.casefold()]


MOMENT: Final = pl.Datetime("ms", "UTC")

CELLS: Final = {
    "prefix": Cell(pl.String, _prefix, _plain_prefix),
    "rate": Cell(pl.Int64, _rate, _plain(RATE_DECIMALS_MAX)),
    "country": Cell(pl.String, _country),
    "name": Cell(pl.String, _name, _plain_name),
    "connect_fee": Cell(pl.Int64, _money, _plain(MONEY_DECIMALS_MAX)),
    "min_duration": Cell(pl.Int64, seconds_from(0)),
    "increment": Cell(pl.Int64, seconds_from(1)),
    "grace": Cell(pl.Int64, seconds_from(0)),
    "effective_from": Cell(MOMENT, _effective_from),
    "blocked": Cell(pl.Boolean, _blocked),
}
"""By the column of our own layout. A rate is read in hundredths of micro-units."""
