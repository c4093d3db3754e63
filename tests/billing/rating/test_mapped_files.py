"""Rate files of carriers and switches: read with the right values, or refused with the cause."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import ColumnMeaning, Rate, RefusedRow
from contracts.tables import MappingNeededError, column_names, resolve
from contracts.values import decimal_text
from gateway.files.tables import as_csv, samples_of
from services.billing.base.model.country_names import country_written
from services.billing.rating.model.cells import Form
from services.billing.rating.model.codes import prefixes_of
from services.billing.rating.model.dates import moment_of
from services.billing.rating.model.imports import ReadRates, Stated, read_rates
from services.billing.rating.model.mapped import header_of_columns
from services.chassis.tables import Stated as Separated
from services.chassis.tables import read_table
from tests.workbooks import rows_of_texts, workbook

INPUTS = Path(__file__).parents[2] / "inputs" / "rates"
UTC = ZoneInfo("UTC")


def read(content: bytes | str, currency: str = "USD", **answers: str) -> ReadRates:
    """Read a file as the gateway hands it to billing."""
    table = read_table(content if isinstance(content, bytes) else content.encode())
    meanings = resolve("rates", table.header, samples_of(table), answers)
    names = column_names(table.header, table.width)
    columns = tuple(
        ColumnMeaning(name=name, meaning=meaning)
        for name, meaning in zip(names, meanings, strict=True)
    )
    stated = Stated(columns, table.detected.separator == "semicolon")
    return read_rates(as_csv(table, with_header=False), "UTC", currency, stated)


def file(name: str, currency: str = "USD", **answers: str) -> ReadRates:
    """Read one of the files in `tests/inputs`."""
    return read((INPUTS / name).read_bytes(), currency, **answers)


def rates_of(found: ReadRates) -> dict[str, str]:
    """Return the rate of each prefix; nothing may be refused."""
    assert found.refused == ()
    return {row["prefix"]: decimal_text(row["rate"]) for row in found.rows.to_dicts()}


def first(found: ReadRates) -> Rate:
    """Return the first rate; nothing may be refused."""
    assert found.refused == ()
    return Rate.model_validate(found.rows.to_dicts()[0])


def causes(found: ReadRates) -> dict[int, str]:
    """Return why each line is refused."""
    return {row.line: row.detail for row in found.refused}


def questions(name: str) -> dict[str, str | None]:
    """Return the columns of a file that must be explained, and what is suggested."""
    with pytest.raises(MappingNeededError) as needed:
        file(name)
    return {one.name: one.suggestion for one in needed.value.columns if one.needs_answer}


# --- files as they are --------------------------------------------------------------------


def test_ov500_is_read_once_its_unknown_columns_are_ignored() -> None:
    name = "r01_ov500_rates_outgoing.csv"
    assert questions(name) == {"multiplier": None, "addition": None, "status": "ignore"}
    found = file(name, multiplier="ignore", addition="ignore", status="ignore")
    assert rates_of(found) == {"93": "0.1232", "9376": "0.057757"}
    rate = first(found)
    assert (rate.min_duration, rate.increment, rate.connect_fee) == (1, 1, 0)
    assert {*found.absent} == {"country", "effective_from", "blocked"}


def test_a_file_without_a_header_is_read_by_stated_positions() -> None:
    name = "r03_voipaccel_vinculum.csv"
    assert questions(name) == {"1": None, "2": None, "3": None}
    found = file(name, **{"1": "name", "2": "prefix", "3": "rate"})
    assert rates_of(found)["9370"] == "0.1249"
    assert first(found).name == "Afghanistan-cellular AWCC"


def test_decimal_commas_are_read() -> None:
    assert rates_of(file("r05_asterisell_3col_it.csv")) == {"93": "0.1175", "937": "0.1175"}
    assert rates_of(file("r12_pdr_it.csv")) == {"3931": "0.04"}
    assert rates_of(file("r11_pdr.csv")) == {"3931": "0.04"}


def test_a_date_of_which_only_one_order_makes_sense_is_read() -> None:
    found = file("r08_twt_5col.csv", VALIDITY="effective_from")
    assert rates_of(found) == {"355": "0.066", "35538": "0.066"}
    assert str(first(found).effective_from) == "2010-02-22 00:00:00+00:00"


def test_kazoo_is_read_once_the_purchase_prices_are_ignored() -> None:
    name = "r16_kazoo_task.csv"
    answers = {"pvt_rate_cost": "ignore", "pvt_rate_surcharge": "ignore"}
    assert questions(name) == answers
    rate = first(file(name, **answers))
    assert (rate.prefix, decimal_text(rate.rate), rate.name) == ("93", "0.18", "AF_FIX")
    assert (rate.increment, rate.min_duration, rate.grace, rate.country) == (60, 60, 0, "AF")


def test_astpp_is_read_as_it_is() -> None:
    found = file("r18_astpp_termination_sample.csv")
    assert rates_of(found) == {"1": "0.05", "44": "0.06"}
    rate = first(found)
    assert (rate.min_duration, rate.increment, rate.name) == (30, 60, "USA")
    (fault, _) = file("r18_astpp_termination_sample.csv", "EUR").refused
    assert "not in EUR" in fault.detail


def test_codes_behind_a_dialled_prefix_are_never_taken_for_north_america() -> None:
    name = "r22_a2billing_doc.csv"
    assert questions(name) == {"buyrate": "ignore"}
    found = file(name, buyrate="ignore")
    assert found.rows.is_empty()
    assert all("No number begins with 11" in detail for detail in causes(found).values())


def test_encodings_separators_and_titles_do_not_matter() -> None:
    for name in ("v02_utf16.csv", "v03_tab.csv", "v05_title_row.csv"):
        assert rates_of(file(name)) == {"225": "0.31"}
    assert first(file("v02_utf16.csv")).name == "Côte d’Ivoire"


def test_a_cell_may_name_several_prefixes() -> None:
    found = file("v06_multi_code.csv")
    assert causes(found) == {4: "Line 3 has the same prefix and effective_from."}
    assert {row["prefix"] for row in found.rows.to_dicts()} == {
        *("43664", "4367", "1201", "1202", "1203"),
    }


def test_money_is_read_where_it_can_mean_one_thing_only() -> None:
    found = file("v08_money.csv")
    rates = {
        row["prefix"]: (decimal_text(row["rate"]), row["rate_fraction"])
        for row in found.rows.to_dicts()
    }
    assert rates == {
        **dict.fromkeys(("931", "933", "934", "936"), ("0.02", 0)),
        "932": ("0.000012", 30),
        "939": ("0.300983", 4),
    }
    expected = {6: "more values", 8: "below 0", 9: "not an amount"}
    assert causes(found).keys() == expected.keys()
    assert all(expected[line] in detail for line, detail in causes(found).items())


def test_countries_are_read_by_code_and_name() -> None:
    found = file("v09_country_iso3.csv")
    assert found.refused == ()
    countries = {row["prefix"]: row["country"] for row in found.rows.to_dicts()}
    assert countries == {
        "93": "AF",
        "39": "IT",
        "49": "DE",
        "1876": "JM",
        "44": "GB",
        "1": "US",
        "383": "XK",
        "87": None,
        "881": None,
        "8816": None,
    }


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_relatives_of_a_file_read_the_same(
    separator: str, encoding: str, order: tuple[int, ...]
) -> None:
    rows = [*csv.reader(io.StringIO((INPUTS / "r11_pdr.csv").read_text()))]
    rows += [["39", "Italy, fixed; all", "0,0123"]]
    written = io.StringIO()
    turned = [[row[place] for place in order] for row in rows]
    csv.writer(written, delimiter=separator).writerows(turned)
    expected = {"3931": "0.04", "39": "0.0123"}
    assert rates_of(read(written.getvalue().encode(encoding))) == expected
    assert rates_of(read(workbook({"S": rows_of_texts(turned)}))) == expected


# --- columns ------------------------------------------------------------------------------


def test_prices_per_second_become_prices_per_minute_exactly() -> None:
    found = read("code,pps\n93,0.000333\n94,0.0000001\n95,0.0000000001\n", pps="rate_per_second")
    assert {row["prefix"]: row["rate"] for row in found.rows.to_dicts()} == {"93": 19_980, "94": 6}
    assert "more than 8 decimals" in causes(found)[4]


def test_an_interval_gives_both_minimum_and_increment() -> None:
    text = "code,rate,billing increment\n93,1,60/1\n94,1,30\n95,1,x\n"
    found = read(text, **{"billing increment": "interval"})
    pairs = [(row["min_duration"], row["increment"]) for row in found.rows.to_dicts()]
    assert pairs == [(60, 1), (30, 30)]
    assert "such as 60 or 60/1" in causes(found)[4]


def test_an_ambiguous_date_is_refused_until_its_order_is_stated() -> None:
    text = "code,rate,start date\n93,1,01/12/2026\n"
    assert "may be 2026-12-01 or 2026-01-12" in causes(read(text))[2]
    for order, day in (("day", "2026-12-01"), ("month", "2026-01-12")):
        rate = first(read(text, **{"start date": f"effective_from_{order}_first"}))
        assert str(rate.effective_from).startswith(day)


def test_what_is_ignored_counts_as_absent() -> None:
    found = read("code,rate,name\n93,1,x\n", name="ignore")
    assert "name" in found.absent
    assert first(found).name == ""


def test_a_charge_that_we_do_not_have_is_refused_unless_it_is_0() -> None:
    found = read("code,rate,fee\n93,1,0\n94,1,0.5\n", fee="zero")
    assert [row["prefix"] for row in found.rows.to_dicts()] == ["93"]
    assert "make it 0 first" in causes(found)[3]


def test_a_thousand_commas_in_a_column_are_told_from_decimals() -> None:
    assert rates_of(read('code,rate\n93,"1,234"\n94,0.05\n'))["93"] == "1234.00"
    assert rates_of(read('code,rate\n93,"1,234"\n94,"0,05"\n'))["93"] == "1.234"
    assert "may be 1.234 or 1234" in causes(read('code,rate\n93,"1,234"\n'))[2]


def test_ranges_cannot_make_more_rates_than_a_file_may_have() -> None:
    rows = "\n".join(f"{n}000-{n}999,0.1" for n in range(8200, 8305))
    found = read(f"code,rate\n{rows}\n")
    assert found.rows.height <= 100_000
    assert any("more than 100,000 rates" in row.detail for row in found.refused)


# --- codes, countries and days -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "prefixes"),
    [
        ("43664, 4367", ["43664", "4367"]),
        ("1201; 1202/1203|1204", ["1201", "1202", "1203", "1204"]),
        ("1201-1203", ["1201", "1202", "1203"]),
        ("4477 – 4479", ["4477", "4478", "4479"]),
        ("+44", ["44"]),
        ("0044", ["44"]),
        ("01144", ["44"]),
        ("44, 44", ["44"]),
    ],
)
def test_prefixes_are_read_as_carriers_write_them(text: str, prefixes: list[str]) -> None:
    assert prefixes_of(text) == prefixes


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("4.4E+3", "scientific"),
        ("43,664", "one prefix or several"),
        ("044", "zeros"),
        ("1193", "No number begins with 11"),
        ("1-201", "no range"),
        ("33-45", "no range"),
        ("1203-1201", "no range"),
        ("44 20", "1 to 15 digits"),
        ("abc", "1 to 15 digits"),
        ("100000-199999", "No number begins with 10"),
        ("4400000-4499999", "1,000 prefixes at most"),
        (";", "names no prefix"),
    ],
)
def test_a_prefix_that_may_be_another_is_refused(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        prefixes_of(text)


@given(st.lists(st.from_regex(r"[2-9][0-9]{0,9}", fullmatch=True), min_size=1, max_size=6))
def test_a_list_of_prefixes_reads_as_itself(prefixes: list[str]) -> None:
    assert prefixes_of("; ".join(prefixes)) == [*dict.fromkeys(prefixes)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("AFG", "AF"), ("uk", "GB"), ("USA", "US"), ("Italia", "IT"), ("Deutschland", "DE")),
        *(("Côte d’Ivoire", "CI"), ("Ivory Coast", "CI"), ("Korea, South", "KR"), ("in", "IN")),
        *(("Iridium", ""), ("Satellite", ""), ("Afghanistan Mobile", None), ("XX", None)),
    ],
)
def test_a_country_is_read_by_its_codes_and_names(text: str, code: str | None) -> None:
    assert country_written(text) == code


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-22", "2026-11-22 00:00"),
        ("2026/11/22 8:30", "2026-11-22 08:30"),
        ("22.02.2010", "2010-02-22 00:00"),
        ("02/22/2010 10:00:00", "2010-02-22 10:00"),
        ("05/05/2026", "2026-05-05 00:00"),
        ("1 Dec 2026", "2026-12-01 00:00"),
        ("December 1st, 2026", "2026-12-01 00:00"),
    ],
)
def test_a_date_is_read_where_it_is_one_day_only(text: str, day: str) -> None:
    assert str(moment_of(text, UTC)).startswith(day)


@pytest.mark.parametrize("text", ["01/12/2026", "01/12/26", "31/04/2026", "Dec 2026", "", "1999"])
def test_a_date_that_may_be_another_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2026"):
        moment_of(text, UTC)


def test_a_refused_row_names_the_column_as_the_file_does() -> None:
    (refused,) = read("Dial code,Price\nx,0.1\n").refused
    assert isinstance(refused, RefusedRow)
    assert (refused.line, refused.column, refused.value) == (2, "Dial code", "x")


AMOUNTS = st.one_of(
    st.from_regex(r"[0-9]{0,7}(\.[0-9]{0,10})?", fullmatch=True),
    st.text(st.sampled_from("0123456789.,$ -"), max_size=12),
)


@pytest.mark.parametrize("meaning", ["rate", "connect_fee"])
@pytest.mark.parametrize("comma", [None, True, False])
@given(texts=st.lists(AMOUNTS, min_size=1, max_size=20))
def test_amounts_read_all_at_once_mean_what_each_means_alone(
    meaning: str,
    comma: bool | None,  # noqa: FBT001 - a parameter
    texts: list[str],
) -> None:
    header = header_of_columns((ColumnMeaning(name="x", meaning=meaning),), "USD")
    cell = header.layout.columns["x"].cell
    assert cell.plain is not None
    found = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(
        cell.plain(pl.col("text"))
    )
    form = Form(",", ZoneInfo("UTC"), "USD", comma)
    for text, value in zip(texts, found.to_series(), strict=True):
        assert value is None or value == cell.read(text, form)


_CELL = st.text(st.sampled_from('1 4.;"=\t\u00a0é'), max_size=4)


@given(st.lists(st.lists(_CELL, min_size=2, max_size=5), min_size=1, max_size=5), st.booleans())
def test_rows_that_go_on_as_text_are_read_as_rows_that_were_split(
    rows: list[list[str]],
    quoted: bool,  # noqa: FBT001 - hypothesis names them
) -> None:
    written = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(written, lineterminator="\n", quoting=quoting)
    writer.writerows([["prefix", "rate", "name"], ["44", "0.5", "UK"], *rows, ["33", "0.25", ""]])
    table = read_table(written.getvalue().encode(), Separated(separator="comma"))
    whole = as_csv(table, with_header=False)
    split = as_csv(replace(table, rows=tuple(table.rows)), with_header=False)
    meanings = zip(("prefix", "rate", "name", "4", "5"), ("prefix", "rate", "name", "ignore"))  # noqa: B905 - the rest are no columns
    columns = tuple(ColumnMeaning(name=name, meaning=meaning) for name, meaning in meanings)
    found, expected = (
        read_rates(text, "UTC", "USD", Stated(columns[: table.width])) for text in (whole, split)
    )
    assert found.rows.equals(expected.rows)
    assert found[1:] == expected[1:]
