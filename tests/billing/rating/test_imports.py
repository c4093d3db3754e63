"""Reading rates from CSV text: good rows become rates, bad ones say where and why."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import IMPORT_ROWS_MAX, REFUSED_ROWS_KEPT_MAX, Rate
from contracts.values import micros
from services.billing.base.model.country import (
    countries_beginning,
    countries_of_prefix,
    country_named,
    country_names,
)
from services.billing.rating.model.imports import ReadRates, read_rates
from services.billing.rating.model.refused_rows import LINES_MAX

ZONE = "America/New_York"


def read(text: str) -> ReadRates:
    return read_rates(text, ZONE, "USD")


def refusals(text: str) -> list[tuple[int, str, str]]:
    found = read(text)
    assert all(row.detail.endswith(".") for row in found.refused)
    assert found.refused_count == len(found.refused)
    return [(row.line, row.column, row.value) for row in found.refused]


def rates_of(found: ReadRates) -> tuple[Rate, ...]:
    return tuple(Rate.model_validate(row) for row in found.rows.to_dicts())


def rates(text: str) -> tuple[Rate, ...]:
    found = read(text)
    assert found.refused == ()
    return rates_of(found)


def test_prefix_and_rate_are_enough() -> None:
    (rate,) = rates("prefix,rate\n91,0.021\n")
    assert rate == Rate(prefix="91", country="IN", rate=21_000)


def test_every_column_is_read() -> None:
    text = (
        "prefix,country,name,rate,connect_fee,min_duration,increment,grace,effective_from,blocked\n"
        '4420,GB,"London, fixed",0.012,0.01,30,6,3,2026-12-01,yes\n'
    )
    assert rates(text) == (
        Rate(
            prefix="4420",
            country="GB",
            name="London, fixed",
            rate=12_000,
            connect_fee=10_000,
            min_duration=30,
            increment=6,
            grace=3,
            # midnight in New York
            effective_from=datetime(2026, 12, 1, 5, 0, tzinfo=UTC),
            blocked=True,
        ),
    )


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffprefix,rate\r\n91,0.10\r\n",
        "Prefix;Rate\n91;0,10\n",
        '"prefix";"rate"\n"91";"0.10"\n',
        "\n rate , prefix \n\n 0.10 , +91 \n\n",
        'prefix,rate,name\n91,0.10,""\n',
        "prefix,rate,country\n91,0.10\n",
        "prefix,rate,country\n91,0.10,india\n",
        "prefix,rate\n91,0.10,,\n",
    ],
)
def test_files_of_many_programs_mean_the_same(text: str) -> None:
    assert rates(text) == (Rate(prefix="91", country="IN", rate=100_000),)


def test_a_prefix_may_have_rates_of_several_days() -> None:
    text = "prefix,rate,effective_from\n91,0.1,\n91,0.2,2026-12-01\n91,0.3,2026-12-01T12:00Z\n"
    assert [rate.rate for rate in rates(text)] == [100_000, 200_000, 300_000]


@pytest.mark.parametrize(
    ("row", "column", "word"),
    [
        ("9.1E+11,0.1", "prefix", "scientific"),
        ("4,4E+10,0.1", "rate", "decimals"),
        ("0044,0.1", "prefix", "zeros"),
        ("44-20,0.1", "prefix", "digits"),
        ("1234567890123456,0.1", "prefix", "digits"),
        ("١٢,0.1", "prefix", "digits"),
        (",0.1", "prefix", "needs a prefix"),
        ("91,", "rate", "needs a rate"),
        ("91,-0.1", "rate", "decimals"),
        ("91,0.123456789", "rate", "decimals"),
        ("91,1e-2", "rate", "decimals"),
        ("91,NaN", "rate", "decimals"),
        ("91,600000", "rate", "above"),
        ("91,0.1,Narnia", "country", "ISO"),
        ("91,0.1,IN,0", "increment", "whole seconds"),
        ("91,0.1,IN,3601", "increment", "whole seconds"),
        ("91,0.1,IN,1.5", "increment", "whole seconds"),
        ("91,0.1,IN,60,22/11/2026", "effective_from", "2026-11-22"),
        ("91,0.1,IN,60,0001-01-01", "effective_from", "2026-11-22"),
        ("91,0.1,IN,60,2026-11-22T25:00", "effective_from", "2026-11-22"),
        ("91,0.1,IN,60,,maybe", "blocked", "yes or no"),
        ("91,0.1,IN,60,,no,\x07", "name", "shown"),
        ("91,0.1,IN,60,,no," + "x" * 129, "name", "Shorten"),
        ("91,0.1,IN,60,,no,name,more", "", "more values"),
    ],
)
def test_a_bad_row_is_told_with_its_column_and_the_reason(row: str, column: str, word: str) -> None:
    text = f"prefix,rate,country,increment,effective_from,blocked,name\n1,0.1\n{row}\n"
    found = read(text)
    assert [rate.prefix for rate in rates_of(found)] == ["1"]
    told = {refused.column: refused for refused in found.refused}
    assert told[column].line == 3
    assert word in told[column].detail
    assert len(told[column].value) <= 100


def test_scientific_notation_with_a_decimal_comma_is_called_by_its_name() -> None:
    (refused,) = read("prefix;rate\n9,1E+11;0,1\n").refused
    assert "scientific" in refused.detail


def test_every_fault_of_every_row_is_told_at_once() -> None:
    text = "prefix,rate\nx,y\n91,0.1\n0,\n"
    assert refusals(text) == [
        (2, "prefix", "x"),
        (2, "rate", "y"),
        (4, "prefix", "0"),
        (4, "rate", ""),
    ]


def test_lines_are_those_of_the_file_also_after_line_breaks_in_quotes() -> None:
    assert refusals('prefix,rate,name\n91,0.1,"two words"\n\n"9\n1",0.1,\nx,0.1,\n') == [
        (4, "prefix", "9\n1"),
        (6, "prefix", "x"),
    ]


def test_the_same_prefix_twice_names_the_first_line() -> None:
    text = "prefix,rate,effective_from\n91,0.1,2026-12-01\n+91,0.2,2026-12-01T05:00Z\n"
    (refused,) = read(text).refused
    assert (refused.line, refused.column, refused.value) == (3, "prefix", "91")
    assert "Line 2" in refused.detail


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("", ["prefix", "rate"]),
        ("prefix", ["rate"]),
        ("code,price", ["prefix", "rate", "code", "price"]),
        ("prefix,rate,colour", ["colour"]),
        ("prefix,rate,Rate", ["rate"]),
        ("91,0.1", ["prefix", "rate", "91", "0.1"]),
    ],
)
def test_a_header_that_cannot_be_read_is_told_once(header: str, columns: list[str]) -> None:
    found = read(f"{header}\n91,0.1\n" if header else "")
    assert rates_of(found) == ()
    assert [(row.line, row.column) for row in found.refused] == [(1, name) for name in columns]


def test_a_file_without_rates_is_refused() -> None:
    assert [row[0] for row in refusals("prefix,rate\n\n")] == [1]


def test_quotes_that_do_not_match_end_the_reading() -> None:
    assert refusals('prefix,rate,name\n91,0.1,"India\n92,0.2,Pakistan\n') == [(2, "", "")]
    assert refusals('prefix,rate,name\n91,0.1,"In"dia\n') == [(2, "", "")]


def test_a_cell_of_any_length_is_no_crash() -> None:
    assert refusals(f'prefix,rate,name\n91,0.1,"{"x" * 200_000}"\n') == [(2, "name", "x" * 100)]
    assert refusals("x" * 200_000) == [
        (1, "prefix", ""),
        (1, "rate", ""),
        (1, "x" * 100, "x" * 100),
    ]


def test_one_row_too_many_is_refused() -> None:
    rows = [f"{prefix},0.1" for prefix in range(100_000, 100_000 + IMPORT_ROWS_MAX)]
    whole = read("\n".join(["prefix,rate", *rows]))
    assert (whole.rows.height, whole.refused_count) == (IMPORT_ROWS_MAX, 0)
    assert refusals("\n".join(["prefix,rate", *rows, "99,0.1"])) == [(IMPORT_ROWS_MAX + 2, "", "")]


def test_a_file_of_blank_lines_is_not_read_to_its_end() -> None:
    assert refusals("prefix,rate\n" + "\n" * LINES_MAX) == [(LINES_MAX, "", "")]


def test_of_very_many_refused_rows_the_first_are_told_and_all_are_counted() -> None:
    found = read("prefix,rate\n" + "x,y\n" * REFUSED_ROWS_KEPT_MAX)
    assert (len(found.refused), found.refused_count) == (
        REFUSED_ROWS_KEPT_MAX,
        2 * REFUSED_ROWS_KEPT_MAX,
    )
    assert found.refused[-1].line == REFUSED_ROWS_KEPT_MAX // 2 + 1


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    for file in (text, f"prefix,rate\n{text}", f"prefix;rate;effective_from\n44;0,1;{text}"):
        found = read(file)
        assert found.rows.height or found.refused_count


@given(
    st.lists(
        st.tuples(st.integers(1, 10**15 - 1), st.integers(0, 10**12)),
        unique_by=lambda row: row[0],
        min_size=1,
    )
)
def test_what_is_written_is_what_is_read(rows: list[tuple[int, int]]) -> None:
    lines = [f"{prefix},{amount // 10**6}.{amount % 10**6:06d}" for prefix, amount in rows]
    valid = [row for row in rows if row[1] <= micros("500000")]
    found = read("\n".join(["prefix,rate", *lines]))
    assert [(int(rate.prefix), rate.rate) for rate in rates_of(found)] == valid
    assert found.refused_count == len(rows) - len(valid)


# --- countries ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "countries"),
    [
        ("91", {"IN"}),
        ("9198", {"IN"}),
        ("4420", {"GB"}),
        ("441481", {"GG"}),
        ("44", {"GB", "GG", "IM", "JE"}),
        ("7", {"RU", "KZ"}),
        ("7495", {"RU"}),
        ("77", {"KZ"}),
        ("1212", {"US"}),
        ("1416", {"CA"}),
        ("1809", {"DO"}),
        ("1876", {"JM"}),
        ("35818", {"AX"}),
        ("88216", set[str]()),
        ("999", set[str]()),
    ],
)
def test_the_country_comes_from_the_prefix(prefix: str, countries: set[str]) -> None:
    assert set(countries_of_prefix(prefix)) == countries


def test_a_short_prefix_reaches_every_country_that_begins_so() -> None:
    assert {"US", "CA", "DO", "JM"} <= set(countries_of_prefix("1"))
    assert {"US", "CA", "JM", "TT"} <= set(countries_of_prefix("18"))
    assert {"IN", "PK", "AE", "TR"} <= set(countries_of_prefix("9"))


def test_a_country_that_shares_its_code_is_listed_after_the_main_one() -> None:
    (rate,) = rates("prefix,rate\n1,0.01\n")
    assert rate.country == "US"


def test_countries_are_found_by_code_name_and_beginning() -> None:
    assert country_named("ae") == country_named("united arab emirates") == "AE"
    assert country_named("Narnia") is None
    assert set(countries_beginning("ind")) == {"IN", "ID"}
    assert set(countries_beginning("DE")) == {"DE", "DK"}
    assert len(country_names()) > 240
