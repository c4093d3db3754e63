"""A column that a rate file doesn't have changes nothing; all that changes is shown before."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import ImportReport, ListRates, Rate, RateDifference, RateSheet
from contracts.values import MICROS_PER_UNIT
from services.billing.rating.model.imports import read_rates
from services.billing.rating.model.rows import (
    ROWS,
    Change,
    Mode,
    change_of,
    table_of,
    with_countries,
)
from tests.billing.conftest import add_sheet, import_rates
from tests.harness import RESELLER, Harness

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=9)
COLUMNS = tuple(name for name in ROWS if name != "rate_fraction")
OPTIONAL = tuple(name for name in COLUMNS if name not in {"prefix", "rate"})
FULL = Rate(
    prefix="91",
    country="IN",
    name="India, mobile",
    rate=20_000,
    connect_fee=5_000,
    min_duration=30,
    increment=6,
    grace=3,
    blocked=True,
)


def full(**fields: object) -> Rate:
    return FULL.model_copy(update=fields)


def exported(rates: Sequence[Rate], columns: Sequence[str]) -> str:
    """Return a file with these columns of rates."""
    text = io.StringIO()
    file = csv.writer(text)
    file.writerow(columns)
    for rate in rates:
        values = rate.model_dump()
        for money in ("rate", "connect_fee"):
            values[money] = f"{Decimal(values[money]) / MICROS_PER_UNIT:f}"
        values["blocked"] = "yes" if rate.blocked else "no"
        if rate.effective_from:
            values["effective_from"] = rate.effective_from.isoformat()
        file.writerow([values[name] for name in columns])
    return text.getvalue()


def imported(current: Sequence[Rate], text: str, mode: Mode = "upsert") -> Change:
    found = read_rates(text, "UTC", "USD")
    table = with_countries(table_of(*current)).with_columns(since=7)
    return change_of(table, found.rows, mode, found.absent)


def row_of(found: Change, prefix: str, begins: datetime | None = None) -> Rate:
    (row,) = (
        rate
        for rate in (Rate.model_validate(row) for row in found.after.to_dicts())
        if (rate.prefix, rate.effective_from) == (prefix, begins)
    )
    return row


def fields(difference: RateDifference) -> dict[str, tuple[str, str]]:
    return {one.field: (one.before, one.after) for one in difference.changes}


def test_a_file_of_prefix_and_rate_changes_nothing_but_rates() -> None:
    found = imported([FULL], "prefix,rate\n91,0.03\n")
    assert row_of(found, "91") == full(rate=30_000)
    (difference,) = found.differences
    assert fields(difference) == {"rate": ("0.02", "0.03")}


def test_an_empty_cell_means_the_default_and_is_shown() -> None:
    text = "prefix,rate,country,name,connect_fee,min_duration,increment,grace,blocked\n91,0.02\n"
    found = imported([FULL], text)
    assert row_of(found, "91") == Rate(prefix="91", rate=20_000, country="IN")
    (difference,) = found.differences
    assert fields(difference) == {
        "name": ("India, mobile", ""),
        "connect_fee": ("0.005", "0.00"),
        "min_duration": ("30", "60"),
        "increment": ("6", "60"),
        "grace": ("3", "0"),
        "blocked": ("yes", "no"),
    }
    assert found.unblocked == 1


def test_a_new_dated_row_takes_absent_columns_from_the_rate_in_effect_then() -> None:
    current = [
        Rate(prefix="91", rate=10_000, increment=1),
        full(effective_from=NOW),
        Rate(prefix="91", rate=30_000, increment=2, effective_from=LATER + timedelta(days=1)),
    ]
    text = f"prefix,rate,effective_from\n91,0.05,{LATER.isoformat()}\n"
    found = imported(current, text)
    assert row_of(found, "91", LATER) == full(rate=50_000, effective_from=LATER)
    (difference,) = found.differences
    assert (difference.rate_before, difference.rate_after) == (None, 50_000)
    assert fields(difference) == {"rate": ("0.02", "0.05")}


def test_a_new_prefix_and_a_row_before_all_others_take_defaults() -> None:
    current = [full(effective_from=NOW)]
    found = imported(current, "prefix,rate\n91,0.03\n44,0.04\n")
    assert row_of(found, "91") == Rate(prefix="91", country="IN", rate=30_000)
    assert row_of(found, "44") == Rate(prefix="44", country="GB", rate=40_000)
    assert row_of(found, "91", NOW) == current[0]
    assert [one.changes for one in found.differences] == [(), ()]


def test_a_replacement_takes_defaults_and_shows_every_field() -> None:
    found = imported([FULL], "prefix,rate\n91,0.02\n", "replace")
    assert row_of(found, "91") == Rate(prefix="91", country="IN", rate=20_000)
    (difference,) = found.differences
    assert fields(difference)["blocked"] == ("yes", "no")
    assert found.unblocked == 1


@pytest.mark.parametrize(
    ("row", "cheaper", "dearer"),
    [
        ("0,120,120,0", 0, 0),
        ("0,1,1,9", 0, 0),
        ("0.02,120,120,0", 0, 1),
    ],
)
def test_seconds_of_a_rate_that_is_free_make_it_neither_cheaper_nor_dearer(
    row: str, cheaper: int, dearer: int
) -> None:
    free = Rate(prefix="91", country="IN", rate=0, min_duration=60, increment=60, grace=3)
    found = imported([free], f"prefix,rate,min_duration,increment,grace\n91,{row}\n")
    assert (found.changed, found.cheaper, found.dearer) == (1, cheaper, dearer)


@pytest.mark.parametrize(
    ("column", "value", "cheaper", "dearer"),
    [
        ("rate", "0.01", 1, 0),
        ("rate", "0.03", 0, 1),
        ("connect_fee", "0", 1, 0),
        ("min_duration", "60", 0, 1),
        ("increment", "1", 1, 0),
        ("grace", "0", 0, 1),
        ("name", "India", 0, 0),
        ("blocked", "yes", 0, 0),
    ],
)
def test_rows_that_get_cheaper_or_dearer_are_counted(
    column: str, value: str, cheaper: int, dearer: int
) -> None:
    before = full(blocked=False)
    header, row = ("prefix,rate", f"91,{value}")
    if column != "rate":
        header, row = f"prefix,rate,{column}", f"91,0.02,{value}"
    for day in ("", LATER.isoformat()):
        found = imported([before], f"{header},effective_from\n{row},{day}\n")
        assert (found.cheaper, found.dearer, found.unblocked) == (cheaper, dearer, 0)


SECONDS = st.integers(1, 3_600)
RATES = st.lists(
    st.builds(
        Rate,
        prefix=st.sampled_from(("1", "44", "4420", "91", "999")),
        country=st.sampled_from((None, "IN", "GB")),
        name=st.sampled_from(("", "Fixed", 'London, "fixed"')),
        rate=st.integers(0, 10**9),
        connect_fee=st.integers(0, 10**9),
        min_duration=SECONDS,
        increment=SECONDS,
        grace=SECONDS,
        effective_from=st.sampled_from((None, NOW, LATER)),
        blocked=st.booleans(),
    ),
    min_size=1,
    unique_by=lambda rate: (rate.prefix, rate.effective_from),
)


@given(rates=RATES, absent=st.sets(st.sampled_from(OPTIONAL)))
def test_importing_an_export_without_some_columns_changes_no_rate(
    rates: list[Rate], absent: set[str]
) -> None:
    found = imported(rates, exported(rates, [name for name in COLUMNS if name not in absent]))
    if "effective_from" in absent:  # then rows are new, in effect from the start, or refused
        assert found.ended.height <= sum(rate.effective_from is None for rate in rates)
        dated = {(rate.prefix, rate.effective_from) for rate in rates if rate.effective_from}
        assert not dated & set(found.ended.select("prefix", "effective_from").rows())
    else:
        assert found.differences == ()
        assert (found.unchanged, found.cheaper, found.dearer) == (len(rates), 0, 0)


async def rates_of(harness: Harness, sheet: RateSheet) -> tuple[Rate, ...]:
    return (await harness.ask(ListRates(rate_sheet_id=sheet.id), RESELLER)).data


def counts(report: ImportReport) -> tuple[int, ...]:
    return report.changed, report.cheaper, report.dearer, report.unblocked


async def test_a_dry_run_says_what_the_import_then_does(billing: Harness) -> None:
    text = exported([FULL, Rate(prefix="44", rate=9)], COLUMNS)
    sheet = await add_sheet(billing, csv=text)
    for dry_run in (True, False):
        report = await import_rates(billing, sheet, "prefix,rate\n91,0.01\n44,0\n", dry_run=dry_run)
        assert counts(report) == (2, 1, 0, 0)
        assert [[*fields(one)] for one in report.differences] == [["rate"], ["rate"]]
    after = await rates_of(billing, sheet)
    assert full(rate=10_000) in after
    report = await import_rates(billing, sheet, "prefix,rate,blocked\n91,0.01,no\n", dry_run=True)
    assert counts(report) == (1, 0, 0, 1)
