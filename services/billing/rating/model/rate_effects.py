"""What a change of rates means for calls: which fields change, what gets dearer or cheaper.

Tables have a wanted rate in the columns of `rows.ROWS` and the rate that it follows in `…_before`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from contracts.billing import RateDifference, RateFieldChange
from contracts.exact_rates import FRACTIONS_PER_MICRO, exact_text, split_exact
from contracts.values import decimal_text

DIFFERENCES_SHOWN: Final = 10
"""Of those that are changed, removed and added, each."""

CHARGES_MORE: Final = ("rate", "connect_fee", "min_duration", "increment")
"""Fields that make calls dearer as they grow."""

COUNTED: Final = ("min_duration", "increment")
"""Fields that say which seconds are charged: they mean nothing where a second costs nothing."""

ALWAYS: Final = 2**31
"""The grace of a rate that charges nothing: every call is within it."""

_FROM_THE_START: Final = datetime.min.replace(tzinfo=UTC)


def effects() -> Mapping[str, pl.Expr]:
    """Return which rates charge more, and which less, in some field than the one they follow.

    And which of them allow calls that the other one blocked.
    """
    charges = [(_charged(name), _charged(name, "_before")) for name in CHARGES_MORE]
    charges.append((_grace("_before"), _grace()))
    charging = ~pl.col("blocked") & ~pl.col("blocked_before")
    return {
        "unblocked": pl.col("blocked_before") & ~pl.col("blocked"),
        "dearer": charging & pl.any_horizontal(after > before for after, before in charges),
        "cheaper": charging & pl.any_horizontal(after < before for after, before in charges),
    }


def exact_rate(side: str = "") -> pl.Expr:
    """Return rates with all of their decimals, in hundredths of micro-units."""
    return pl.col(f"rate{side}") * FRACTIONS_PER_MICRO + pl.col(f"rate_fraction{side}")


def _charged(name: str, side: str = "") -> pl.Expr:
    """Return a field as far as it decides what a call costs."""
    rate = exact_rate(side)
    if name == "rate":
        return rate
    value = pl.col(f"{name}{side}")
    return pl.when(rate > 0).then(value).otherwise(0) if name in COUNTED else value


def _grace(side: str = "") -> pl.Expr:
    is_free = (exact_rate(side) == 0) & (pl.col(f"connect_fee{side}") == 0)
    return pl.when(is_free).then(ALWAYS).otherwise(pl.col(f"grace{side}"))


def differences_of(
    changed: pl.DataFrame, gone: pl.DataFrame, new: pl.DataFrame, values: Sequence[str]
) -> tuple[RateDifference, ...]:
    """Return the first rates of each table by prefix, with what is before and after.

    `values` are the columns that are compared.
    """
    found = [
        _difference(row, ("_before", ""), _field_changes(row, values)) for row in _first(changed)
    ]
    found += [_difference(row, ("_before", None)) for row in _first(gone)]
    for row in _first(new):
        changes = () if row["since"] is None else _field_changes(row, values)
        found.append(_difference(row, (None, ""), changes))
    return tuple(sorted(found, key=_by_prefix))


def _first(table: pl.DataFrame) -> list[dict[str, Any]]:
    ordered = table.sort("prefix", "effective_from", nulls_last=False)
    return ordered.head(DIFFERENCES_SHOWN).to_dicts()


def _by_prefix(difference: RateDifference) -> tuple[str, datetime]:
    return difference.prefix, difference.effective_from or _FROM_THE_START


def _difference(
    row: Mapping[str, Any],
    sides: tuple[str | None, str | None],
    changes: tuple[RateFieldChange, ...] = (),
) -> RateDifference:
    """Return a rate before and after; a side that is None has none."""
    (before, before_exact), (after, after_exact) = (
        (None, None) if side is None else split_exact(_value(row, "rate", side)) for side in sides
    )
    return RateDifference(
        prefix=row["prefix"],
        effective_from=row["effective_from"],
        rate_before=before,
        rate_before_exact=before_exact,
        rate_after=after,
        rate_after_exact=after_exact,
        changes=changes,
    )


def _field_changes(row: Mapping[str, Any], values: Sequence[str]) -> tuple[RateFieldChange, ...]:
    fields = [name for name in values if name != "rate_fraction"]
    sides = [(name, _value(row, name, "_before"), _value(row, name, "")) for name in fields]
    return tuple(
        RateFieldChange(field=name, before=_text(name, before), after=_text(name, after))
        for name, before, after in sides
        if before != after
    )


def _value(row: Mapping[str, Any], name: str, side: str) -> Any:  # noqa: ANN401 - a cell of any column
    """Return a field of a row on one side; a rate in hundredths of micro-units."""
    value = row[f"{name}{side}"]
    if name == "rate" and value is not None:
        return value * FRACTIONS_PER_MICRO + row[f"rate_fraction{side}"]
    return value


def _text(name: str, value: object) -> str:
    """Return a value as a rate file has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in {"rate", "connect_fee"} and isinstance(value, int):
        return exact_text(value) if name == "rate" else decimal_text(value)
    return str(value)
