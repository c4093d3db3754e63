"""Reading rates from CSV text: every row becomes a rate, or a sentence that says why not."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

import polars as pl

from contracts.billing import (
    IMPORT_ROWS_MAX,
    ColumnMeaning,
    RefusedRow,
)
from contracts.tables import decimal_comma_of
from services.billing.rating.model.cells import Cell, Form
from services.billing.rating.model.layouts import Column, Header, Layout, header_of
from services.billing.rating.model.mapped import header_of_columns
from services.billing.rating.model.refused_rows import (
    LINES_MAX,
    Refusals,
    cells_of,
    lines_of,
    table_of_lines,
    until_quotes_fail,
)
from services.billing.rating.model.rows import DEFAULTS, KEY, ROWS, split_rate, with_countries


class ReadRates(NamedTuple):
    """What a file holds: its good rows, in the columns of `rows.ROWS`, and the refused ones."""

    rows: pl.DataFrame
    refused: tuple[RefusedRow, ...]
    """The first of them."""

    refused_count: int
    absent: tuple[str, ...] = ()
    """Our columns that the file doesn't have. `rows` has their defaults."""


class Stated(NamedTuple):
    """What was stated about a file: the meanings of its columns, which then has no header."""

    columns: tuple[ColumnMeaning, ...] = ()
    decimal_comma: bool = False
    """Whether a comma in 1,234 means decimals where nothing else in the column tells."""


def read_rates(
    text: str,
    time_zone: str,
    currency: str,
    stated: Stated = Stated(),  # noqa: B008 - it is frozen
) -> ReadRates:
    """Read CSV text with a header, delimited by commas or semicolons, quoted or not.

    Days without a time begin at midnight in `time_zone`; with semicolons a comma may stand for
    the decimal point, as spreadsheets of many countries write it. A country that is not given is
    that of the prefix. A header may name the currency, which must be that of the sheet.

    Where the meanings of the columns are stated, the text has commas and no header, and a cell
    may name several prefixes.
    """
    refusals = Refusals()
    rows, absent = _read(text, _ReadOrder(ZoneInfo(time_zone), currency, stated), refusals)
    return ReadRates(rows, *refusals.first(), absent)


class _ReadOrder(NamedTuple):
    """How a file is to be read."""

    zone: ZoneInfo
    currency: str
    stated: Stated

    def form(self, delimiter: str) -> Form:
        """Return how the file writes its values."""
        comma = True if self.stated.decimal_comma else None
        return Form(delimiter, self.zone, self.currency, comma)


def _read(text: str, order: _ReadOrder, refusals: Refusals) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the good rows, and our columns that the file doesn't have."""
    nothing = pl.DataFrame(schema=ROWS), ()
    if text.count("\n") > LINES_MAX:
        refusals.add(LINES_MAX, "", "", f"The file has more than {LINES_MAX:,} lines; split it.")
        return nothing
    lines = lines_of(text)
    line, header_text = lines.row(0) if lines.height else (1, "")
    columns = order.stated.columns
    semicolons = not columns and header_text.count(";") > header_text.count(",")
    delimiter = ";" if semicolons else ","
    lines = until_quotes_fail(lines, delimiter, refusals)
    if len(refusals.lines) and not lines.height:
        return nothing
    header = (
        header_of_columns(columns, order.currency)
        if columns
        else header_of(cells_of(header_text, delimiter), order.currency)
    )
    for column, detail in header.faults:
        refusals.add(line, column, column if column in header.names else "", detail)
    if header.faults:
        return nothing
    body = lines if columns else lines.slice(1)
    table = table_of_lines(body, len(header.names), delimiter, refusals)
    if not table.height and not len(refusals.lines):
        detail = "The file has a header but no rates; add a row for each prefix."
        refusals.add(line, "", "", detail)
    rows = _rates(table, header, order.form(delimiter), refusals)
    return rows, header.absent


# --- rates ----------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """A column of the file."""

    name: str
    order: int
    cell: Cell


