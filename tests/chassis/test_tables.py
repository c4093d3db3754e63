"""Tables as text: how the reader finds out what it is given, and what it says otherwise."""

import gzip
import zlib

import pytest

from services.chassis.tables import (
    EncodingUnknownError,
    Limits,
    Stated,
    Table,
    UnreadableTableError,
    read_table,
)
from tests.workbooks import archive

HEADER = ("prefix", "rate", "name")
BODY = [(2, ("225", "0.31", "Côte d’Ivoire")), (3, ("93", "0.12", "Afghanistan"))]
LINES = "prefix,rate,name\n225,0.31,Côte d’Ivoire\n93,0.12,Afghanistan\n"


def rows_of(table: Table) -> list[tuple[int, tuple[str, ...]]]:
    """Return the rows as plain tuples."""
    return [(row.line, row.cells) for row in table.rows]


def refusal_of(content: bytes, stated: Stated | None = None, limits: Limits | None = None) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(UnreadableTableError) as refused:
        read_table(content, stated or Stated(), limits or Limits())
    return refused.value.detail


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_a_table_reads_the_same_in_every_form(separator: str, encoding: str) -> None:
    content = LINES.replace(",", separator).encode(encoding)
    stated = Stated(encoding="windows-1252" if encoding == "cp1252" else "")
    for sent in (content, gzip.compress(content), content.replace(b"\n\0", b"\n\0")):
        table = read_table(sent, stated)
        assert (table.header, rows_of(table), table.width) == (HEADER, BODY, 3)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_file_whatever_ends_them(ending: str) -> None:
    text = '\nprefix,rate,name\n\n"225","0.31","two\nlines"\n , ,\n93,0.12,"a ""quoted"" name"\n'
    table = read_table(text.replace("\n", ending).encode())
    assert rows_of(table) == [
        (4, ("225", "0.31", "two lines")),
        (7, ("93", "0.12", 'a "quoted" name')),
    ]
    assert table.detected.header_line == 2


def test_rows_above_the_header_are_titles() -> None:
    text = f"ACME Carrier A-Z, valid from 01/12/2026\nAll prices in USD\n\n{LINES}"
    table = read_table(text.encode())
    assert table.header == HEADER
    assert table.detected.header_line == 4
    assert table.detected.titles == (
        "ACME Carrier A-Z valid from 01/12/2026",
        "All prices in USD",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Afghanistan,9370,0.1249\nAlbania,355,0.11\n",
        "93,0.1\n94,0.2,Sri Lanka\n95,0.3\n",
        "+441282777740\n+441282777741\n",
        "n/a,93\nUnknown,94\n",
    ],
)
def test_values_are_never_taken_for_column_names(text: str) -> None:
    table = read_table(text.encode())
    assert table.header is None
    assert len(table.rows) == text.count("\n")


def test_the_caller_may_say_whether_there_is_a_header() -> None:
    text = b"2025,2026\n93,0.1\n"
    assert read_table(text).header is None
    assert read_table(text, Stated(header=True)).header == ("2025", "2026")
    assert read_table(b"a,b\nc,d\n", Stated(header=False)).header is None


def test_columns_without_a_name_are_columns_all_the_same() -> None:
    table = read_table(b"prefix,rate\n93,0.1,7\n94,0.2,8\n")
    assert (table.header, table.width) == (("prefix", "rate", ""), 3)


def test_uneven_rows_keep_their_cells() -> None:
    table = read_table(b"prefix,rate\n93\n935,1.234,5\n94,0.2\n")
    assert [row.cells for row in table.rows] == [("93",), ("935", "1.234", "5"), ("94", "0.2")]
    assert table.width == 2


# --- separators ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "separator", "cells"),
    [
        ("number;setup_fee\n441282777730;2,56\n", "semicolon", ("441282777730", "2,56")),
        ('Prefix,Name,Rate\n3931;"Mobile";0,04\n', "semicolon", ("3931", "Mobile", "0,04")),
        ("prefix,rate\n1201;1202,0.01\n", "comma", ("1201;1202", "0.01")),
        ("a;b, c and d, e;f\n1;2;3\n", "semicolon", ("1", "2", "3")),
        ("44;UK, mobile;0,02\n33;France;0,03\n", "semicolon", ("44", "UK, mobile", "0,02")),
        ("44;0,02\n33;0,03\n", "semicolon", ("44", "0,02")),
        ("sep=;\n44;0,02\n", "semicolon", ("44", "0,02")),
        ('"sep=|"\n44|0,02\n', "pipe", ("44", "0,02")),
        ("number\n+441282777730\n", "", ("+441282777730",)),
    ],
)
def test_the_separator_is_what_explains_the_rows(
    text: str, separator: str, cells: tuple[str, ...]
) -> None:
    table = read_table(text.encode())
    assert table.detected.separator == separator
    assert table.rows[0].cells == cells


