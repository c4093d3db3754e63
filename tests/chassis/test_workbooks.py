"""Tables in Excel workbooks: exact texts, one sheet, and nothing that a small file can blow up."""

import io
import zipfile

import pytest

from services.chassis.tables import Limits, Stated, UnreadableTableError, read_table
from tests.workbooks import archive, rows_of_texts, workbook


def refusal_of(content: bytes, limits: Limits | None = None) -> str:
    """Return the sentence with which a workbook is refused."""
    with pytest.raises(UnreadableTableError) as refused:
        read_table(content, limits=limits or Limits())
    return refused.value.detail


def cell_of(stored: str, *, formats: tuple[str, ...] = (), is_1904: bool = False) -> str:
    """Return the text of a cell beside one that is always filled."""
    row = f'<row r="1"><c r="A1"><v>1</v></c>{stored}</row>'
    table = read_table(workbook({"S": row}, formats=formats, is_1904=is_1904))
    return table.rows[0].cells[1]


def test_a_workbook_reads_like_the_same_table_as_text() -> None:
    rows = '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c></row>'
    rows += '<row r="5"><c r="A5"><v>93</v></c><c r="C5"><v>7</v></c></row>'
    table = read_table(workbook({"A-Z": rows}, texts=["prefix", "rate"]))
    assert table.header == ("prefix", "rate", "")
    assert [(row.line, row.cells) for row in table.rows] == [(5, ("93", "", "7"))]
    assert (table.detected.container, table.detected.sheet) == ("xlsx", "A-Z")
    assert table.detected.header_line == 2


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("441282777711", "441282777711"),
        ("4.41282777711E11", "441282777711"),
        ("1.234567890123456E18", "1.23456789012346E+18"),
        ("0.30098303999999998", "0.30098304"),
        ("0.30000000000000004", "0.3"),
        ("1.2300000000000001E-5", "0.0000123"),
        ("-5", "-5"),
        ("5.0", "5"),
        ("0", "0"),
        ("100", "100"),
    ],
)
def test_a_number_is_the_exact_text_that_the_spreadsheet_shows(stored: str, text: str) -> None:
    assert cell_of(f'<c r="B1"><v>{stored}</v></c>') == text


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ('<c r="B1" s="1"><v>46357</v></c>', "2026-12-01"),
        ('<c r="B1" s="1"><v>46357.5</v></c>', "2026-12-01T12:00:00"),
        ('<c r="B1" s="1"><v>0.25</v></c>', "06:00:00"),
        ('<c r="B1" s="1"><v>1</v></c>', "1900-01-01"),
        ('<c r="B1" s="2"><v>46357</v></c>', "2026-12-01"),
        ('<c r="B1" s="3"><v>46357</v></c>', "46357"),
        ('<c r="B1" s="4"><v>46357</v></c>', "46357"),
        ('<c r="B1" s="1"><v>-1</v></c>', "-1"),
        ('<c r="B1" t="d"><v>2026-12-01</v></c>', "2026-12-01"),
        ('<c r="B1" t="b"><v>1</v></c>', "yes"),
        ('<c r="B1" t="b"><v>0</v></c>', "no"),
        ('<c r="B1" t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c r="B1" t="str"><f>A1&amp;"x"</f><v>1x</v></c>', "1x"),
        ('<c r="B1" t="inlineStr"><is><r><t>In</t></r><r><t>dia</t></r></is></c>', "India"),
        (
            '<c r="B1" t="inlineStr"><is><t>東京</t><rPh><t>トウキョウ</t></rPh></is></c>',
            "東京",
        ),
    ],
)
def test_other_cells_are_what_they_mean(stored: str, text: str) -> None:
    formats = ("dd/mm/yyyy", '#,##0.00 "dollars"', "0.00E+00")
    assert cell_of(stored, formats=formats) == text


def test_days_may_be_counted_from_1904() -> None:
    assert cell_of('<c r="B1" s="1"><v>44895</v></c>', is_1904=True) == "2026-12-01"


def test_the_only_sheet_with_content_is_read() -> None:
    filled = rows_of_texts([["prefix", "rate"], ["93", "0.1"]])
    content = workbook({"Cover": "", "Rates": filled, "Old": filled}, hidden=["Old"])
    assert read_table(content).detected.sheet == "Rates"


def test_one_of_several_sheets_must_be_named() -> None:
    content = workbook({"Europe": rows_of_texts([["a"]]), "Asia": rows_of_texts([["b"]])})
    assert "several sheets with content: “Europe”, “Asia”" in refusal_of(content)
    assert read_table(content, Stated(sheet="Asia")).detected.sheet == "Asia"
    with pytest.raises(UnreadableTableError, match="no sheet “Africa”"):
        read_table(content, Stated(sheet="Africa"))


def test_a_workbook_without_content_is_refused() -> None:
    assert "empty" in refusal_of(workbook({"A": "", "B": ""}))


# --- hostile workbooks --------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>',
        '<row r="1"><c r="1"><v>1</v></c></row>',
        '<row r="99999999999"><c r="A1"><v>1</v></c></row>',
        f'<row r="{"9" * 5_000}"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
        f'<row r="1"><c r="A1" t="s"><v>{"9" * 5_000}</v></c></row>',
        '<row r="1"><c r="A1"><v>abc</v></c></row>',
        '<row r="1"><c r="A1"><v>1e999</v></c></row>',
        '<row r="1"><c r="A1"><v>nan</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></row>',
    ],
)
def test_a_cell_that_cannot_be_is_refused(rows: str) -> None:
    assert refusal_of(workbook({"S": rows}))


def test_what_unpacks_beyond_the_limit_is_refused_by_what_the_archive_says() -> None:
    bomb = workbook({"S": f"<row><c><v>{'0' * 5_000_000}</v></c></row>"})
    assert "unpacks to more" in refusal_of(bomb, Limits(unpacked_bytes_max=1_000_000))


def test_what_an_archive_says_wrongly_is_refused_as_it_is_read() -> None:
    bomb = workbook({"S": f"<row><c><v>{'0' * 5_000_000}</v></c></row>"})
    with zipfile.ZipFile(io.BytesIO(bomb)) as read:
        sizes = [info.file_size for info in read.infolist()]
    small = bomb
    for size in sizes:
        if size > 1_000_000:
            small = small.replace(size.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    assert refusal_of(small, Limits(unpacked_bytes_max=1_000_000))


def test_one_long_text_in_many_cells_is_bounded() -> None:
    rows = "".join('<row><c t="s"><v>0</v></c></row>' for _ in range(1_000))
    content = workbook({"S": rows}, texts=["x" * 50_000])
    assert "too much text" in refusal_of(content)


def test_entities_are_not_expanded() -> None:
    content = archive(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": '<!DOCTYPE a [<!ENTITY b "c">]><workbook/>',
        }
    )
    assert "damaged" in refusal_of(content)


def test_a_workbook_that_is_cut_off_is_refused() -> None:
    content = workbook({"S": rows_of_texts([["a", "b"], ["1", "2"]])})
    assert "damaged" in refusal_of(content[:-30])
    assert "damaged" in refusal_of(b"PK\x03\x04")


def test_a_directory_that_points_before_the_file_is_refused() -> None:
    whole = workbook({"S": rows_of_texts([["prefix", "rate"], ["93", "0.1"]])})
    offset = whole.rindex(b"PK\x05\x06") + 16  # of the directory
    damaged = whole[:offset] + (0xFFFFFF).to_bytes(4, "little") + whole[offset + 4 :]
    with pytest.raises(UnreadableTableError, match="damaged or incomplete"):
        read_table(damaged)
