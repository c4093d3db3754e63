"""Rows of a text with one row per line: checked all at once, split only when they are read.

A file of 100,000 rates goes on as the text that it is. Making a row of cells of each line and
text of the rows again took longer than all the rest of reading it.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import compress, repeat
from typing import Final, overload

from services.chassis.tables.values import Grid, Limits, Row, is_guarded

_ROWS_AT_ONCE: Final = 1_000
_CONTROL: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
_ANY_OTHER: Final = bytes(code for code in range(256) if code not in _CONTROL)
_SPACES: Final = "".join(filter(str.isspace, map(chr, range(0x3001))))


class LineRows(Sequence[Row]):
    """Rows that are lines of a text, of which none is empty."""

    def __init__(
        self,
        lines: Sequence[str],
        numbers: Sequence[int],
        separator: str,
        limits: Limits,
        *,
        is_plain: bool,
    ) -> None:
        self._lines = lines
        self._numbers = numbers
        self._separator = separator
        self._limits = limits
        self._is_plain = is_plain

    def as_csv(self) -> str | None:
        """Return the rows as CSV text with commas, each on the line that it has in its file.

        None where lines are left out between them. A file with commas goes on as it is, unless a
        cell has a quotation mark in it: not every reader takes those alike.
        """
        if not self._lines:
            return ""
        first, last = self._numbers[0], self._numbers[-1]
        if last - first != len(self._lines) - 1:
            return None
        above = "\n" * (first - 1)
        text = "\n".join(self._lines) + "\n"
        if self._is_plain and self._separator == ",":
            return above + text
        if self._is_plain and "," not in text and '"' not in text:
            return above + text.replace(self._separator, ",")
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows(self._cells(self._lines))
        return above + written.getvalue()

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._lines)

    @overload
    def __getitem__(self, position: int) -> Row: ...
    @overload
    def __getitem__(self, position: slice) -> "LineRows": ...
    def __getitem__(self, position: int | slice) -> "Row | LineRows":
        """Return a row, or some of them."""
        if isinstance(position, slice):
            return LineRows(
                self._lines[position],
                self._numbers[position],
                self._separator,
                self._limits,
                is_plain=self._is_plain,
            )
        return self._rows([self._lines[position]], [self._numbers[position]])[0]

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows."""
        for first in range(0, len(self._lines), _ROWS_AT_ONCE):
            some = slice(first, first + _ROWS_AT_ONCE)
            yield from self._rows(self._lines[some], self._numbers[some])

    def __eq__(self, other: object) -> bool:
        """Tell whether other rows are the same."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)  # pyright: ignore[reportUnknownArgumentType] - whatever it has

    def __hash__(self) -> int:
        """Return the hash of the rows as a tuple."""
        return hash(tuple(self))

    def _rows(self, lines: Sequence[str], numbers: Sequence[int]) -> list[Row]:
        grid = Grid(self._limits)
        grid.add_all(zip(numbers, self._cells(lines), strict=True), 0)
        return grid.rows

    def _cells(self, lines: Sequence[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._separator, strict=True)


def rows_by_line(text: str, separator: str, offset: int, limits: Limits) -> LineRows | None:
    """Return the rows of a text whose lines are its rows, each with its number and the offset.

    None where something needs a closer look: values of several lines, wrong quotation marks,
    guards of formulas, control characters, anything near a limit.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    lines = plain.rstrip("\n").split("\n")
    if _needs_care(plain) or not _within(limits, lines, separator):
        return None
    cells = _together(lines, separator) if '"' in plain else lines
    if cells is None:
        return None
    is_plain = cells is lines or '"' not in "".join(cells)
    numbers: Sequence[int] = range(1 + offset, len(lines) + 1 + offset)
    around = f"{separator}{_SPACES}" if cells is lines else _SPACES
    filled = [*map(str.strip, cells, repeat(around))]
    if not all(filled):
        lines, numbers = [*compress(lines, filled)], [*compress(numbers, filled)]
    return LineRows(lines, numbers, separator, limits, is_plain=is_plain)


def _within(limits: Limits, lines: Sequence[str], separator: str) -> bool:
    """Tell whether no row, nor all of them, can exceed a limit."""
    longest = max(map(len, lines))
    return (
        len(lines) <= limits.rows_max
        and longest <= limits.cell_characters_max
        and sum(map(len, lines)) <= limits.text_characters_max
        and max(map(str.count, lines, repeat(separator))) < limits.columns_max
    )


def _together(lines: Sequence[str], separator: str) -> list[str] | None:
    """Return the cells of each line in one text; None if some line isn't a row."""
    try:
        found = [*map("".join, csv.reader(lines, delimiter=separator, strict=True))]
    except csv.Error:
        return None
    return found if len(found) == len(lines) else None


def _needs_care(text: str) -> bool:
    """Tell whether cells may have guards, byte order marks or control characters."""
    if "\ufeff" in text or ("'" in text and is_guarded(text)):
        return True
    return bool(text.encode(errors="surrogatepass").translate(None, _ANY_OTHER))
