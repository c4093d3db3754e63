"""Reading rates from CSV text: every row becomes a rate, or a sentence that says why not."""

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from contracts.billing import IMPORT_ROWS_MAX, REFUSED_ROWS_KEPT_MAX, RefusedRow
from services.billing.model.cells import Cell, Form
from services.billing.model.layouts import Header, Layout, header_of
from services.billing.model.rows import DEFAULTS, KEY, ROWS, with_countries

VALUE_CHARACTERS_MAX: Final = 100
LINES_MAX: Final = 2 * IMPORT_ROWS_MAX
"""Blank ones included, and those of values of several lines."""

SURPLUS_COLUMNS: Final = 8
"""Beyond those of the header: what stands there is told, what stands beyond it is left out."""

_REFUSED: Final = {
    "line": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "detail": pl.String,
    "order": pl.Int64,
}


class ReadRates(NamedTuple):
    """What a file holds: its good rows, in the columns of `rows.ROWS`, and the refused ones."""

    rows: pl.DataFrame
    refused: tuple[RefusedRow, ...]
    """The first of them."""

    refused_count: int
    absent: tuple[str, ...] = ()
    """Our columns that the file doesn't have. `rows` has their defaults."""


class _Refusals:
    """Gathers what is wrong, in whatever order it is found."""

    def __init__(self) -> None:
        self._found: list[pl.DataFrame] = []

    def add(self, line: int, column: str, value: str, detail: str) -> None:
        """Note one fault."""
        fault = {"line": line, "column": column, "value": value, "detail": detail, "order": 0}
        self._found.append(pl.DataFrame([fault], schema=_REFUSED))

    def add_all(
        self, rows: pl.DataFrame, column: str, value: pl.Expr, detail: pl.Expr, order: int
    ) -> None:
        """Note a fault of each of these rows, which have a `line`; `order` is its place there."""
        faults = rows.select(
            "line",
            column=pl.lit(column),
            value=value,
            detail=detail,
            order=pl.lit(order, dtype=pl.Int64),
        )
        self._found.append(faults)

    @property
    def lines(self) -> pl.Series:
        """The lines that something is wrong with."""
        return self._all["line"]

    @property
    def _all(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=_REFUSED), *self._found])

    def first(self) -> tuple[tuple[RefusedRow, ...], int]:
        """Return the first of them in order of the file, and how many there are."""
        found = self._all.sort("line", "order", maintain_order=True)
        shown = found.head(REFUSED_ROWS_KEPT_MAX).with_columns(
            pl.col("column", "value").str.head(VALUE_CHARACTERS_MAX)
        )
        rows = shown.drop("order").iter_rows(named=True)
        return tuple(RefusedRow.model_validate(row) for row in rows), found.height


def read_rates(text: str, time_zone: str, currency: str) -> ReadRates:
    """Read CSV text with a header, delimited by commas or semicolons, quoted or not.

    Days without a time begin at midnight in `time_zone`; with semicolons a comma may stand for
    the decimal point, as spreadsheets of many countries write it. A country that is not given is
    that of the prefix. A header may name the currency, which must be that of the sheet.
    """
    refusals = _Refusals()
    rows, absent = _read(text, time_zone, currency, refusals)
    return ReadRates(rows, *refusals.first(), absent)


