"""One worksheet, read element by element."""

from collections.abc import Mapping
from typing import Final

from services.chassis.tables.cells import Reading
from services.chassis.tables.values import Grid, UnreadableTableError

_COLUMN_LETTERS_MAX: Final = 3
_ROWS_MAX: Final = 1_048_576
"""Of a sheet."""


class SheetReader:
    """Handlers of a sheet's XML, which add each row to a grid when it ends."""

    def __init__(self, grid: Grid, reading: Reading) -> None:
        self._grid = grid
        self._reading = reading
        self._line = 0
        self._cells: list[str] = []
        self._column = -1
        self._kind = self._style = ""
        self._texts: list[str] = []
        self._collects = False
        self._is_phonetic = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        local = name.rpartition(":")[2]
        if local == "c":
            reference = attributes.get("r", "")
            self._column = _column(reference) if reference else self._column + 1
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "")
            self._texts = []
        elif local in ("v", "t"):
            self._collects = not self._is_phonetic
        elif local == "row":
            self._line = _row_number(attributes.get("r", ""), self._line + 1)
            self._cells, self._column = [], -1
        elif local == "rPh":
            self._is_phonetic = True

    def text(self, text: str) -> None:
        """Take the text of a cell."""
        if self._collects:
            self._texts.append(text)

    def end(self, name: str) -> None:
        """End an element."""
        local = name.rpartition(":")[2]
        if local == "c":
            if self._texts:
                self._put("".join(self._texts))
        elif local in ("v", "t"):
            self._collects = False
        elif local == "row":
            self._grid.add(self._line, self._cells)
        elif local == "rPh":
            self._is_phonetic = False

    def _put(self, raw: str) -> None:
        text = self._reading.text(raw, self._kind, self._style)
        gap = self._column - len(self._cells)
        if self._column >= self._grid.limits.columns_max:
            raise UnreadableTableError(
                f"Row {self._line} has a value in column {self._column + 1:,}. "
                f"Keep the table within {self._grid.limits.columns_max:,} columns."
            )
        if gap >= 0:
            self._cells += [""] * gap
            self._cells.append(text)
        else:
            self._cells[self._column] = text


def _row_number(number: str, following: int) -> int:
    """Return the number of a row; without one it is that which follows."""
    line = int(number[:9]) if number.isdecimal() else following
    if not 1 <= line <= _ROWS_MAX:
        raise UnreadableTableError(
            f"The Excel file names a row {number[:20]}. Open it, save it again and upload it."
        )
    return line


def _column(reference: str) -> int:
    """Return the position of a column from a cell's reference, such as 27 from `AB7`."""
    letters = reference.rstrip("0123456789")
    if not letters.isascii() or not letters.isalpha() or len(letters) > _COLUMN_LETTERS_MAX:
        raise UnreadableTableError(
            f"The Excel file names a cell “{reference[:20]}”. Open it, save it again and upload it."
        )
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
