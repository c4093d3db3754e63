"""A file that stays in its form is read once more as it was first read, whatever wrote it."""

import asyncio
import csv
import gzip
import io
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import TableKind
from gateway.files.tables import MappedTable, MappingNeeded, TableOptions, read_upload
from gateway.portal.column_mapping import (
    KEPT_BYTES_MAX,
    kept_as_read,
    kept_table,
    kept_when_refused,
    question_of,
    sent_options,
    sent_table,
)
from gateway.portal.forms import Field, Form
from gateway.portal.views.parts import KeptTable, MappingQuestion
from services.chassis.tables import SEPARATORS, Limits, Stated
from tests.workbooks import rows_of_texts, workbook

OWN: Final = "Kept for us"
"""The name of a column that nobody knows, so that there is a question."""

COLUMNS: Final[dict[TableKind, tuple[str, ...]]] = {
    "rates": ("prefix", "rate", OWN),
    "numbers": ("number", "monthly_fee", OWN),
    "accounts": ("name", "email", "first name", "last name", "phone", "cost per user", OWN),
    "calls": ("call_id", "account", "caller", "destination", "answered_at", "seconds", OWN),
}
ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "gzip", "xlsx")
CELLS: Final = st.one_of(
    st.sampled_from(["1,234", "1.234", "2,56", "'=1", "''", "é", "a b", 'say "x"', "1;2|3\t4", ""]),
    st.text(st.sampled_from("aé;,|\t'\"=+- 1"), max_size=8).map(str.strip),
)


def file_of(grid: list[list[str]], separator: str, encoding: str) -> bytes:
    """Return a table as a file."""
    if encoding == "xlsx":
        return workbook({"S": rows_of_texts(grid)})
    written = io.StringIO()
    csv.writer(written, delimiter=separator).writerows(grid)
    if encoding == "gzip":
        return gzip.compress(written.getvalue().encode())
    return written.getvalue().encode(encoding)


def read(content: bytes, kind: TableKind, options: TableOptions) -> MappedTable | MappingNeeded:
    """Return the table of a file, or the question about it."""
    try:
        return asyncio.run(read_upload(content, kind, options, Limits()))
    except MappingNeeded as needed:
        return needed


def answered(question: MappingQuestion, kept: KeptTable | None) -> Form:
    """Return the form of a question, in which one column is ignored and all else as suggested."""
    fields: list[Field] = [("has_header", "yes" if question.has_header else "no")]
    if kept:
        fields += [("table", "\r\n".join(kept.text.split("\n"))), *kept.fields]
    if question.encoding:
        fields.append(("table_encoding", question.encoding))
    for place, column in enumerate(question.columns, start=1):
        meaning = "ignore" if column.name == OWN else column.value
        fields += [(f"name-{place}", column.name), (f"column-{place}", meaning)]
    return Form.of(fields)


def waiting(kept: KeptTable) -> Form:
    """Return the form of a file that was looked at."""
    return Form.of([("table", "\r\n".join(kept.text.split("\n"))), *kept.fields])


def reread(form: Form, kind: TableKind) -> MappedTable:
    """Return the table that a form carries."""
    sent = asyncio.run(sent_table(form))
    found = read(sent.content, kind, sent.options)
    assert isinstance(found, MappedTable), found
    return found


def facts(found: MappedTable) -> tuple[object, ...]:
    """Return what decides how a table is read."""
    table = found.table
    is_decimal = table.detected.separator == "semicolon"
    return (table.header, table.rows, found.meanings, found.names, is_decimal)


@settings(max_examples=150)
@given(
    kind=st.sampled_from(sorted(COLUMNS)),
    cells=st.lists(st.lists(CELLS, min_size=7, max_size=7), min_size=1, max_size=4),
    separator=st.sampled_from(sorted(SEPARATORS)),
    encoding=st.sampled_from(ENCODINGS),
    titles=st.integers(0, 2),
)
def test_a_questioned_file_is_read_again_as_it_was_first_read(
    kind: TableKind, cells: list[list[str]], separator: str, encoding: str, titles: int
) -> None:
    width = len(COLUMNS[kind])
    # no row is empty, and each has an é, so that windows-1252 is asked about
    rows = [["é", *row[1 : width - 1], "x"] for row in cells]
    grid = [*[["Of ACME"]] * titles, list(COLUMNS[kind]), *rows]
    content = file_of(grid, SEPARATORS[separator], encoding)
    stated = Stated(separator="" if encoding == "xlsx" else separator)
    needed = read(content, kind, TableOptions(stated=stated))
    assert isinstance(needed, MappingNeeded)
    assert needed.table is not None
    first = answered(question_of(kind, needed), kept_table(needed.table))
    answers = sent_options(first, is_file=False).mapping
    if encoding == "cp1252":
        stated = replace(stated, encoding="windows-1252")
    expected = read(content, kind, TableOptions(answers, stated))
    if isinstance(expected, MappingNeeded):
        return  # a suggestion is missing for another column, as the next question says
    found = reread(first, kind)
    assert facts(found) == facts(expected)
    encoding_sent = sent_options(first, is_file=False).confirmed_encoding
    assert encoding_sent == ("windows-1252" if encoding == "cp1252" else "")
    kept = kept_as_read(found, encoding_sent)
    assert kept is not None
    assert facts(reread(waiting(kept), kind)) == facts(expected)
    assert sent_options(waiting(kept), is_file=False).confirmed_encoding == encoding_sent


