"""Columns of a rate file whose meanings were stated: how each is read, and what it becomes."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Context, Decimal
from typing import Final

import polars as pl

from contracts.billing import ColumnMeaning
from contracts.exact_rates import FRACTIONS_PER_MICRO, RATE_DECIMALS_MAX, read_exact
from contracts.tables import guesses_of, read_amount
from contracts.tables.days import DateOrder
from contracts.values import AMOUNT_DIGITS_MAX
from services.billing.rating.model.cells import (
    CELLS,
    EXACT_MAX,
    MONEY_DECIMALS_MAX,
    RATE_UNITS_MAX,
    Cell,
    Form,
    seconds_from,
)
from services.billing.rating.model.codes import prefixes_of
from services.billing.rating.model.dates import moment_of
from services.billing.rating.model.layouts import A2BILLING, KAZOO, Column, Header, Layout

SECONDS_PER_MINUTE: Final = Decimal(60)
MONEY: Final = ("rate", "rate_per_second", "connect_fee")

_EXACTLY: Final = Context(prec=60)
"""Enough for the longest amount that is read."""

_WHOLE: Final = re.compile(r"(\d+)[.,]0+", re.ASCII)
_INTERVAL: Final = re.compile(r"(\d{1,4})(?:\s*[/+]\s*(\d{1,4}))?(?:[.,]0+)?", re.ASCII)


def header_of_columns(columns: Sequence[ColumnMeaning], currency: str) -> Header:
    """Return the header that stated meanings make; prices in another currency are a fault."""
    names = tuple(column.name for column in columns)
    faults = [
        (column.name, f"These prices are not in {currency}, the currency of the rate sheet.")
        for column, guess in zip(columns, guesses_of("rates", names), strict=True)
        if column.meaning in MONEY and guess.currency not in (None, currency)
    ]
    known = {one.name: _COLUMNS[one.meaning] for one in columns if one.meaning in _COLUMNS}
    prefix, rate = _named(columns, "prefix"), _named(columns, "rate")
    for name, needed in ((prefix, "prefix"), (rate, "rate")):
        if not name:
            faults.append((needed, f"No column is the {needed}. Choose the column that has it."))
    layout = Layout("mapped", prefix, rate, known)
    return Header(layout, names, tuple(faults))


def _named(columns: Sequence[ColumnMeaning], beginning: str) -> str:
    return next((one.name for one in columns if one.meaning.startswith(beginning)), "")


# --- cells --------------------------------------------------------------------------------


def _prefixes(text: str, _: Form) -> list[str]:
    return prefixes_of(text)


def _plain_prefixes(text: pl.Expr) -> pl.Expr:
    digits = text.str.strip_prefix("+")
    plain = digits.str.contains(r"^[1-9][0-9]{0,14}$") & ~digits.str.contains("^1[01]")
    return pl.when(plain).then(pl.concat_list(digits))


def _rate(text: str, form: Form) -> int:
    """Return a price per minute in hundredths of micro-units."""
    amount = _amount(text, form)
    return _exact(amount, RATE_DECIMALS_MAX, f"{amount} a minute has")


def _rate_per_second(text: str, form: Form) -> int:
    """Return the price per minute, in hundredths of micro-units, of a price per second."""
    amount = _amount(text, form)
    minute = f"{_EXACTLY.normalize(_EXACTLY.multiply(Decimal(amount), SECONDS_PER_MINUTE)):f}"
    is_said = f"{amount} a second is {minute} a minute, which has"
    return _exact(minute, RATE_DECIMALS_MAX, is_said)


def _fee(text: str, form: Form) -> int:
    amount = _amount(text, form)
    return _exact(amount, MONEY_DECIMALS_MAX, f"{amount} has") // FRACTIONS_PER_MICRO


def _plain_amount(decimals: int) -> Callable[[pl.Expr], pl.Expr]:
    """Return what reads amounts that mean the same whatever a comma means in their column.

    In units of the last of so many decimals. One to three digits before three others may be
    thousands where commas are decimal, so they are read one by one.
    """
    form = rf"^([0-9]{{1,5}})(?:\.(?:[0-9]{{1,2}}|[0-9]{{4,{decimals}}}))?$"

    def plain(text: pl.Expr) -> pl.Expr:
        units = text.str.extract(form).cast(pl.Int64)
        parts = text.str.extract(r"\.([0-9]+)$").fill_null("")
        return units * 10**decimals + parts.str.pad_end(decimals, "0").cast(pl.Int64, strict=False)

    return plain


def _amount(text: str, form: Form) -> str:
    return read_amount(text, form.currency, decimal_comma=form.decimal_comma)


def _exact(amount: str, decimals: int, has: str) -> int:
    """Return the hundredths of micro-units of an amount; ValueError when it has more decimals."""
    whole, _, after = amount.partition(".")
    if len(after) > decimals:
        message = f"{has} more than {decimals} decimals. Round it to {decimals}."
        raise ValueError(message)
    exact = read_exact(amount) if len(whole) <= AMOUNT_DIGITS_MAX else EXACT_MAX + 1
    if exact > EXACT_MAX:
        message = f"The amount must not be above {RATE_UNITS_MAX:,}."
        raise ValueError(message)
    return exact


def _seconds(least: int) -> Callable[[str, Form], int]:
    """Return what reads whole seconds, also as spreadsheets write them (60.0)."""
    plain = seconds_from(least)

    def read(text: str, form: Form) -> int:
        found = _WHOLE.fullmatch(text)
        return plain(found[1] if found else text, form)

    return read


def _interval(part: int, least: int) -> Callable[[str, Form], int]:
    """Return what reads one part of 60/1; a single number is both parts."""
    plain = seconds_from(least)

    def read(text: str, form: Form) -> int:
        found = _INTERVAL.fullmatch(text)
        if found is None:
            message = "Write the interval in seconds, such as 60 or 60/1."
            raise ValueError(message)
        return plain(found[part] or found[1], form)

    return read


def _from(order: DateOrder) -> Cell:
    def read(text: str, form: Form) -> datetime:
        return moment_of(text, form.zone, order)

    return Cell(CELLS["effective_from"].kind, read)


def _of(system: Layout, name: str) -> Column:
    return system.columns[name]


def _ours(name: str, cell: Cell) -> Column:
    return Column((name,), cell)


_COLUMNS: Final[Mapping[str, Column]] = {
    "prefix": _ours("prefix", Cell(pl.List(pl.String), _prefixes, _plain_prefixes)),
    "rate": _ours("rate", Cell(CELLS["rate"].kind, _rate, _plain_amount(RATE_DECIMALS_MAX))),
    "rate_per_second": _ours("rate", Cell(CELLS["rate"].kind, _rate_per_second)),
    "connect_fee": _ours(
        "connect_fee", Cell(CELLS["connect_fee"].kind, _fee, _plain_amount(MONEY_DECIMALS_MAX))
    ),
    "country": _ours("country", CELLS["country"]),
    "name": _ours("name", CELLS["name"]),
    "min_duration": _ours("min_duration", Cell(CELLS["min_duration"].kind, _seconds(0))),
    "increment": _ours("increment", Cell(CELLS["increment"].kind, _seconds(1))),
    "interval": Column(
        ("min_duration",),
        Cell(CELLS["min_duration"].kind, _interval(1, 0)),
        (("increment", Cell(CELLS["increment"].kind, _interval(2, 1))),),
    ),
    "grace": _ours("grace", Cell(CELLS["grace"].kind, _seconds(0))),
    "charged_from": _of(KAZOO, "rate_nocharge_time"),
    "effective_from": _ours("effective_from", _from("")),
    "effective_from_day_first": _ours("effective_from", _from("day-first")),
    "effective_from_month_first": _ours("effective_from", _from("month-first")),
    "blocked": _ours("blocked", CELLS["blocked"]),
    "outbound": _of(KAZOO, "direction"),
    "zero": _of(A2BILLING, "disconnectcharge"),
    "one": _of(A2BILLING, "announce_time_correction"),
    "week_start": _of(A2BILLING, "starttime"),
    "week_end": _of(A2BILLING, "endtime"),
}
"""By meaning. What has none of these is ignored."""
