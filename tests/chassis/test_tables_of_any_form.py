"""Whatever form a table is written in, it reads as the same table or is refused, never another."""

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.tables import Stated, UnreadableTableError, read_table
from tests.workbooks import rows_of_texts, workbook

NAMES = ["Prefix", "Rate per minute", "Destination", "Effective date", "Set-up"]
WORDS = st.text(st.sampled_from("ABCÉabcéß ,;|'\"’&/-()\n"), min_size=1, max_size=12).map(
    lambda text: f"x {' '.join(text.split())}".strip()
)
NUMBERS = st.from_regex(r"[1-9][0-9]{0,11}(\.[0-9]{1,8})?", fullmatch=True)
DECIMALS = st.from_regex(r"[0-9],[0-9]{1,6}", fullmatch=True)
DAYS = st.dates().map(str)


@st.composite
def grids(draw: st.DrawFn) -> list[list[str]]:
    """Return a table: names of columns, and rows whose first cell is a number."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(2, len(NAMES)))]
    kinds = [
        NUMBERS,
        *draw(
            st.lists(
                st.sampled_from([NUMBERS, WORDS, DECIMALS, DAYS]),
                min_size=len(names) - 1,
                max_size=len(names) - 1,
            )
        ),
    ]
    rows = draw(st.lists(st.tuples(*kinds).map(list), min_size=1, max_size=8))
    return [list(names), *rows]


def as_text(grid: list[list[str]], separator: str, ending: str, quoting: int) -> str:
    """Return a table as text."""
    written = io.StringIO()
    kind = csv.QUOTE_ALL if quoting else csv.QUOTE_MINIMAL
    csv.writer(written, delimiter=separator, lineterminator=ending, quoting=kind).writerows(grid)
    return written.getvalue()


def read_or_refused(content: bytes, stated: Stated | None = None) -> list[list[str]] | str:
    """Return the header and the rows of a file, or the sentence that refuses it."""
    try:
        table = read_table(content, stated or Stated())
    except UnreadableTableError as refusal:
        return refusal.detail
    return [list(table.header or ()), *(list(row.cells) for row in table.rows)]


@given(
    grid=grids(),
    separator=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    quoting=st.integers(0, 1),
    packed=st.booleans(),
)
def test_a_table_as_text_reads_as_itself_or_is_refused(  # noqa: PLR0917 - hypothesis names them
    grid: list[list[str]],
    separator: str,
    ending: str,
    encoding: str,
    quoting: int,
    packed: bool,  # noqa: FBT001 - hypothesis names them
) -> None:
    content = as_text(grid, separator, ending, quoting).encode(encoding)
    content = gzip.compress(content) if packed else content
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
    for stated in (Stated(), Stated(separator=names[separator])):
        read = read_or_refused(content, stated)
        assert read == grid or (isinstance(read, str) and not stated.separator)


def test_empty_cells_say_nothing_for_a_separator() -> None:
    table = [["number", "name", "note"], ["1", "x ;", "x ;;"]]
    assert read_or_refused(as_text(table, ",", "\n", 0).encode()) == table


@pytest.mark.parametrize("header", ["", "number,name\n"])
def test_a_row_that_two_separators_explain_is_refused(header: str) -> None:
    refusal = read_or_refused(f"{header}a;b,c;d\n".encode())
    assert isinstance(refusal, str)
    assert "separated by comma or by semicolon" in refusal


def test_many_rows_that_one_separator_leaves_unexplained_are_read_by_the_other() -> None:
    rows = [["number", "name", "rate"], *([str(n), "Mobile, all", "0.01"] for n in range(3))]
    text = "\n".join(";".join(row) for row in rows)
    assert read_or_refused(text.encode()) == rows


@given(grids())
def test_a_table_in_a_workbook_reads_as_itself(grid: list[list[str]]) -> None:
    assert read_or_refused(workbook({"Sheet 1": rows_of_texts(grid)})) == grid


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_refusal(content: bytes) -> None:
    read = read_or_refused(content)
    assert read.endswith(".") if isinstance(read, str) else all(row[-1] for row in read[1:])


@given(st.binary(max_size=40), st.integers(0, 2_000))
def test_a_damaged_workbook_is_a_table_or_a_refusal(noise: bytes, position: int) -> None:
    whole = workbook({"S": rows_of_texts([["prefix", "rate"], ["93", "0.1"]])})
    read = read_or_refused(whole[:position] + noise + whole[position + len(noise) :])
    assert read.endswith(".") if isinstance(read, str) else all(row[-1] for row in read[1:])
