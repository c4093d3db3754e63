"""Files of call records: in a stated format or with column names, read into calls."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from contracts.base import FieldError, Refused
from contracts.call_files import (
    CallFileFormat,
    FileCall,
    Leg,
    Naming,
    Row,
    TimeUnclearError,
    calls_of,
    fault_of_row,
    fitting_formats,
    fitting_json,
    json_records,
    leg_of,
    leg_of_json,
    looks_like_xml_records,
    xml_records,
    zone_of,
)
from contracts.call_files.formats import LAYOUTS, Layout
from contracts.call_files.json_records import JsonRecord
from contracts.calls import DialFormat
from contracts.tables import Column
from gateway.files.tables import (
    MappedTable,
    MappingNeeded,
    TableOptions,
    read_rows,
    read_upload,
    samples_of,
)
from gateway.memory.mappings import MappingMemory
from services.chassis.tables import Limits, Table, TooLargeError, UnreadableTableError
from services.chassis.tables.files import unpacked

CALL_ROWS_MAX: Final = 20_000
RecordFormat = Literal["freeswitch-json", "freeswitch-xml", "kazoo-json"]
RECORD_FORMATS: Final[tuple[RecordFormat, ...]] = get_args(RecordFormat)
"""Formats that are no tables."""

_XML: Final = "freeswitch-xml"
_BEGINNINGS: Final = ("{", "[", "<")
LIMITS: Final = Limits(
    unpacked_bytes_max=30_000_000,
    rows_max=CALL_ROWS_MAX,
    columns_max=256,
    cell_characters_max=20_000,
    text_characters_max=12_000_000,
)


@dataclass(frozen=True, slots=True)
class CallFileOptions:
    """What the sender says about a file of call records."""

    table: TableOptions = field(default_factory=TableOptions)
    format: CallFileFormat | Literal[""] = ""
    """Empty: a table with column names."""

    time_zone: str = ""
    """Of local times; an IANA name."""

    dial_format: DialFormat | None = None
    naming: Naming = field(default_factory=Naming)


class CallFile(NamedTuple):
    """What a file of call records holds."""

    format: CallFileFormat
    rows: int
    calls: list[FileCall]
    table: Table | None = None
    """None for JSON and XML."""

    mapped: MappedTable | None = None
    """What its columns mean; None where the format says it."""


async def read_call_file(
    content: bytes, options: CallFileOptions, memory: MappingMemory | None = None
) -> CallFile:
    """Return the calls of a file.

    Refused with `mapping-needed` when columns must be explained or the format stated, and with
    `invalid-fields` when the file has local times and no time zone was given.
    """
    zone = _zone(options.time_zone)
    for name in RECORD_FORMATS:
        if options.format == name:
            return await asyncio.to_thread(_of_records, content, name)
    layout = LAYOUTS.get(options.format) if options.format else None
    if layout is not None:
        return await _of_layout(content, options, layout, zone)
    if not options.format:
        await asyncio.to_thread(_suggest_records, content)
    try:
        found = await read_upload(content, "calls", options.table, LIMITS, memory)
    except MappingNeeded as needed:
        if not options.format and not options.table.mapping and needed.table is not None:
            _suggest_format(needed.table)
        raise
    _check_naming(found, options.naming)
    try:
        legs = await asyncio.to_thread(_legs, _rows(found.table), found.meanings, zone)
    except TimeUnclearError as error:
        if error.missing == "date-order":
            raise MappingNeeded(str(error), _asking_for_times(found), found.table) from None
        raise _zone_needed(error) from None
    return CallFile("table", len(found.table.rows), calls_of(legs), found.table, found)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return zone_of(name) if name else None
    except ValueError as error:
        raise _refused("time_zone", "invalid", str(error)) from None


def _zone_needed(error: TimeUnclearError) -> Refused:
    return _refused("time_zone", "required", str(error))


def _refused(name: str, kind: str, detail: str) -> Refused:
    return Refused(
        "invalid-fields", detail, (FieldError(pointer=f"/{name}", type=kind, detail=detail),)
    )


def _rows(table: Table) -> list[Row]:
    return [Row(row.line, row.cells) for row in table.rows]


def _legs(rows: Sequence[Row], meanings: Sequence[str], zone: ZoneInfo | None) -> list[Leg]:
    return [leg_of(row.line, row.cells, meanings, zone) for row in rows]


# --- a format without column names ------------------------------------------------------------


async def _of_layout(
    content: bytes, options: CallFileOptions, layout: Layout, zone: ZoneInfo | None
) -> CallFile:
    """Return the calls of a file in a format whose columns have no names, but places."""
    table = await read_rows(content, options.table.stated, LIMITS)
    if table.header is not None:
        detail = (
            f"The file has column names, which {layout.title} hasn't. Send it with the format "
            "`table`, or take the names out."
        )
        raise Refused("malformed-request", detail)
    rows = _rows(table)
    faults = {row.line: fault for row in rows if (fault := fault_of_row(layout, row))}
    if len(faults) == len(rows):
        others = [LAYOUTS[name].title for name in fitting_formats(rows)]
        hint = f" It looks like {others[0]}." if others else ""
        line, fault = next(iter(faults.items()))
        raise Refused("malformed-request", f"This isn't {layout.title}. Line {line}: {fault}{hint}")
    try:
        legs = [
            Leg(row.line, "", fault=faults[row.line], row=tuple(row.cells))
            if row.line in faults
            else leg_of(row.line, row.cells, layout.meanings, zone)
            for row in rows
        ]
    except TimeUnclearError as error:
        if error.missing == "date-order":
            detail = f"{error} Send the file with the format `table` and a mapping of its columns."
            raise Refused("malformed-request", detail) from None
        raise _zone_needed(error) from None
    assert options.format, "it was stated"
    return CallFile(options.format, len(rows), calls_of(legs), table)


def _suggest_format(table: Table) -> None:
    """Ask for the format of a file without column names, if there is one that fits."""
    if table.header is not None:
        return
    fitting = fitting_formats(_rows(table))
    if not fitting:
        return
    name = fitting[0]
    detail = (
        f"The file has no column names. It looks like {LAYOUTS[name].title}. If that's what it is, "
        f"send it with the format `{name}`."
    )
    columns = [
        Column(str(place), samples, meaning, needs_answer=True)
        for place, (samples, meaning) in enumerate(
            zip(samples_of(table), LAYOUTS[name].meanings, strict=False), start=1
        )
    ]
    needed = MappingNeeded(detail, columns, table)
    needed.members["format"] = name
    raise needed


# --- JSON and XML -----------------------------------------------------------------------------


def record_text(content: bytes) -> str:
    """Return the text of a file that is no table, without gzip; Refused when it is none."""
    try:
        plain, _ = unpacked(content, LIMITS)
        return plain.decode("utf-8-sig")
    except TooLargeError as error:
        raise Refused("body-too-large", error.detail) from None
    except UnreadableTableError as error:
        raise Refused("malformed-request", error.detail) from None
    except UnicodeDecodeError:
        detail = "The file isn't UTF-8, which records in JSON and XML are. Export it again."
        raise Refused("malformed-request", detail) from None


def _records(text: str, name: RecordFormat) -> list[JsonRecord]:
    try:
        read = xml_records if name == _XML else json_records
        return read(text, CALL_ROWS_MAX)
    except ValueError as error:
        raise Refused("malformed-request", str(error)) from None


def _of_records(content: bytes, name: RecordFormat) -> CallFile:
    text = record_text(content)
    records = _records(text, name)
    # mod_xml_cdr tells what mod_json_cdr tells
    legs = [leg_of_json("freeswitch-json" if name == _XML else name, one) for one in records]
    if all(leg.fault and not leg.call_id for leg in legs):
        other = fitting_json(records[0])
        hint = f" They look like `{other}`." if other and name != _XML else ""
        detail = f"None of the records is of the format `{name}`.{hint}"
        raise Refused("malformed-request", detail)
    return CallFile(name, len(records), calls_of(legs))


def _suggest_records(content: bytes) -> None:
    """Ask for the format of a file that is no table, if there is one that fits."""
    try:
        text = record_text(content)
    except Refused:
        return  # the reader of tables says what it is
    if not text.lstrip().startswith(_BEGINNINGS):
        return
    if looks_like_xml_records(text):
        _records(text, _XML)  # a file that can't be read is refused at once
        name: RecordFormat | None = _XML
    elif text.lstrip().startswith("<"):
        return
    else:
        name = fitting_json(_records(text, "freeswitch-json")[0])
    if name is None:
        detail = "The records of the file are of no format that we know. Send them as a table."
        raise Refused("malformed-request", detail)
    detail = f"The file looks like `{name}`. If that's what it is, send it with that format."
    needed = MappingNeeded(detail, (), None)
    needed.members["format"] = name
    raise needed


# --- a table ----------------------------------------------------------------------------------


def _check_naming(found: MappedTable, naming: Naming) -> None:
    """Ask which column says whose calls they are, unless the sender has said it otherwise."""
    if naming.account or naming.by in found.meanings:
        return
    if naming.by == "caller":
        detail = "No column is the caller, who should say the account. Choose the column."
    else:
        detail = (
            "No column is the account. Choose the column that has it, or say whose calls they are: "
            "one account's, or the caller's."
        )
    raise MappingNeeded(detail, _columns(found), found.table)


def _asking_for_times(found: MappedTable) -> list[Column]:
    """Return the columns, of which the one with the time of the answer is to be explained."""
    return [
        column._replace(suggestion=None, needs_answer=True)
        if column.suggestion == "answered_at"
        else column
        for column in _columns(found)
    ]


def _columns(found: MappedTable) -> list[Column]:
    return [
        Column(name, samples, meaning, needs_answer=False)
        for name, samples, meaning in zip(
            found.names, samples_of(found.table), found.meanings, strict=True
        )
    ]
