"""The rows of CSV text as a table of texts, and what is wrong with them."""

from typing import Final

import polars as pl

from contracts.billing import IMPORT_ROWS_MAX, REFUSED_ROWS_KEPT_MAX, RefusedRow

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


class Refusals:
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


# --- lines and cells ------------------------------------------------------------------------------


def lines_of(text: str) -> pl.DataFrame:
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


def until_quotes_fail(lines: pl.DataFrame, delimiter: str, refusals: Refusals) -> pl.DataFrame:
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


def cells_of(text: str, delimiter: str) -> tuple[str, ...]:
    """Return the cells of one row."""
    if not text:
        return ()
    row = pl.read_csv(text.encode(), has_header=False, separator=delimiter, infer_schema=False)
    return row.fill_null("").row(0)


def table_of_lines(
    lines: pl.DataFrame, columns: int, delimiter: str, refusals: Refusals
) -> pl.DataFrame:
    """Return the cells of rows as texts in the columns `0`, `1`, …, without space around them."""
    names = [str(number) for number in range(columns + SURPLUS_COLUMNS)]
    revision = "\n".join((delimiter.join(names), lines["text"].str.join("\n").item()))
    cells = pl.read_csv(
        revision.encode(),
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
