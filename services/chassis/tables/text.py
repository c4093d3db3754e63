"""Tables as text: which encoding, which separator, which rows."""

import csv
import gc
import io
import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final, NamedTuple

from services.chassis.tables.lines import rows_by_line
from services.chassis.tables.values import (
    ENCODINGS,
    SEPARATORS,
    SUGGESTED_ENCODING,
    EncodingUnknownError,
    Grid,
    Limits,
    Row,
    UnreadableTableError,
)

_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_UTF_32: Final = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_LOOKED_AT_BYTES: Final = 4_096
_SAMPLE_CHARACTERS: Final = 200_000
_SAMPLE_ROWS: Final = 500
_ROWS_ENOUGH: Final = 3
_HEADER_ROWS: Final = 6
"""So many rows tell whether the first is split in another way."""

_ZEROS_MIN: Final = 0.1
"""The share of zero bytes at one half of the byte pairs that UTF-16 text has at least."""

_ZEROS_MAX: Final = 0.01
_STATED_SEPARATOR: Final = re.compile(r"\"?sep=([,;|\t])\"?[ \t]*(\r\n|\r|\n|$)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+$€£-]?[0-9]*[.,]?[0-9]+%?")
_OTHERS: Final = {
    separator: re.compile(f"[{re.escape(''.join(SEPARATORS.values()).replace(separator, ''))}]")
    for separator in SEPARATORS.values()
}


# --- encoding -----------------------------------------------------------------------------


def decoded(content: bytes, stated: str) -> tuple[str, str]:
    """Return the text and its encoding; raises EncodingUnknownError when it must be stated.

    One-byte encodings cannot be told apart by the bytes, so none is ever assumed.
    """
    if content.startswith(_UTF_32):
        raise UnreadableTableError("The text is UTF-32. Save the file as CSV UTF-8.")
    encoding = ENCODINGS[stated] if stated else _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if stated or encoding != "utf-8-sig":
            name = stated or encoding.removesuffix("-sig").upper()
            raise UnreadableTableError(
                f"The text isn't valid {name} from byte {error.start + 1:,} on. "
                "Save the file as CSV UTF-8."
            ) from None
        raise _unknown_encoding(content, error.start) from None
    if "\0" in text:
        raise UnreadableTableError(
            "This is a binary file, not a table. Upload the table as .xlsx or CSV (UTF-8)."
        )
    name = next((name for name, own in ENCODINGS.items() if own == encoding), encoding)
    return text.removeprefix("\ufeff"), name


