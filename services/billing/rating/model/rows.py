"""Rates by the hundred thousand, as tables: what differs, what a margin makes of them, their sum.

A table has the columns of ROWS, one row per prefix and beginning. Rates that a sheet has already
have the column `since` as well: the revision that they came with.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal, NamedTuple

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from contracts.billing import Rate, RateDifference
from contracts.exact_rates import FRACTIONS_PER_MICRO
from services.billing.base.model.country import area_digits_of, countries_of_prefix
from services.billing.rating.model.cells import CELLS, EXACT_MAX
from services.billing.rating.model.price import PREFIX_DIGITS_MAX
from services.billing.rating.model.rate_effects import differences_of, effects, exact_rate
from services.billing.rating.model.sheet import Span, Summary

ROWS: Final = {**{name: cell.kind for name, cell in CELLS.items()}, "rate_fraction": pl.Int64}
KEY: Final = ("prefix", "effective_from")
VALUES: Final = tuple(name for name in ROWS if name not in KEY)
DEFAULTS: Final[Mapping[str, Any]] = {
    name: Rate.model_fields[name].default
    for name in ("name", "connect_fee", "min_duration", "increment", "grace", "blocked")
}
MARGIN_DECIMALS: Final = 4
BEFORE_ALL: Final = -(2**62)
"""When a rate in effect from the start begins, in milliseconds: before every date."""

WHOLE: Final = 100 * 10**MARGIN_DECIMALS

Mode = Literal["upsert", "replace", "remove"]


class Change(NamedTuple):
    """What wanted rates change of those that a sheet has."""

    written: pl.DataFrame
    """The rows that are new or other than they were."""

    ended: pl.DataFrame
    """KEY and `since` of the rows that are no more, or other now."""

    after: pl.DataFrame
    """All rows that the sheet then has."""

    added: int
    changed: int
    unchanged: int
    differences: tuple[RateDifference, ...]
    """Some of them."""

    cheaper: int = 0
    dearer: int = 0
    unblocked: int = 0

    @property
    def removed(self) -> int:
        """How many rows are taken out without another one in their place."""
        return self.ended.height - self.changed


def table_of(*rates: Rate) -> pl.DataFrame:
    """Return a few rates as a table."""
    rows = [{name: getattr(rate, name) for name in ROWS} for rate in rates]
    return pl.DataFrame(rows, schema=ROWS)


def split_rate(exact: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the columns `rate` and `rate_fraction` of rates in hundredths of micro-units."""
    whole, rest = exact // FRACTIONS_PER_MICRO, exact % FRACTIONS_PER_MICRO
    return whole.alias("rate"), rest.alias("rate_fraction")


def change_of(
    current: pl.DataFrame, wanted: pl.DataFrame, mode: Mode, absent: Sequence[str] = ()
) -> Change:
    """Return what wanted rates change.

    `upsert` keeps the rates that are not wanted, and in the `absent` columns the values of the
    rate that each wanted one follows; `replace` ends them; `remove` ends the wanted.
    """
    before = current.rename({name: f"{name}_before" for name in VALUES})
    met = _with_followed(wanted, before)
    if mode == "upsert":
        met = met.with_columns(_kept(name) for name in VALUES if name in absent)
    here_already = pl.col("follows").eq_missing(pl.col("effective_from"))
    here_already &= pl.col("since").is_not_null()
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in VALUES)
    new = met.filter(~here_already)
    other = met.filter(here_already & ~same)
    gone = before.clear()
    if mode == "replace":
        gone = before.join(wanted, on=KEY, how="anti", nulls_equal=True)
    elif mode == "remove":
        gone = before.join(wanted, on=KEY, how="semi", nulls_equal=True)
        met, new, other = met.clear(), new.clear(), other.clear()
    here = (*KEY, "since")
    written = pl.concat([new, other]).select(*ROWS)
    ended = pl.concat([other.select(here), gone.select(here)])
    kept = current.select(*ROWS).join(ended, on=KEY, how="anti", nulls_equal=True)
    return Change(
        written=written,
        ended=ended,
        after=pl.concat([kept, written]),
        added=new.height,
        changed=other.height,
        unchanged=0 if mode == "remove" else wanted.height - new.height - other.height,
        differences=differences_of(other, gone, new, VALUES),
        **met.select(**effects()).sum().row(0, named=True),
    )


