"""Where the table begins: title rows, the header, the first row."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from services.chassis.tables.values import Row

_TITLE_ROWS_MAX: Final = 20
_SAMPLE_ROWS: Final = 500
_NAME_CHARACTERS_MAX: Final = 100
_LETTER: Final = re.compile(r"[^\W\d_]")
_DIGIT: Final = re.compile(r"\d")
_NAMES_WITH_DIGITS: Final = re.compile(r"e[. ]?164", re.IGNORECASE)
_NO_NAME: Final = re.compile(r"n/?a|-|nan|null|none|true|false|yes|no|#\S+", re.IGNORECASE)
_DATE: Final = re.compile(r"\d[-/.]\d+[-/.]\d")


def surplus_of(rows: Sequence[Row], width: int) -> int:
    """Return how many columns more than `width` more than half of the rows have."""
    wider = [len(row.cells) for row in rows[:_SAMPLE_ROWS] if len(row.cells) > width]
    if len(wider) * 2 <= min(len(rows), _SAMPLE_ROWS):
        return 0
    return Counter(wider).most_common(1)[0][0] - width


def width_of(rows: Sequence[Row]) -> int:
    """Return how many cells most rows have."""
    counts = Counter(len(row.cells) for row in rows[:_SAMPLE_ROWS])
    if not counts:
        return 0
    most = max(counts.values())
    return max(width for width, count in counts.items() if count == most)


def header_position(rows: Sequence[Row], *, stated: bool | None) -> int | None:
    """Return which row has the column names; None when there is none.

    Rows above it are titles: they have fewer cells than the table, and some text.
    """
    if stated is False:
        return None
    width = width_of(rows)
    likely: int | None = None
    for position, row in enumerate(rows[: _TITLE_ROWS_MAX + 1]):
        filled = sum(map(bool, row.cells))
        if _names_columns(row) and filled >= width:
            return position
        if likely is None and _names_columns(row) and filled * 2 >= width and filled > 1:
            likely = position
        if filled >= width or not _LETTER.search(" ".join(row.cells)):
            break
    return 0 if likely is None and stated and rows else likely


def _names_columns(row: Row) -> bool:
    return all(not cell or _is_name(cell) for cell in row.cells)


def _is_name(cell: str) -> bool:
    """Tell whether a cell can be the name of a column: words, not a value."""
    letters, digits = len(_LETTER.findall(cell)), len(_DIGIT.findall(cell))
    if _NAMES_WITH_DIGITS.search(cell):
        return True
    return (
        letters > digits
        and len(cell) <= _NAME_CHARACTERS_MAX
        and "@" not in cell
        and not cell.startswith(("+", "/", "http"))
        and _NO_NAME.fullmatch(cell) is None
        and _DATE.search(cell) is None
    )
