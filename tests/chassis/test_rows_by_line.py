"""Rows that are split when they're looked at: the same rows as those that are split at once."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.tables import Limits, LineRows, Row, UnreadableTableError, read_table
from services.chassis.tables.lines import rows_by_line
from services.chassis.tables.values import Grid

CELLS = st.text(st.sampled_from("ab1 ,;\"'=+\t\u00a0\u2028\x1c\ufeffé"), max_size=4)
TEXTS = st.lists(st.text(st.sampled_from("ab1 ,;\"'=\n\r\t\u00a0\x1c"), max_size=12), max_size=6)


def split_at_once(text: str, separator: str) -> list[Row] | None:
    """Return the rows of a text that is split cell by cell; None when that can't be done."""
    grid = Grid(Limits())
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            grid.add(line, cells)
            line = reader.line_num + 1
    except csv.Error:
        return None
    return grid.rows


@given(TEXTS.map("\n".join), st.sampled_from(",;"))
def test_rows_by_line_are_the_rows_that_are_split_at_once(text: str, separator: str) -> None:
    found = rows_by_line(text, separator, 0, Limits())
    assert found is None or list(found) == split_at_once(text, separator)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=6), st.booleans())
def test_rows_that_go_on_as_text_are_the_same_rows(grid: list[list[str]], quoted: bool) -> None:  # noqa: FBT001 - hypothesis names them
    for separator in ",;|":
        written = io.StringIO()
        quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
        csv.writer(written, delimiter=separator, lineterminator="\n", quoting=quoting).writerows(
            grid
        )
        found = rows_by_line(written.getvalue(), separator, 0, Limits())
        text = found.as_csv() if found else None
        if text is not None:
            assert found == split_at_once(text, ",")


def test_a_file_of_plain_rows_goes_on_as_it_is() -> None:
    rows = '44,0.01,United Kingdom\n33, 0.02 ,"France, all"\n'
    table = read_table(f"prefix,rate,name\r\n{rows}".encode())
    assert isinstance(table.rows, LineRows)
    assert table.rows.as_csv() == f"\n{rows}"
    assert table.rows[1] == Row(3, ("33", "0.02", "France, all"))


def test_only_text_without_quotation_marks_in_its_cells_goes_on_as_it_is() -> None:
    table = read_table(b'prefix,name\n44,say "UK"\n')
    assert isinstance(table.rows, LineRows)
    assert table.rows.as_csv() == '\n44,"say ""UK"""\n'


@pytest.mark.parametrize("row", ["44,'=1", "44,a\x1cb", "44,\ufeffa", '44,"a\nb"'])
def test_a_row_that_needs_care_is_split_at_once(row: str) -> None:
    table = read_table(f"prefix,name\n{row}\n".encode())
    assert not isinstance(table.rows, LineRows)


@pytest.mark.parametrize(
    ("limits", "detail"),
    [
        (Limits(rows_max=2), "more than 2 rows"),
        (Limits(columns_max=2), "has 3 columns"),
        (Limits(cell_characters_max=5), "cell of more than 5 characters"),
        (Limits(text_characters_max=20), "too much text"),
    ],
)
def test_rows_by_line_keep_to_the_limits(limits: Limits, detail: str) -> None:
    with pytest.raises(UnreadableTableError, match=detail):
        read_table(b"prefix,rate\n44,0.0125\n33,0.5,abcdefgh\n", limits=limits)