def _rates(table: pl.DataFrame, header: Header, form: Form, refusals: Refusals) -> pl.DataFrame:
    """Return the rates of the good rows, and note all that is wrong with the others."""
    layout = header.layout
    found: dict[str, pl.Series] = {}
    for order, name in enumerate(header.names):
        column = layout.columns.get(name)
        if column is None:
            continue
        texts = table.select("line", text=str(order))
        own = _form_of(texts["text"], column, form)
        values = _values(texts, _Place(name, order, column.cell), own, refusals)
        found |= dict.fromkeys(column.becomes, values)
        for ours, cell in column.also:
            found[ours] = _values(texts, _Place(name, order, cell), own, Refusals())
        if name in layout.required:
            missing = texts.filter(pl.col("text") == "")
            detail = pl.lit(f"Every row needs a {name}.")
            refusals.add_all(missing, name, pl.lit(""), detail, order)
    absent = (pl.lit(None, kind).alias(name) for name, kind in ROWS.items() if name not in found)
    rows = pl.DataFrame({"line": table["line"], **found}).with_columns(*absent)
    rows = rows.with_columns(*split_rate(pl.col("rate")))
    wrong = refusals.lines.unique().implode()
    rows = _one_prefix_each(rows.filter(~pl.col("line").is_in(wrong)), layout, refusals)
    rows = _once(rows, layout, refusals)
    defaults = (pl.col(name).fill_null(value) for name, value in DEFAULTS.items())
    return with_countries(rows.with_columns(*defaults).select(*ROWS))


def _form_of(texts: pl.Series, column: Column, form: Form) -> Form:
    """Return how a column writes its values: one of money tells by itself what a comma means."""
    if column.becomes[:1] not in (("rate",), ("connect_fee",)):
        return form
    if texts.str.contains(",", literal=True).any():
        comma = decimal_comma_of(texts.unique(), otherwise=form.decimal_comma)
    else:  # the first amount that leaves no doubt says it for all
        is_certain = any(decimal_comma_of((text,)) is False for text in texts)
        comma = False if is_certain else form.decimal_comma
    return form._replace(decimal_comma=comma)


def _one_prefix_each(rows: pl.DataFrame, layout: Layout, refusals: Refusals) -> pl.DataFrame:
    """Return a row for each prefix of rows that have several."""
    if rows.schema["prefix"] == pl.String:
        return rows
    lengths = rows["prefix"].list.len().cum_sum()
    beyond = rows.filter(lengths > IMPORT_ROWS_MAX)
    if beyond.height:
        detail = f"Up to this row the file has more than {IMPORT_ROWS_MAX:,} rates; split it."
        refusals.add(beyond["line"][0], layout.prefix, "", detail)
        return rows.filter(lengths <= IMPORT_ROWS_MAX).explode("prefix")
    return rows.explode("prefix")


def _values(texts: pl.DataFrame, place: _Place, form: Form, refusals: Refusals) -> pl.Series:
    """Return what the texts of a column mean; null for empty and for wrong ones.

    Texts in the usual form are read all at once, of the others each one once.
    """
    text, cell = pl.col("text"), place.cell
    plain = cell.plain(text) if cell.plain else pl.lit(None, cell.kind)
    read = texts.with_columns(value=plain)
    unusual = read.filter(pl.col("value").is_null() & (text != ""))["text"].unique()
    meanings = [*_meanings(unusual, cell, form)]
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


def _meanings(texts: Iterable[str], cell: Cell, form: Form) -> Iterator[tuple[object, str | None]]:
    """Yield what each text means, or why it means nothing; of lists only so many items in all."""
    items = 0
    for text in texts:
        meaning, detail = _meaning(text, cell, form)
        items += len(cast("list[object]", meaning)) if isinstance(meaning, list) else 0
        if items > IMPORT_ROWS_MAX:
            yield None, f"The file has more than {IMPORT_ROWS_MAX:,} rates; split it."
        else:
            yield meaning, detail


def _meaning(text: str, cell: Cell, form: Form) -> tuple[object, str | None]:
    try:
        return cell.read(text, form), None
    except ValueError as error:
        return None, str(error)


def _once(rows: pl.DataFrame, layout: Layout, refusals: Refusals) -> pl.DataFrame:
    """Return the first row of each prefix and beginning; the others are refused."""
    rows = rows.with_columns(first=pl.col("line").first().over(KEY))
    again = rows.filter(pl.col("line") != pl.col("first"))
    detail = pl.format("Line {} has the same prefix and effective_from.", "first")
    refusals.add_all(again, layout.prefix, pl.col("prefix"), detail, 0)
    return rows.filter(pl.col("line") == pl.col("first"))