def test_a_separator_line_counts_as_a_line() -> None:
    assert rows_of(read_table(b"sep=;\nprefix;rate\n93;0,1\n")) == [(3, ("93", "0,1"))]


def test_a_header_with_a_separator_of_its_own_is_read() -> None:
    assert read_table(b'Prefix,Name,Rate\n3931;"Mobile";0,04\n').header == (
        "Prefix",
        "Name",
        "Rate",
    )


def test_a_separator_that_cannot_be_told_must_be_stated() -> None:
    text = b"1201;1202,0.01\n"
    assert "state the separator" in refusal_of(text)
    assert read_table(text, Stated(separator="comma")).rows[0].cells == ("1201;1202", "0.01")


# --- encodings ----------------------------------------------------------------------------


def test_an_encoding_that_cannot_be_told_is_suggested_and_never_assumed() -> None:
    content = "prefix,name\n225,Côte d’Ivoire\n".encode("cp1252")
    with pytest.raises(EncodingUnknownError) as refused:
        read_table(content)
    assert refused.value.suggestion == "windows-1252"
    assert "line 2 reads “225,Côte d’Ivoire”" in refused.value.detail
    assert read_table(content, Stated(encoding="windows-1252")).rows[0].cells[1] == "Côte d’Ivoire"


def test_an_encoding_that_was_stated_wrongly_is_refused() -> None:
    assert "isn't valid utf-8" in refusal_of(b"name\n\xe9\n", Stated(encoding="utf-8"))


def test_text_cut_in_the_middle_of_a_character_is_refused() -> None:
    assert "UTF-16" in refusal_of("prefix,rate\n93,0.1".encode("utf-16") + b"\x00")


# --- cells --------------------------------------------------------------------------------


def test_the_formula_guard_of_an_export_is_taken_off() -> None:
    table = read_table(b"number,name\n'+441282777730,'=1+1\n'44,'tis\n")
    assert [row.cells for row in table.rows] == [("+441282777730", "=1+1"), ("'44", "'tis")]


def test_a_cell_has_no_outer_space_behind_its_guard_either() -> None:
    table = read_table(b"prefix,name\n91,'\t1\n92,\xef\xbb\xbf 2\n")
    assert [row.cells[1] for row in table.rows] == ["1", "2"]


def test_quotes_that_do_not_match_are_refused_with_their_line() -> None:
    assert refusal_of(b'prefix,name\n93,a\n94,"India\n95,b\n').startswith("In line 3 a quotation")
    assert refusal_of(b'prefix,name\n93,"In"dia\n').startswith("In line 2 text follows a closing")


# --- what is no table ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old kind (.xls)"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "password",
        ),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"Rar!\x1a", "RAR"),
        (b"<html><table><tr><td>93", "web page"),
        (b'<?xml version="1.0"?><Workbook/>', "XML"),
        (b'[{"prefix": "93"}]', "JSON"),
        (b"a,b\n\0\0,1\n", "binary"),
        (archive({"rates.csv": "93,0.1"}), "ZIP archive"),
        (archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), ".ods"),
        (archive({"[Content_Types].xml": "", "xl/workbook.bin": b"x"}), ".xlsb"),
        (archive({"[Content_Types].xml": "", "word/document.xml": "x"}), "not a spreadsheet"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_to_do(content: bytes, says: str) -> None:
    assert says in refusal_of(content)


# --- limits -------------------------------------------------------------------------------


def test_what_unpacks_beyond_the_limit_is_never_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert "unpacks to more" in refusal_of(bomb, limits=Limits(unpacked_bytes_max=1_000_000))
    many = gzip.compress(b"0" * 600_000) * 2
    assert "unpacks to more" in refusal_of(many, limits=Limits(unpacked_bytes_max=1_000_000))
    assert "compressed twice" in refusal_of(gzip.compress(gzip.compress(b"a,b\n1,2\n")))
    assert "damaged" in refusal_of(gzip.compress(b"a,b\n1,2\n")[:-4])
    assert "damaged" in refusal_of(b"\x1f\x8b\x08broken")
    assert zlib.crc32(bomb)


@pytest.mark.parametrize(
    ("content", "limits", "says"),
    [
        (b"a,b\n" * 10, Limits(bytes_max=20), "more than 20 bytes"),
        (b"a,b\n" * 10, Limits(rows_max=9), "more than 9 rows"),
        (b"a,b\n" + b"1," * 9 + b"1\n", Limits(columns_max=5), "Line 2 has 10 columns"),
        (b"a,b\n1,xxxxxx\n", Limits(cell_characters_max=5), "Line 2 has a cell of more than 5"),
        (b"a,b\n1,x\n1,x\n1,x\n", Limits(text_characters_max=5), "too much text"),
        (b'a,b\n1,"' + b"x" * 200_000 + b'"\n', Limits(), "line 2"),
    ],
)
def test_a_table_beyond_a_limit_is_refused(content: bytes, limits: Limits, says: str) -> None:
    assert says in refusal_of(content, limits=limits)