def _read(
    text: str, time_zone: str, currency: str, refusals: _Refusals
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the good rows, and our columns that the file doesn't have."""
    nothing = pl.DataFrame(schema=ROWS), ()
    if text.count("\n") > LINES_MAX:
        refusals.add(LINES_MAX, "", "", f"The file has more than {LINES_MAX:,} lines; split it.")
        return nothing
    lines = _lines(text)
    line, header_text = lines.row(0) if lines.height else (1, "")
    delimiter = ";" if header_text.count(";") > header_text.count(",") else ","
    lines = _until_quotes_fail(lines, delimiter, refusals)
    if len(refusals.lines) and not lines.height:
        return nothing
    header = header_of(_cells(header_text, delimiter), currency)
    for column, detail in header.faults:
        refusals.add(line, column, column if column in header.names else "", detail)
    if header.faults:
        return nothing
    table = _table(lines.slice(1), len(header.names), delimiter, refusals)
    if not table.height and not len(refusals.lines):
        detail = "The file has a header but no rates; add a row for each prefix."
        refusals.add(line, "", "", detail)
    rows = _rates(table, header, Form(delimiter, ZoneInfo(time_zone)), refusals)
    return rows, header.absent


# --- lines and cells ------------------------------------------------------------------------------


def _lines(text: str) -> pl.DataFrame:
    """Return the rows of a file that are not blank, each as text with the line it begins on.

    A row goes on with the next line as long as its quotes are odd.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = pl.DataFrame({"text": text.split("\n")}, schema={"text": pl.String})
    lines = lines.with_row_index("line", offset=1).cast({"line": pl.Int64})
    quotes = lines["text"].str.count_matches('"', literal=True).cum_sum()
    begins = quotes.shift(1, fill_value=0) % 2 == 0
    if not begins.all():
        lines = lines.group_by(begins.cum_sum().alias("row"), maintain_order=True).agg(
            pl.col("line").first(), pl.col("text").str.join("\n")
        )
    return lines.select("line", "text").filter(pl.col("text").str.strip_chars() != "")


def _until_quotes_fail(lines: pl.DataFrame, delimiter: str, refusals: _Refusals) -> pl.DataFrame:
    """Return the rows before the first whose quotes are not those of RFC 4180."""
    quoted = lines.filter(pl.col("text").str.contains('"', literal=True))
    value = rf'(?:"(?:[^"]|"")*"|[^"{delimiter}]*)'
    wrong = quoted.filter(~pl.col("text").str.contains(rf"^{value}(?:{delimiter}{value})*$"))
    if not wrong.height:
        return lines
    line = wrong.row(0, named=True)["line"]
    detail = (
        "From here on the quotes do not match, so the rows cannot be told apart. A quote inside "
        "a value is doubled, and the value stands in quotes."
    )
    refusals.add(line, "", "", detail)
    return lines.filter(pl.col("line") < line)


def _cells(text: str, delimiter: str) -> tuple[str, ...]:
    """Return the cells of one row."""
    if not text:
        return ()
    row = pl.read_csv(text.encode(), has_header=False, separator=delimiter, infer_schema=False)
    return row.fill_null("").row(0)


def _table(lines: pl.DataFrame, columns: int, delimiter: str, refusals: _Refusals) -> pl.DataFrame:
    """Return the cells of rows as texts in the columns `0`, `1`, …, without space around them."""
    names = [str(number) for number in range(columns + SURPLUS_COLUMNS)]
    content = "\n".join([delimiter.join(names), *lines["text"]])
    cells = pl.read_csv(
        content.encode(),
        separator=delimiter,
        infer_schema=False,
        truncate_ragged_lines=True,
    )
    assert cells.height == lines.height, "the rows were told apart in two ways"
    surplus = pl.any_horizontal(pl.col(names[columns:]).str.strip_chars() != "")
    table = cells.select(
        pl.col(names[:columns]).fill_null("").str.strip_chars(),
        lines["line"],
        surplus=surplus.fill_null(value=False),
    )
    table = table.filter(pl.any_horizontal(pl.col(names[:columns]) != "", "surplus"))
    if table.height > IMPORT_ROWS_MAX:
        line = table.row(IMPORT_ROWS_MAX, named=True)["line"]
        detail = f"The file has more than {IMPORT_ROWS_MAX:,} rows; split it into several."
        refusals.add(line, "", "", detail)
        table = table.head(IMPORT_ROWS_MAX)
    detail = pl.lit("The row has more values than the header has columns.")
    refusals.add_all(table.filter("surplus"), "", pl.lit(""), detail, columns)
    return table.select("line", *names[:columns])


# --- rates ----------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """A column of the file."""

    name: str
    order: int
    cell: Cell


def _rates(table: pl.DataFrame, header: Header, form: Form, refusals: _Refusals) -> pl.DataFrame:
    """Return the rates of the good rows, and note all that is wrong with the others."""
    layout = header.layout
    found: dict[str, pl.Series] = {}
    for order, name in enumerate(header.names):
        column = layout.columns.get(name)
        if column is None:
            continue
        texts = table.select("line", text=str(order))
        values = _values(texts, _Place(name, order, column.cell), form, refusals)
        found |= dict.fromkeys(column.becomes, values)
        if name in layout.required:
            missing = texts.filter(pl.col("text") == "")
            detail = pl.lit(f"Every row needs a {name}.")
            refusals.add_all(missing, name, pl.lit(""), detail, order)
    absent = (pl.lit(None, kind).alias(name) for name, kind in ROWS.items() if name not in found)
    rows = pl.DataFrame({"line": table["line"], **found}).with_columns(*absent)
    wrong = refusals.lines.unique().implode()
    rows = _once(rows.filter(~pl.col("line").is_in(wrong)), layout, refusals)
    defaults = (pl.col(name).fill_null(value) for name, value in DEFAULTS.items())
    return with_countries(rows.with_columns(*defaults).select(*ROWS))


def _values(texts: pl.DataFrame, place: _Place, form: Form, refusals: _Refusals) -> pl.Series:
    """Return what the texts of a column mean; null for empty and for wrong ones.

    Texts in the usual form are read all at once, of the others each one once.
    """
    text, cell = pl.col("text"), place.cell
    plain = cell.plain(text) if cell.plain else pl.lit(None, cell.kind)
    read = texts.with_columns(value=plain)
    unusual = read.filter(pl.col("value").is_null() & (text != ""))["text"].unique()
    meanings = [_meaning(one, cell, form) for one in unusual]
    meant = pl.DataFrame(
        {
            "text": unusual,
            "meant": pl.Series([value for value, _ in meanings], dtype=cell.kind),
            "detail": pl.Series([detail for _, detail in meanings], dtype=pl.String),
        }
    )
    read = read.join(meant, on="text", how="left", maintain_order="left")
    wrong = read.filter(pl.col("detail").is_not_null())
    refusals.add_all(wrong, place.name, text, pl.col("detail"), place.order)
    return read.select(pl.coalesce("value", "meant")).to_series()


def _meaning(text: str, cell: Cell, form: Form) -> tuple[object, str | None]:
    try:
        return cell.read(text, form), None
    except ValueError as error:
        return None, str(error)


def _once(rows: pl.DataFrame, layout: Layout, refusals: _Refusals) -> pl.DataFrame:
    """Return the first row of each prefix and beginning; the others are refused."""
    rows = rows.with_columns(first=pl.col("line").first().over(KEY))
    again = rows.filter(pl.col("line") != pl.col("first"))
    detail = pl.format("Line {} has the same prefix and effective_from.", "first")
    refusals.add_all(again, layout.prefix, pl.col("prefix"), detail, 0)
    return rows.filter(pl.col("line") == pl.col("first"))
