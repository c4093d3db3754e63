"""What reading a table takes and returns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

ENCODINGS: Final[Mapping[str, str]] = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1",
}
"""The encodings that a caller may state, and what Python calls them."""

SEPARATORS: Final[Mapping[str, str]] = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "pipe": "|",
}

SUGGESTED_ENCODING: Final = "windows-1252"

Container = Literal["text", "xlsx"]


class Row(NamedTuple):
    """A row that is not empty: the line that it begins on, and its cells without outer space."""

    line: int
    cells: tuple[str, ...]
    """Trailing empty cells are left out, so a row may be shorter or longer than the header."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a table may be. Memory follows from these, whatever is in the file."""

    bytes_max: int = 10_000_000
    """Of the file as it was sent."""

    unpacked_bytes_max: int = 150_000_000
    """Of all that is unpacked from it."""

    rows_max: int = 300_000
    columns_max: int = 256
    cell_characters_max: int = 100_000
    text_characters_max: int = 30_000_000
    """Of the text of all cells. A workbook may use one long text in many cells."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the caller says about the file; empty fields are found out."""

    encoding: str = ""
    """One of ENCODINGS."""

    separator: str = ""
    """One of SEPARATORS."""

    sheet: str = ""
    """The name of the workbook's sheet."""

    header: bool | None = None
    """Whether the first row of the table has the column names."""


@dataclass(frozen=True, slots=True)
class Detected:
    """How the file was written."""

    container: Container
    compressed: bool = False
    encoding: str = ""
    separator: str = ""
    """One of SEPARATORS; empty for a workbook and for a single column."""

    sheet: str = ""
    header_line: int | None = None
    titles: tuple[str, ...] = ()
    """Texts of the rows above the header, which are not part of the table."""


@dataclass(frozen=True, slots=True)
class Table:
    """A grid of texts. `header` is None when the table has no column names."""

    header: tuple[str, ...] | None
    rows: Sequence[Row]
    width: int
    """How many columns it has: those of the header, else those that most rows have."""

    detected: Detected


class UnreadableTableError(Exception):
    """The file cannot be read. `detail` says why and what to do."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class EncodingUnknownError(UnreadableTableError):
    """The text has no encoding that we can be sure of; the caller may confirm `suggestion`."""

    def __init__(self, detail: str, suggestion: str) -> None:
        super().__init__(detail)
        self.suggestion = suggestion


class TooLargeError(UnreadableTableError):
    """The file, or what is unpacked from it, exceeds a limit."""


CELLS_OF_ROW_MAX: Final = 100_000
"""Spreadsheets end rows with thousands of empty cells, which are dropped. No table has more."""


@dataclass(slots=True)
class Grid:
    """Rows as they are found, up to the limits."""

    limits: Limits
    rows: list[Row] = field(default_factory=list[Row])
    _characters: int = 0

    def add_all(self, rows: Iterable[tuple[int, list[str]]], offset: int) -> None:
        """Add rows as `add` does, their lines so many further on; those that are plain faster."""
        limits, found = self.limits, self.rows
        for line, cells in rows:
            if len(cells) > CELLS_OF_ROW_MAX:
                self._refuse_wide(line + offset, cells)
            tidy = tuple(map(str.strip, cells))
            together = "".join(tidy)
            length = len(together)
            if (
                not tidy
                or not tidy[-1]
                or "'" in together
                or "\n" in together
                or "\r" in together
                or "\ufeff" in together
                or len(tidy) > limits.columns_max
                or length > limits.cell_characters_max
                or len(found) >= limits.rows_max
                or self._characters + length > limits.text_characters_max
            ):
                self.add(line + offset, cells)
            else:
                self._characters += length
                found.append(Row(line + offset, tidy))

    def add(self, line: int, cells: list[str]) -> None:
        """Add a row unless it is empty; raises UnreadableTableError beyond a limit."""
        tidy = [*map(str.strip, cells)]
        together = "".join(tidy)
        if not together:
            return
        if _needs_care(together):
            tidy = [*map(_tidy, tidy)]
        while tidy and not tidy[-1]:
            tidy.pop()
        if len(tidy) > self.limits.columns_max or len(together) > self.limits.cell_characters_max:
            self._refuse_wide(line, tidy)
        if len(self.rows) >= self.limits.rows_max:
            raise TooLargeError(
                f"The file has more than {self.limits.rows_max:,} rows. "
                "Split it into several files."
            )
        self._characters += len(together)
        if self._characters > self.limits.text_characters_max:
            raise TooLargeError("The table has too much text. Split it into several files.")
        self.rows.append(Row(line, tuple(tidy)))

    def _refuse_wide(self, line: int, cells: list[str]) -> None:
        limits = self.limits
        if len(cells) > limits.columns_max:
            raise UnreadableTableError(
                f"Line {line} has {len(cells):,} columns. Keep {limits.columns_max:,} at most."
            )
        if any(len(cell) > limits.cell_characters_max for cell in cells):
            raise UnreadableTableError(
                f"Line {line} has a cell of more than {limits.cell_characters_max:,} characters. "
                "A quotation mark without a partner often causes this. Correct it there."
            )


_is_formula: Final = re.compile(r"'*[=+\-@\t\r]").match
_needs_care: Final = re.compile("['\n\r\ufeff]").search
_guard: Final = re.compile(r"'[=+\-@\t\r]").search


def guarded(text: str) -> str:
    """Return a text as exports write it, so that no spreadsheet takes it for a formula.

    OWASP, CSV Injection. A text that looks as if it had been guarded already is guarded once more,
    so that what is read back is always what it was.
    """
    return f"'{text}" if _is_formula(text) else text


def unguarded(cell: str) -> str:
    """Return a cell without the apostrophe that `guarded` put before it, and no other one."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def is_guarded(text: str) -> bool:
    """Tell whether a text of many cells may have an apostrophe that `unguarded` takes off."""
    return _guard(text) is not None


def _tidy(cell: str) -> str:
    """Return a cell in one line, without the formula guard that exports put before it."""
    cell = unguarded(cell.removeprefix("\ufeff")).strip()
    return " ".join(cell.splitlines()) if "\n" in cell or "\r" in cell else cell