@pytest.mark.parametrize("separator", sorted(SEPARATORS))
@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_a_comma_of_a_file_with_semicolons_stays_decimal(kind: TableKind, separator: str) -> None:
    width = len(COLUMNS[kind])
    grid = [list(COLUMNS[kind]), ["1,234"] * width]
    needed = read(file_of(grid, SEPARATORS[separator], "utf-8"), kind, TableOptions())
    assert isinstance(needed, MappingNeeded)
    assert needed.table is not None
    kept = kept_table(needed.table)
    assert kept is not None
    assert kept.fields == (("separator", separator),)
    found = reread(answered(question_of(kind, needed), kept), kind)
    assert found.table.detected.separator == separator


def test_answers_hold_for_a_file_that_is_chosen_again_and_for_no_other() -> None:
    content = f"prefix;rate;{OWN}\n91;0,1;x\n".encode()
    needed = read(content, "rates", TableOptions())
    assert isinstance(needed, MappingNeeded)
    form = answered(question_of("rates", needed), None)
    options = sent_options(form, is_file=True)
    assert isinstance(read(content, "rates", options), MappedTable)
    # the columns of this one are understood without a word
    other = read(b"prefix,rate\n91,0.1\n", "rates", options)
    assert isinstance(other, MappedTable)
    assert other.meanings == ("prefix", "rate")


def test_columns_without_names_are_not_taken_over_by_another_file() -> None:
    needed = read(b"91;0,1\n92;0,2\n", "rates", TableOptions())
    assert isinstance(needed, MappingNeeded)
    assert needed.table is not None
    question = question_of("rates", needed)
    fields = [("name-1", "1"), ("column-1", "prefix"), ("name-2", "2"), ("column-2", "rate")]
    form = Form.of([("has_header", "no"), *fields])
    assert not question.has_header
    swapped = b"0.1,91\n0.2,92\n"
    kept_another = sent_options(form, is_file=True, keeps_another=True)
    assert isinstance(read(swapped, "rates", kept_another), MappingNeeded)
    # a file that was too large to stay is chosen again
    too_large = sent_options(form, is_file=True)
    assert isinstance(read(b"91;0,1\n92;0,2\n", "rates", too_large), MappedTable)


def test_an_encoding_is_confirmed_for_the_file_that_it_was_asked_about() -> None:
    content = f"prefix,rate,{OWN}\n91,0.1,Côte\n".encode("cp1252")
    needed = read(content, "rates", TableOptions())
    assert isinstance(needed, MappingNeeded)
    options = sent_options(answered(question_of("rates", needed), None), is_file=True)
    found = read(content, "rates", options)
    assert isinstance(found, MappedTable)
    assert found.table.rows[0].cells[2] == "Côte"
    plain = read(f"prefix,rate,{OWN}\n91,0.1,Côte\n".encode(), "rates", options)
    assert isinstance(plain, MappedTable)
    assert plain.table.rows[0].cells[2] == "Côte"
    others = read("prefix,rate,Own\n91,0.1,Côte\n".encode("cp1252"), "rates", options)
    assert isinstance(others, MappingNeeded)


def test_a_file_that_is_too_large_for_a_page_is_not_kept() -> None:
    content = b"prefix,rate,name\n" + b"91,0.123456,%s\n" % (b"x" * 90) * (KEPT_BYTES_MAX // 100)
    found = read(content, "rates", TableOptions())
    assert isinstance(found, MappedTable)
    assert kept_as_read(found) is None


async def test_a_refused_file_stays_if_it_can_be_read() -> None:
    form = Form.of([("table", "prefix;rate\n91;x\n"), ("separator", "semicolon")])
    kept = await kept_when_refused(await sent_table(form), Limits())
    assert kept is not None
    assert ("separator", "semicolon") in kept.fields
    damaged = Form.of([("table", "%PDF-1.7")])
    assert await kept_when_refused(await sent_table(damaged), Limits()) is None


def test_a_separator_that_nobody_knows_is_a_comma() -> None:
    fields = [("table", "prefix,rate\n91,0.1\n"), ("has_header", "yes"), ("separator", "x")]
    assert reread(Form.of(fields), "rates").meanings == ("prefix", "rate")
    unreadable = Form.of([*fields[:2], ("separator", "\x00")])
    sent_options(unreadable, is_file=False)
    assert [error.pointer for error in unreadable.unread] == ["#separator"]