def _encoding(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    head = content[:_LOOKED_AT_BYTES]
    pairs = max(len(head) // 2, 1)
    first, second = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if second >= _ZEROS_MIN and first <= _ZEROS_MAX:
        return "utf-16-le"
    if first >= _ZEROS_MIN and second <= _ZEROS_MAX:
        return "utf-16-be"
    return "utf-8-sig"


def _unknown_encoding(content: bytes, position: int) -> UnreadableTableError:
    line = content.count(b"\n", 0, position) + 1
    start = content.rfind(b"\n", 0, position) + 1
    end = content.find(b"\n", position)
    shown = content[
        max(start, position - 20) : len(content) if end < 0 else min(end, position + 20)
    ]
    try:
        sample = shown.decode(ENCODINGS[SUGGESTED_ENCODING]).strip()
    except UnicodeDecodeError:
        return UnreadableTableError(
            f"The text isn't UTF-8 (line {line}), and we can't tell what it is. "
            "Save the file as CSV UTF-8."
        )
    return EncodingUnknownError(
        f"The text isn't UTF-8. As {SUGGESTED_ENCODING}, line {line} reads “{sample}”. If that is "
        f"right, confirm the encoding {SUGGESTED_ENCODING}; if not, save the file as CSV UTF-8.",
        SUGGESTED_ENCODING,
    )


# --- separator ----------------------------------------------------------------------------


class Split(NamedTuple):
    """The rows of a text, and what separates their cells; no separator for a single column."""

    rows: Sequence[Row]
    separator: str


class _Score(NamedTuple):
    """How well a separator explains the rows; compared field by field."""

    consistent: float
    """The share of rows after the first that have the commonest number of cells."""

    clean: float
    """The share of their filled cells that are a number, or hold none of the other separators."""

    begins_alike: bool
    width: int
    rows: int


def split(text: str, stated: str, limits: Limits) -> Split:
    """Return the rows of a text with the lines that they begin on."""
    offset = 0
    found = _STATED_SEPARATOR.match(text)
    separator = SEPARATORS.get(stated, "")
    if found is not None:
        text, offset = text[found.end() :], 1
        separator = separator or found[1]
    separator = separator or _separator(text)
    rows = rows_by_line(text, separator or ",", offset, limits)
    if rows is None:
        grid = Grid(limits)
        with _uncollected():
            grid.add_all(_rows(text, separator or ","), offset)
        rows = grid.rows
    if separator and rows:
        first = _header_of_its_own(rows[:_HEADER_ROWS], separator)
        rows = rows if first == rows[0] else [first, *rows[1:]]
    return Split(rows, separator)


@contextmanager
def _uncollected() -> Generator[None]:
    """Let no collector look through rows while they are made: they can't refer to each other.

    Half of the time of a large file went there. Where another thread does the same, whichever
    ends first lets it begin again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error) or "unexpected end" in str(error):
            detail = (
                f"In line {line} a quotation mark is opened and not closed. "
                "Close it, or double a quotation mark that is part of the text."
            )
        else:
            detail = (
                f"In line {line} text follows a closing quotation mark. Put the whole cell in "
                "quotation marks and double those that are part of the text."
            )
        raise UnreadableTableError(detail) from None


def _separator(text: str) -> str:
    """Return what separates cells consistently over many rows, or "" for a single column."""
    sample = text[:_SAMPLE_CHARACTERS]
    scores = {
        separator: score
        for separator in SEPARATORS.values()
        if separator in sample and (score := _score(sample, separator)) is not None
    }
    if not scores:
        return ""
    best = max(scores, key=lambda separator: scores[separator])
    names = [
        name
        for name, one in SEPARATORS.items()
        if one == best or (one in scores and _may_be_meant(scores[one], scores[best]))
    ]
    if len(names) > 1:
        raise UnreadableTableError(
            f"The columns may be separated by {names[0]} or by {names[1]}. Put cells that have "
            "these characters in quotation marks, or state the separator."
        )
    return best


def _may_be_meant(other: _Score, best: _Score) -> bool:
    """Tell whether another separator explains the rows too well for the best one to be sure.

    Where cells of the best one hold others of the separators, it only wins clearly when the other
    splits the first row differently from the rest, or explains none of many rows.
    """
    if other == best:
        return True
    alike = (other.consistent, other.begins_alike) >= (best.consistent, best.begins_alike)
    weak = other.clean > 0 or best.rows < _ROWS_ENOUGH
    return best.clean < 1 and alike and weak


def _score(sample: str, separator: str) -> _Score | None:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    try:
        rows = [row for row in islice(reader, _SAMPLE_ROWS) if any(map(str.strip, row))]
    except csv.Error:
        return None
    widths = [len(row) for row in rows]
    later = widths[1:] or widths
    commonest = Counter(width for width in later if width > 1).most_common()
    if not commonest or sum(width > 1 for width in later) * 2 < len(later):
        return None
    width = max(width for width, count in commonest if count == commonest[0][1])
    cells = [cell for row in rows[1:] or rows for text in row if (cell := text.strip())]
    dirty = _OTHERS[separator]
    clean = sum(bool(_NUMBER.fullmatch(cell)) or not dirty.search(cell) for cell in cells)
    consistent = later.count(width) / len(later)
    share = clean / len(cells) if cells else 1.0
    return _Score(consistent, share, widths[0] == width, width, len(rows))


def _header_of_its_own(rows: Sequence[Row], separator: str) -> Row:
    """Return the first row, split by another separator if only that gives as many cells."""
    first, width = rows[0], max((len(row.cells) for row in rows[1:]), default=0)
    if len(first.cells) != 1 or width < 2:  # noqa: PLR2004 - a table of one column is as it is
        return first
    for other in SEPARATORS.values():
        cells = next(csv.reader([first.cells[0]], delimiter=other))
        if other != separator and len(cells) == width:
            return Row(first.line, tuple(cell.strip() for cell in cells))
    return first
