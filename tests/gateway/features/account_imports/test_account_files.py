"""Files of accounts as orders: the same in any form, and each wrong cell with a sentence."""

import asyncio
import csv
import gzip
import io
from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.base import Refused
from gateway.features.account_imports.files import FileRow, columns_of, rows_of
from gateway.files.tables import TableOptions, read_upload
from services.chassis.tables import SEPARATORS, Limits, Stated
from tests.workbooks import rows_of_texts, workbook

SHEETS: Final = {"rs_1": "rs_1", "retail": "rs_1", "grösse 7": "rs_2"}
NAMES: Final = (
    *("Company", "E-mail", "First name", "Surname", "Contact number", "Seats", "Price per user"),
    *("Credit", "Rate sheet", "Numbers", "Countries", "City", "VAT number", "Premium allowed"),
)


def read(
    content: bytes, mapping: dict[str, str] | None = None, separator: str = ""
) -> tuple[FileRow, ...]:
    """Return the rows of a file for a reseller whose accounts are in euros."""
    options = TableOptions(mapping or {}, Stated(separator=separator))
    found = asyncio.run(read_upload(content, "accounts", options, Limits()))
    return tuple(rows_of(columns_of(found, {}, "EUR", SHEETS)))


def read_or_asked(content: bytes) -> tuple[FileRow, ...]:
    """Return the rows, or none where the separator isn't clear and must be stated."""
    try:
        return read(content)
    except Refused:
        return ()


def one_row(**cells: str) -> FileRow:
    """Return a row of a file that has what is required, and these cells."""
    row = {
        "name": "Acme",
        "email": "ann@acme.example",
        "first name": "Ann",
        "last name": "Lee",
        "phone": "+14155552671",
        "cost per user": "10",
        **{column.replace("_", " "): text for column, text in cells.items()},
    }
    (found,) = read(as_text([list(row), list(row.values())], "\t").encode())
    return found


def as_text(grid: Sequence[Sequence[str]], separator: str) -> str:
    """Return a table as text."""
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="\n").writerows(grid)
    return written.getvalue()


WORDS: Final = st.text(st.sampled_from("ABCéßñ 'ж漢,;|-"), min_size=1, max_size=8).map(
    lambda text: f"x {' '.join(text.split())}".strip()
)
AMOUNTS: Final = st.from_regex(r"[1-9][0-9]{0,2}\.[0-9]{2}", fullmatch=True)
ROWS: Final = st.tuples(
    WORDS,
    st.just("ann@acme.example"),
    WORDS,
    WORDS,
    st.just("+34 911 234 567"),
    st.integers(1, 10_000).map(str),
    AMOUNTS,
    AMOUNTS,
    st.sampled_from(["", "Retail", "rs_1", "GRÖSSE 7"]),
    st.sampled_from(["", "+14155550101", "+14155550101; +14155550102"]),
    st.sampled_from(["", "IN 300, GB", "Germany: 20; us"]),
    WORDS,
    WORDS,
    st.sampled_from(["yes", "no"]),
)


@settings(max_examples=25)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=4),
    order=st.permutations(range(len(NAMES))),
    separator=st.sampled_from(sorted(SEPARATORS)),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    packed=st.booleans(),
)
def test_any_order_of_columns_separator_and_encoding_give_the_same_orders(
    rows: list[tuple[str, ...]],
    order: list[int],
    separator: str,
    encoding: str,
    packed: bool,  # noqa: FBT001 - hypothesis names them
) -> None:
    expected = read(as_text([NAMES, *rows], "\t").encode(), separator="tab")
    moved = [[row[place] for place in order] for row in (NAMES, *rows)]
    text = as_text(moved, SEPARATORS[separator]).encode(encoding)
    content = gzip.compress(text) if packed else text
    for found in (
        read(content, separator=separator),
        read(workbook({"Sheet 1": rows_of_texts(moved)})),
        read_or_asked(content),
    ):
        assert [row.body for row in found or expected] == [row.body for row in expected]
        assert [row.faults for row in found or expected] == [row.faults for row in expected]


