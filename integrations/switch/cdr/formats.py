"""What is written into a file or posted, cut into records and read into legs."""

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args
from urllib.parse import unquote_to_bytes
from zoneinfo import ZoneInfo

from contracts.call_files import (
    JsonFormat,
    Leg,
    Row,
    TimeUnclearError,
    fault_of_row,
    json_records,
    leg_of,
    leg_of_json,
    xml_records,
)
from contracts.call_files.formats import LAYOUTS, Layout
from integrations.switch.cdr.detail import leg_of_detail
from integrations.switch.cdr.files import opened

CdrFormat = Literal[
    "asterisk-master",
    "freeswitch-csv",
    "freeswitch-json",
    "freeswitch-xml",
    "kazoo-json",
    "radius-detail",
]
FORMATS: Final[tuple[CdrFormat, ...]] = get_args(CdrFormat)
LOCAL_TIMES: Final[frozenset[CdrFormat]] = frozenset(("asterisk-master", "freeswitch-csv"))
"""Formats whose times may be local, so that their zone must be stated."""

RECORD_BYTES_MAX: Final = 1_000_000
RECORDS_PER_POST_MAX: Final = 1_000
RECORDS_PER_FILE_MAX: Final = 100_000
FILE_BYTES_MAX: Final = 100_000_000
TEXT_CHARACTERS_MAX: Final = 2_000
"""Of a record that can't be read, for a person."""

_BLANK_LINE: Final = re.compile(rb"\n[ \t\r]*\n")
_POSTED: Final = b"cdr="


class Record(NamedTuple):
    """A record of a file as it's written, and the line that it begins on."""

    line: int
    text: str


class Cut(NamedTuple):
    """The records at the beginning of some bytes."""

    records: list[Record]
    used: int
    """Of the bytes: behind them a record begins that isn't whole yet."""

    lines: int
    """So many lines were used."""


Legs = Callable[[Record], list[Leg]]


def cut(data: bytes, line: int, *, by_paragraph: bool, is_whole: bool) -> Cut:
    """Cut bytes of a file into records: a line each, or what blank lines divide.

    `is_whole`: nothing will be added behind them. A record that is longer than any is passed on
    in pieces, none of which can be read.
    """
    records: list[Record] = []
    used = counted = 0
    while used < len(data):
        end = _end_of_record(data, used, by_paragraph=by_paragraph)
        if end is None:
            left = len(data) - used
            if not is_whole and left <= RECORD_BYTES_MAX:
                break
            end = len(data)
        piece = data[used:end]
        text = piece.decode("utf-8", "replace").removeprefix("\ufeff")
        if text.strip("\r\n\t \0"):
            skipped = len(piece) - len(piece.lstrip(b"\r\n"))
            records.append(Record(line + counted + piece.count(b"\n", 0, skipped), text))
        counted += piece.count(b"\n")
        used = end
    return Cut(records, used, counted)


def _end_of_record(data: bytes, start: int, *, by_paragraph: bool) -> int | None:
    """Return where the next record begins; None when the one at `start` has no end yet."""
    if not by_paragraph:
        found = data.find(b"\n", start)
        return found + 1 if found >= 0 else None
    while start < len(data) and data[start : start + 1] in b"\r\n":
        start += 1
    blank = _BLANK_LINE.search(data, start)
    return blank.end() if blank else None


def legs_reader(name: CdrFormat, zone: ZoneInfo | None) -> Legs:
    """Return what reads the records of a file into legs."""
    layout = LAYOUTS.get(name) if name != "radius-detail" else None

    def read(record: Record) -> list[Leg]:
        try:
            if layout is not None:
                return [_leg_of_line(layout, record, zone)]
            if name == "radius-detail":
                leg = leg_of_detail(record.line, record.text, zone)
                return [] if leg is None else [leg]
            found = _legs_of_text(name, record.text)
            return [leg._replace(line=record.line) for leg in found]
        except (TimeUnclearError, ValueError, csv.Error) as error:
            text = record.text[:TEXT_CHARACTERS_MAX]
            return [Leg(record.line, "", fault=str(error), row=(text,))]

    return read


def _leg_of_line(layout: Layout, record: Record, zone: ZoneInfo | None) -> Leg:
    rows = csv.reader((record.text.rstrip("\r\n").replace("\0", ""),))
    cells = next(rows, list[str]())
    row = Row(record.line, cells)
    if fault := fault_of_row(layout, row):
        return Leg(record.line, "", fault=fault, row=(record.text[:TEXT_CHARACTERS_MAX],))
    return leg_of(record.line, cells, layout.meanings, zone)


def _legs_of_text(name: CdrFormat, text: str, records_max: int = RECORDS_PER_POST_MAX) -> list[Leg]:
    """Return the legs of JSON or XML; ValueError with a sentence for anything else."""
    if name == "freeswitch-xml":
        return [leg_of_json("freeswitch-json", one) for one in xml_records(text, records_max)]
    kind: JsonFormat = "kazoo-json" if name == "kazoo-json" else "freeswitch-json"
    return [leg_of_json(kind, one) for one in json_records(text, records_max)]


def legs_of_post(name: CdrFormat, body: bytes) -> Sequence[Leg]:
    """Return the legs that were posted; ValueError for anything else.

    mod_json_cdr and mod_xml_cdr post a form of one field, or with `encode` false the record itself.
    """
    if body.startswith(_POSTED):
        body = unquote_to_bytes(body.removeprefix(_POSTED))
    return _legs_of_text(name, body.decode("utf-8-sig"))


def legs_of_file(name: CdrFormat, path: Path) -> list[Leg] | None:
    """Return the legs of a file of JSON or XML, whole; None for a file of lines.

    Raises OSError, and ValueError with a sentence for anything else.
    """
    if name in LOCAL_TIMES or name == "radius-detail":
        return None
    with opened(path) as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        message = f"{path} has more than {FILE_BYTES_MAX:,} bytes. Split it."
        raise ValueError(message)
    return _legs_of_text(name, content.decode("utf-8-sig"), RECORDS_PER_FILE_MAX)
