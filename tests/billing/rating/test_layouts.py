"""Rate files of other systems: what of them becomes a rate, and what is refused, never lost."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.billing import Rate
from contracts.values import FILLERS, is_readable, micros
from services.billing.rating.model.imports import ReadRates, read_rates

KAZOO = (
    "prefix,rate_cost,rate_increment,rate_minimum,rate_surcharge,rate_nocharge_time,rate_name,"
    "iso_country_code"
)
ASTPP = (
    "Code,Destination,Connection Cost (USD),Grace Time,Cost / Min (USD),Initial Increment,Increment"
)
A2BILLING = (
    "dialprefix;destination;rateinitial;initblock;billingblock;connectcharge;disconnectcharge;"
    "stepchargea;chargea;timechargea;billingblocka;startdate;stopdate;starttime;endtime;"
    "buyrate;minimal_cost;announce_time_correction"
)
IVOZPROVIDER = "Target Pattern Name,Prefix,Per minute charge,Connection charge,Charge period"


def read(*lines: str, currency: str = "USD") -> ReadRates:
    return read_rates("\n".join(lines), "UTC", currency)


def a2billing(**cells: str) -> str:
    row = dict.fromkeys(A2BILLING.split(";"), "0") | {
        "dialprefix": "9198",
        "destination": "India mobile",
        "rateinitial": "0,0210",
        "initblock": "30",
        "billingblock": "6",
        "connectcharge": "0.01000",
        "startdate": "2026-01-01 00:00:00",
        "stopdate": "2036-01-01 00:00:00",
        "endtime": "10079",
        "announce_time_correction": "1.000",
    }
    return ";".join((row | cells).values())


@pytest.mark.parametrize(
    ("header", "row", "rate"),
    [
        (
            KAZOO,
            "9198,0.0210,6,30,0.01,6,IN-mobile,IN",
            # calls of less than 6 seconds are free there, calls of up to 5 here
            Rate(
                prefix="9198", rate=21_000, increment=6, min_duration=30, grace=5, name="IN-mobile"
            ),
        ),
        (
            ASTPP,
            "9198,India mobile,0.01,3,0.0210,30,6",
            Rate(
                prefix="9198",
                rate=21_000,
                increment=6,
                min_duration=30,
                grace=3,
                name="India mobile",
            ),
        ),
        (
            A2BILLING,
            a2billing(),
            Rate.model_validate(
                {
                    "prefix": "9198",
                    "rate": 21_000,
                    "increment": 6,
                    "min_duration": 30,
                    "name": "India mobile",
                    "effective_from": "2026-01-01T00:00:00Z",
                }
            ),
        ),
        (
            IVOZPROVIDER,
            "India mobile,+9198,0.0210,0.01,30",
            Rate(prefix="9198", rate=21_000, increment=30, min_duration=30, name="India mobile"),
        ),
    ],
    ids=["Kazoo", "ASTPP", "A2Billing", "ivozprovider"],
)
def test_a_row_of_another_system_becomes_a_rate(header: str, row: str, rate: Rate) -> None:
    found = read(header, row)
    assert found.refused == ()
    expected = rate.model_copy(update={"country": "IN", "connect_fee": micros("0.01")})
    assert [Rate.model_validate(one) for one in found.rows.to_dicts()] == [expected]


@pytest.mark.parametrize("header", [KAZOO, ASTPP, A2BILLING, IVOZPROVIDER])
def test_headers_are_known_in_any_case_and_order(header: str) -> None:
    delimiter = ";" if ";" in header else ","
    names = header.upper().split(delimiter)[::-1]
    found = read(delimiter.join(f" {name} " for name in names), delimiter.join("x" * len(names)))
    assert found.refused_count > 0
    assert {row.line for row in found.refused} == {2}, "the header itself was refused"


@pytest.mark.parametrize(
    "cells",
    [
        {"disconnectcharge": "0.01"},
        {"stepchargea": "0.02"},
        {"chargea": "1"},
        {"minimal_cost": "0.05"},
        {"announce_time_correction": "1.2"},
        {"starttime": "480"},
        {"endtime": "1200"},
    ],
    ids=lambda cells: next(iter(cells)),
)
def test_a_charge_that_our_rates_do_not_have_refuses_its_row(cells: dict[str, str]) -> None:
    found = read(A2BILLING, a2billing(), a2billing(dialprefix="9199", **cells))
    ((column, value),) = cells.items()
    assert [(row.line, row.column, row.value) for row in found.refused] == [(3, column, value)]
    assert found.rows["prefix"].to_list() == ["9198"]


@pytest.mark.parametrize("zero", ["", "0", "0.0", "0,00000", "00"])
def test_a_charge_of_nothing_is_no_charge(zero: str) -> None:
    assert read(A2BILLING, a2billing(disconnectcharge=zero, chargea=zero)).refused == ()


def test_a_block_of_zero_is_billed_to_the_second() -> None:
    found = read(A2BILLING, a2billing(billingblock="0", initblock="0"))
    assert found.rows.select("min_duration", "increment").row(0) == (0, 1)


def test_prices_in_another_currency_than_the_sheets_are_refused_as_a_whole() -> None:
    found = read(ASTPP, "91,India,0,0,0.02,60,60", currency="EUR")
    assert [(row.line, row.column) for row in found.refused] == [
        (1, "Connection Cost (USD)"),
        (1, "Cost / Min (USD)"),
    ]
    assert all("EUR" in row.detail for row in found.refused)
    assert read("prefix,rate (usd)", "91,0.02").rows.height == 1


def test_rates_of_calls_that_come_in_are_refused() -> None:
    header = f"{KAZOO},direction,weight"
    found = read(header, "91,0.1,60,60,0,0,,IN,outbound,1", "92,0.1,60,60,0,0,,PK,inbound,1")
    assert [(row.line, row.column) for row in found.refused] == [(3, "direction")]


@pytest.mark.parametrize("header", [KAZOO, ASTPP, A2BILLING, IVOZPROVIDER])
def test_prefixes_that_a_spreadsheet_spoiled_are_called_so(header: str) -> None:
    delimiter = ";" if ";" in header else ","
    rows = {
        KAZOO: "4.42E+11,0.1,60,60,0,0,,GB",
        ASTPP: "4.42E+11,United Kingdom,0,0,0.1,60,60",
        A2BILLING: a2billing(dialprefix="4,42E+11"),
        IVOZPROVIDER: "United Kingdom,4.42E+11,0.1,0,60",
    }
    (refused,) = read(header, rows[header]).refused
    assert refused.column in header.lower().split(delimiter)
    assert "scientific" in refused.detail


def test_a_column_that_a_system_does_not_have_is_refused_by_its_name() -> None:
    found = read(f"{IVOZPROVIDER},Discount", "India,+91,0.1,0,60,0.5")
    assert [(row.line, row.column) for row in found.refused] == [(1, "discount")]


@pytest.mark.parametrize("filler", FILLERS, ids=ascii)
def test_a_name_with_a_character_that_is_drawn_as_nothing_is_refused(filler: str) -> None:
    found = read("prefix,name,rate", f"91,India{filler}1,0.1")
    assert [(row.line, row.column) for row in found.refused] == [(2, "name")]
    assert "characters that can't be shown" in found.refused[0].detail


names = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=128
).map(lambda name: name.strip().replace("\xa0", " "))


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 10**15 - 1), names), min_size=1, unique_by=lambda r: r[0]
    ),
    delimiter=st.sampled_from(",;"),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
@example(rows=[(1, "0\u16800")], delimiter=",", line_end="\n")
def test_what_a_program_writes_in_quotes_is_read_as_it_was(
    rows: list[tuple[int, str]], delimiter: str, line_end: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([("prefix", "name", "rate"), *((*row, "0.1") for row in rows)])
    found = read_rates(text.getvalue(), "UTC", "USD")
    read_back = dict(zip(found.rows["prefix"], found.rows["name"], strict=True))
    readable = {str(prefix): name for prefix, name in rows if is_readable(name)}
    assert read_back == readable
    assert found.refused_count == len(rows) - len(readable)