def _with_followed(wanted: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return wanted rates with the rate of their prefix that was in effect when they begin.

    Its values are in `…_before`, its beginning in `follows`; `since` is null where none was.
    """
    begins = pl.col("effective_from").cast(pl.Int64).fill_null(BEFORE_ALL).alias("begins")
    followed = before.with_columns(begins).rename({"effective_from": "follows"})
    rows = wanted.with_row_index("row").with_columns(begins)
    met = rows.sort("begins").join_asof(
        followed.sort("begins"),
        on="begins",
        by="prefix",
        check_sortedness=False,  # it cannot be checked within groups; both are sorted here
    )
    return met.sort("row").drop("row", "begins")


def _kept(name: str) -> pl.Expr:
    """Return the value of the rate that is followed, if there is one, empty or not."""
    followed = pl.col("since").is_not_null()
    return pl.when(followed).then(f"{name}_before").otherwise(name).alias(name)


def with_margin(rows: pl.DataFrame, margin: int) -> pl.DataFrame:
    """Return rates dearer by a margin in ten-thousandths of a per cent; below 0: cheaper.

    Rates are rounded half up to 8 decimals and connect fees to 6, but what cost something never
    becomes free by that.
    """

    def dearer(amount: pl.Expr) -> pl.Expr:
        # in two parts, because the product of the whole may not fit 64 bits
        scaled = amount // WHOLE * (WHOLE + margin)
        scaled += (amount % WHOLE * (WHOLE + margin) + WHOLE // 2) // WHOLE
        return pl.when(amount > 0).then(pl.max_horizontal(scaled, 1)).otherwise(0)

    fee = dearer(pl.col("connect_fee")).alias("connect_fee")
    return rows.with_columns(*split_rate(dearer(exact_rate())), fee)


def first_too_dear(rows: pl.DataFrame) -> str | None:
    """Return the prefix of the first rate that is beyond all limits."""
    dearest = pl.max_horizontal(exact_rate(), pl.col("connect_fee") * FRACTIONS_PER_MICRO)
    too_dear = rows.filter(dearest > EXACT_MAX)["prefix"]
    return next(iter(too_dear), None)


# --- countries ------------------------------------------------------------------------------------


def with_countries(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows that all have a country: where none is given, the main one of the prefix."""
    reached = _reached(rows.filter(pl.col("country").is_null()))
    main = pl.coalesce("country", pl.col("countries").list.first())
    return (
        rows.with_columns(_area())
        .join(reached, on="area", how="left", maintain_order="left")
        .with_columns(country=main)
        .select(rows.columns)
    )


def summary_of(rows: pl.DataFrame, now: datetime) -> Summary:
    """Return what rates come to.

    Rates that a later one has replaced do not count towards what calls cost, nor do blocked ones;
    those that take effect in the future do.
    """
    begun = pl.col("effective_from").is_null() | (pl.col("effective_from") <= now)
    follows = (pl.col("prefix") == pl.col("prefix").shift(-1)) & begun.shift(-1)
    counting = (
        rows.sort(KEY, nulls_last=False)
        .filter(~(begun & follows.fill_null(value=False)))
        .filter(~pl.col("blocked"))
    )
    span = {"lowest": exact_rate().min(), "highest": exact_rate().max()}
    in_all = counting.select(**span)
    by_area = counting.group_by(_area()).agg(**span)
    by_country = (
        by_area.join(_reached(counting), on="area")
        .explode("countries")
        .drop_nulls("countries")
        .group_by("countries")
        .agg(pl.col("lowest").min(), pl.col("highest").max())
    )
    return Summary(
        rates=rows.height,
        span=Span.of_exact(*in_all.row(0)) if counting.height else None,
        countries={
            country: Span.of_exact(lowest, highest)
            for country, lowest, highest in by_country.iter_rows()
        },
    )


def _reached(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the areas of some rates and the countries that each reaches, the main one first."""
    areas = rows.select(_area()).unique().to_series().to_list()
    countries = pl.Series([*map(" ".join, map(countries_of_prefix, areas))], dtype=pl.String)
    countries = countries.replace("", None).str.split(" ")
    return pl.DataFrame({"area": pl.Series(areas, dtype=pl.String), "countries": countries})


def _area() -> pl.Expr:
    """Return as much of the prefix as says which countries it reaches."""
    prefix = pl.col("prefix")
    codes = _digits_by_code()
    digits = pl.coalesce(
        prefix.str.head(length).replace_strict(
            list(codes), list(codes.values()), default=None, return_dtype=pl.Int64
        )
        for length in range(1, 4)
    )
    return prefix.str.head(digits.fill_null(PREFIX_DIGITS_MAX)).alias("area")


@cache
def _digits_by_code() -> Mapping[str, int]:
    return {str(code): area_digits_of(str(code)) for code in COUNTRY_CODE_TO_REGION_CODE}
