"""Files without column names: which columns they have, and how a row shows that it is one.

Positions mean something only where the format is stated. What a file looks like is a suggestion.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, get_args

CallFileFormat = Literal[
    "table",
    "asterisk-master",
    "freeswitch-csv",
    "freeswitch-json",
    "freeswitch-xml",
    "kazoo-json",
]
FORMATS: Final[tuple[CallFileFormat, ...]] = get_args(CallFileFormat)

_ASTERISK_ID: Final = re.compile(r"(?:[^\s,]{1,100}-)?\d{9,11}\.\d{1,10}", re.ASCII)
"""An optional system name, the time in seconds since 1970, and a counter."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_WHOLE: Final = re.compile(r"\d{1,7}", re.ASCII)
_TIME: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[ T]\d{1,2}:\d{2}(:\d{2})?.*|\d{9,16}")
_SAMPLE_ROWS: Final = 20


class Row(NamedTuple):
    """A row of a file: the line that it begins on, and its cells."""

    line: int
    cells: Sequence[str]


class Layout(NamedTuple):
    """The columns of a format, in their order."""

    title: str
    meanings: tuple[str, ...]
    cells_min: int
    """Trailing columns may be empty or switched off."""

    checks: Mapping[int, tuple[Callable[[str], bool], str]]
    """By position from 1 on what a cell must look like, and what it is called."""


def _is_whole(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None


def _is_time(text: str) -> bool:
    return not text or _TIME.fullmatch(text) is not None


def _is_asterisk_id(text: str) -> bool:
    return _ASTERISK_ID.fullmatch(text) is not None


def _is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


LAYOUTS: Final[Mapping[CallFileFormat, Layout]] = {
    "asterisk-master": Layout(
        "Asterisk's Master.csv",
        (
            *("account", "caller", "destination", "ignore", "ignore", "ignore", "called_channel"),
            *("ignore", "ignore", "ignore", "answered_at", "ignore", "ignore", "seconds"),
            *("disposition", "ignore", "call_id", "ignore", "ignore", "ignore", "ignore"),
        ),
        17,
        {
            10: (_is_time, "the start"),
            11: (_is_time, "the time of the answer"),
            13: (_is_whole, "the duration"),
            14: (_is_whole, "the billed seconds"),
            17: (_is_asterisk_id, "the unique ID (set loguniqueid = yes in cdr.conf)"),
        },
    ),
    "freeswitch-csv": Layout(
        "FreeSWITCH's Master.csv",
        (
            *("ignore", "caller", "destination", "ignore", "ignore", "answered_at", "ignore"),
            *("ignore", "seconds", "hangup_cause", "call_id", "ignore", "account"),
            *("ignore", "ignore"),
        ),
        11,
        {
            5: (_is_time, "the start"),
            6: (_is_time, "the time of the answer"),
            8: (_is_whole, "the duration"),
            9: (_is_whole, "the billed seconds"),
            11: (_is_uuid, "the UUID"),
        },
    ),
}
"""What cdr_csv of Asterisk writes, and mod_cdr_csv of FreeSWITCH by the template `example`."""


def fault_of_row(layout: Layout, row: Row) -> str:
    """Return why a row is none of this format; empty when it is one."""
    count = len(row.cells)
    if not layout.cells_min <= count <= len(layout.meanings):
        expected = f"{layout.cells_min} to {len(layout.meanings)}"
        return f"The row has {count} columns. {layout.title} has {expected}."
    for position, (fits, name) in layout.checks.items():
        cell = row.cells[position - 1].strip() if position <= count else ""
        if not fits(cell):
            return f"Column {position} should be {name}, but is “{cell[:40]}”."
    return ""


def fitting_formats(rows: Sequence[Row]) -> tuple[CallFileFormat, ...]:
    """Return the formats without column names that the first rows all fit."""
    sample = rows[:_SAMPLE_ROWS]
    return tuple(
        name
        for name, layout in LAYOUTS.items()
        if sample and not any(fault_of_row(layout, row) for row in sample)
    )