@pytest.mark.parametrize(
    ("column", "text", "field", "value"),
    [
        ("users", "25", "users", 25),
        ("cost per user", "€ 12,50", "cost_per_user", 12_500_000),
        ("rate sheet", "RETAIL", "rate_sheet_id", "rs_1"),
        ("rate sheet", "Größe 7", "rate_sheet_id", "rs_2"),
        ("numbers", "+1 415 555 0101 +1 415 555 0102", "numbers", 2),
        ("numbers", "0415 1; 0415 2|0415 3", "numbers", 3),
        ("countries", "IN300", "countries", [("IN", 300)]),
        ("countries", "India: 300 min; UK", "countries", [("IN", 300), ("GB", 0)]),
        ("countries", "united states=20", "countries", [("US", 20)]),
        ("premium allowed", "Y", "premium_allowed", True),
        ("domestic calls", "Rated", "domestic_policy", "rated"),
    ],
)
def test_a_cell_means_what_people_write(column: str, text: str, field: str, value: Any) -> None:  # noqa: ANN401 - of any field
    row = one_row(**{column.replace(" ", "_"): text})
    assert row.faults == ()
    assert row.body is not None
    found = getattr(row.body.plan, field)
    if field == "countries":
        found = [(one.country, one.minutes) for one in found]
    assert (len(found) if field == "numbers" else found) == value


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("2 GB", [("GB", 2)]),
        ("GB 2", [("GB", 2)]),
        ("Germany: 1; 3 x uk", [("DE", 1), ("GB", 3)]),
        ("GB 1, GB 2", [("GB", 3)]),
        ("0 GB", []),
    ],
)
def test_numbers_may_be_asked_for_by_country(text: str, wishes: list[tuple[str, int]]) -> None:
    row = one_row(spare_numbers=text)
    assert [*map(tuple, row.spare)] == wishes
    assert row.faults == ()


@pytest.mark.parametrize(
    ("column", "text", "sentence"),
    [
        ("users", "2.5", "Write the number of users as a whole number, such as 25."),
        ("users", "٣", "Write the number of users as a whole number, such as 25."),
        ("cost per user", "1,234", "“1,234” may be 1.234 or 1234."),
        ("cost per user", "", "Enter the cost per user. Write 0 if users are free."),
        ("credit", "$5", "The amount is in $, but prices are in EUR here."),
        ("rate sheet", "Nobody's", "You have no rate sheet “Nobody's” that new plans can choose."),
        ("spare numbers", "2", "Write how many numbers of which country, such as 2 GB."),
        ("spare numbers", "2 Atlantis", "We don't know the country “Atlantis”."),
        ("spare numbers", "101 GB", "An account can be opened with up to 100 numbers."),
        ("countries", "300", "Write each country with its minutes, such as IN 300, GB 100."),
        ("countries", "IN " * 60, "An entry of the list is too long."),
        ("premium allowed", "maybe", "Write yes or no."),
        ("domestic calls", "free", "Write included or rated."),
        ("currency", "USD", "Your accounts are in EUR."),
    ],
)
def test_a_cell_that_is_not_understood_is_refused_with_a_sentence(
    column: str, text: str, sentence: str
) -> None:
    row = one_row(**{column.replace(" ", "_"): text})
    assert [fault.column for fault in row.faults] == [column]
    assert row.faults[0].detail.startswith(sentence)


@pytest.mark.parametrize(
    ("meaning", "text"),
    [("full_name", "Ann van Dyke"), ("full_name_last_first", "van Dyke, Ann")],
)
def test_names_in_one_column_are_taken_apart_as_the_mapping_says(meaning: str, text: str) -> None:
    content = as_text(
        [
            ["name", "email", "contact", "phone", "cost per user"],
            ["Acme", "a@b.example", text, "1", "0"],
        ],
        "\t",
    ).encode()
    with pytest.raises(Refused) as asked:
        read(content)
    assert asked.value.problem.code == "mapping-needed"
    (row,) = read(content, {"contact": meaning})
    assert row.body is not None
    person = row.body.administrator
    assert (person.first_name, person.last_name) == ("Ann", "van Dyke")


def test_amounts_in_another_currency_than_the_resellers_refuse_the_file() -> None:
    content = "name,email,first name,last name,phone,cost per user (USD)\na,b,c,d,e,1\n"
    with pytest.raises(Refused) as refused:
        read(content.encode())
    assert refused.value.problem.detail == (
        "The column “cost per user (USD)” is not in EUR, the currency of your accounts."
    )


def test_a_row_with_more_values_than_columns_is_refused() -> None:
    content = "name,email,first name,last name,phone,cost per user\na,b,c,d,e,1\na,b,c,d,e,1,500\n"
    faults = [fault for row in read(content.encode()) for fault in row.faults]
    assert [(fault.line, fault.type) for fault in faults if not fault.pointer] == [
        (3, "too-many-values")
    ]
