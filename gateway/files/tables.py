"""Tables that people and programs upload: read off the event loop, every column with a meaning."""

import asyncio
import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import Query
from pydantic import JsonValue, TypeAdapter, ValidationError

from contracts.base import Refused
from contracts.tables import (
    Column,
    ColumnMeaning,
    MappingNeededError,
    TableKind,
    column_names,
    meaning_of,
    resolve,
)
from gateway.http.problems import RefusedWith
from gateway.memory.mappings import MappingMemory, Remembered
from services.chassis.tables import (
    SEPARATORS,
    EncodingUnknownError,
    Limits,
    LineRows,
    Stated,
    Table,
    TooLargeError,
    UnreadableTableError,
    guarded,
    read_table,
    unguarded,
)

MAPPING_CHARACTERS_MAX: Final = 16_000
SAMPLES: Final = 3
SAMPLE_CHARACTERS_MAX: Final = 60
_SAMPLED_ROWS: Final = 50
_BLANK_LINES_MAX: Final = 10_000

Encoding = Literal["utf-8", "utf-16", "windows-1250", "windows-1251", "windows-1252", "iso-8859-1"]
Separator = Literal["comma", "semicolon", "tab", "pipe"]

_MAPPING: Final = TypeAdapter[dict[str, str]](dict[str, str])


Recall = Literal["use", "leave", "ask"]
"""What becomes of a remembered mapping: it is used, or left aside, or shown to be changed."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What the sender says about a table."""

    mapping: Mapping[str, str] = field(default_factory=dict[str, str])
    stated: Stated = field(default_factory=Stated)
    recall: Recall = "use"
    confirmed_encoding: str = ""
    """Of the file that this table was read from, when it is sent again: as Unicode, or as it was.

    It says nothing about a file that is Unicode.
    """

    said_for_all: tuple[str, ...] = ()
    """Meanings that hold for all rows, so that the table needs no column for them."""

    about: tuple[str, ...] = ()
    """The names of all columns of the table that `mapping` was said about.

    If another table comes with it, `mapping` is left aside. Empty: it is about this one.
    """


class MappedTable(NamedTuple):
    """A table, and what each of its columns means."""

    table: Table
    meanings: tuple[str, ...]
    is_remembered: bool = False
    """Whether it was read as a table with the same column names was before."""

    @property
    def columns(self) -> tuple[ColumnMeaning, ...]:
        """What each column was read as, for reports."""
        named = zip(self.names, self.meanings, strict=True)
        return tuple(ColumnMeaning.shown(name, meaning) for name, meaning in named)

    @property
    def names(self) -> tuple[str, ...]:
        """What each column is called: by the file, or by its position where that isn't unique."""
        return column_names(self.table.header, self.table.width)


class MappingNeeded(RefusedWith):
    """The sender must say what some columns mean. Nothing was stored."""

    def __init__(self, detail: str, columns: Sequence[Column], table: Table | None) -> None:
        shown: list[JsonValue] = [
            {
                "name": column.name,
                "samples": list(column.samples),
                "suggestion": column.suggestion,
                "needs_answer": column.needs_answer,
            }
            for column in columns
        ]
        super().__init__("mapping-needed", detail, columns=shown)
        self.columns = tuple(columns)
        self.table = table


def table_options(
    mapping: Annotated[
        str | None,
        Query(
            max_length=MAPPING_CHARACTERS_MAX,
            description="What the columns mean, as a JSON object: the name of a column, or its "
            "position from 1 on, and a meaning or `ignore`. Columns with a name that leaves no "
            "doubt may be left out. The answer is remembered: the next table with the same column "
            "names needs none. `{}` leaves aside what is remembered.",
            examples=['{"Dial code": "prefix", "Buy rate": "ignore"}'],
        ),
    ] = None,
    encoding: Annotated[
        Encoding | None,
        Query(description="Of a text that isn't Unicode. It's never guessed."),
    ] = None,
    separator: Annotated[
        Separator | None, Query(description="What separates the columns, if that isn't clear.")
    ] = None,
    sheet: Annotated[
        str | None, Query(max_length=100, description="Which sheet of a workbook to read.")
    ] = None,
    header: Annotated[
        bool | None, Query(description="Whether the first row has the names of the columns.")
    ] = None,
) -> TableOptions:
    """Return what a request says about the table that it carries."""
    answers: dict[str, str] = {}
    if mapping:
        try:
            answers = _MAPPING.validate_json(mapping)
        except ValidationError:
            example = json.dumps({"Dial code": "prefix", "Comment": "ignore"})
            detail = f"The parameter mapping must be a JSON object such as {example}."
            raise Refused("malformed-request", detail) from None
    stated = Stated(
        encoding=encoding or "", separator=separator or "", sheet=sheet or "", header=header
    )
    return TableOptions(answers, stated, "leave" if mapping and not answers else "use")


class _Opened(NamedTuple):
    """A table as it was read, possibly with an encoding that is still unconfirmed."""

    table: Table
    unconfirmed: EncodingUnknownError | None = None


async def read_upload(
    content: bytes,
    kind: TableKind,
    options: TableOptions,
    limits: Limits,
    memory: MappingMemory | None = None,
) -> MappedTable:
    """Return an uploaded table with the meaning of each column.

    Refused with `mapping-needed` when a column must be explained, or an encoding confirmed. What
    was answered is kept in `memory`, and read from there when nothing is said about the columns.
    """
    opened = await asyncio.to_thread(_opened, content, options.stated, limits)
    options = _about_this(options, opened.table)
    if opened.unconfirmed and opened.unconfirmed.suggestion == options.confirmed_encoding:
        opened = _Opened(opened.table)
    header = opened.table.header
    known = None
    if memory is not None and header is not None and options.recall != "leave":
        known = await memory.find(kind, header)
    if opened.unconfirmed and known and known.encoding:
        stated = replace(options.stated, encoding=known.encoding)
        again = await asyncio.to_thread(_opened, content, stated, limits)
        if again.table.header == header:
            opened = again
    found = _mapped(opened, kind, options, known)
    encoding = options.stated.encoding or options.confirmed_encoding
    if memory is not None and header is not None and (options.mapping or encoding):
        encoding = encoding or (known.encoding if known else "")
        await memory.keep(kind, header, Remembered(found.meanings, encoding))
    return found


def _about_this(options: TableOptions, table: Table) -> TableOptions:
    """Return the options without what was said about the columns of another table."""
    if not options.about or options.about == column_names(table.header, table.width):
        return options
    return replace(options, mapping={}, about=(), confirmed_encoding="")


async def read_rows(content: bytes, stated: Stated, limits: Limits) -> Table:
    """Return an uploaded table as it is, whatever its columns mean.

    Refused with `mapping-needed` when its encoding must be confirmed.
    """
    opened = await asyncio.to_thread(_opened, content, stated, limits)
    if opened.unconfirmed:
        raise _needed(opened.unconfirmed.detail, (), opened)
    return opened.table


def _opened(content: bytes, stated: Stated, limits: Limits) -> _Opened:
    try:
        return _Opened(_table(content, stated, limits))
    except EncodingUnknownError as error:
        suggested = replace(stated, encoding=error.suggestion)
        return _Opened(_table(content, suggested, limits), error)


def _table(content: bytes, stated: Stated, limits: Limits) -> Table:
    try:
        table = read_table(content, stated, limits)
    except EncodingUnknownError:
        raise
    except TooLargeError as error:
        raise Refused("body-too-large", error.detail) from None
    except UnreadableTableError as error:
        raise Refused("malformed-request", error.detail) from None
    if not table.rows:
        detail = "The table has a header but no rows. Add a row for each entry."
        raise Refused("malformed-request", detail)
    return table


def _mapped(
    opened: _Opened, kind: TableKind, options: TableOptions, known: Remembered | None
) -> MappedTable:
    """Return what the columns mean; raises MappingNeeded when a meaning is missing."""
    table, unconfirmed = opened
    names = column_names(table.header, table.width)
    samples = samples_of(table)
    question = unconfirmed.detail if unconfirmed else ""
    meanings = None
    if known is not None and not options.mapping:
        meanings = _as_before(kind, table, samples, known, options.said_for_all)
    is_remembered = meanings is not None
    if meanings is None:
        try:
            meanings = resolve(kind, table.header, samples, options.mapping, options.said_for_all)
        except MappingNeededError as error:
            detail = f"{question} {error.detail}".strip()
            raise _needed(detail, error.columns, opened) from None
    if options.recall == "ask":
        question = f"{question} Choose what each column means.".strip()
    if question:
        columns = zip(names, samples, meanings, strict=True)
        raise _needed(question, [Column(*one, needs_answer=False) for one in columns], opened)
    return MappedTable(table, meanings, is_remembered=is_remembered)


def _as_before(
    kind: TableKind,
    table: Table,
    samples: Sequence[tuple[str, ...]],
    known: Remembered,
    said_for_all: Sequence[str],
) -> tuple[str, ...] | None:
    """Return what the columns meant before; None where their names say it or it isn't known.

    Names as usual as `number` are used by many carriers, so what was stated about the form of
    their numbers holds for that file only.
    """
    names = column_names(table.header, table.width)
    if len(known.meanings) != len(names):
        return None
    answers = dict(zip(names, known.meanings, strict=True))
    try:
        meant = resolve(kind, table.header, samples, answers, said_for_all)
    except MappingNeededError:  # not all of these meanings are known today
        return None
    try:
        named = resolve(kind, table.header, samples, {}, said_for_all)
    except MappingNeededError:
        return meant
    pairs = zip(meant, named, strict=True)
    says_the_same = all(one == other or _are_numbers(kind, one, other) for one, other in pairs)
    return None if says_the_same else meant


def _are_numbers(kind: TableKind, *meanings: str) -> bool:
    found = [meaning_of(kind, meaning) for meaning in meanings]
    return all(one is not None and one.group == "number" for one in found)


def _needed(detail: str, columns: Sequence[Column], opened: _Opened) -> MappingNeeded:
    """Return the question, with the columns as the suggested encoding shows them."""
    needed = MappingNeeded(detail, columns, opened.table)
    if opened.unconfirmed:
        needed.members["encoding"] = opened.unconfirmed.suggestion
    return needed


def samples_of(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return a few different values of each column."""
    found: list[dict[str, None]] = [{} for _ in range(table.width)]
    for row in islice(table.rows, _SAMPLED_ROWS):
        for values, cell in zip(found, row.cells, strict=False):
            if cell and len(values) < SAMPLES:
                values[cell[:SAMPLE_CHARACTERS_MAX]] = None
    return tuple(tuple(values) for values in found)


def _read_back(cell: str) -> str:
    """Return a cell that a reader takes an apostrophe off, with one more of them."""
    return cell if unguarded(cell) == cell else guarded(cell)


def as_csv(table: Table, *, with_header: bool = True, separator: str = "comma") -> str:
    """Return a table as CSV text, each row on the line that it had in its file.

    With its header it is a file that reads as this table; without, rows that nothing is taken off.
    """
    if not with_header and separator == "comma" and isinstance(table.rows, LineRows):
        text = table.rows.as_csv()
        if text is not None:
            return text
    last = table.rows[-1].line if table.rows else 0
    keeps_lines = last <= len(table.rows) + _BLANK_LINES_MAX
    written = io.StringIO()
    writer = csv.writer(written, delimiter=SEPARATORS[separator], lineterminator="\n")
    line = 1
    header_line = table.detected.header_line
    rows = [(header_line or 1, table.header)] if table.header and with_header else []
    if not with_header and table.rows and last - table.rows[0].line == len(table.rows) - 1:
        written.write("\n" * (table.rows[0].line - 1) if keeps_lines else "")
        writer.writerows(row.cells for row in table.rows)  # each on the line after the last one
        return written.getvalue()
    for wanted, cells in (*rows, *table.rows):
        if keeps_lines and wanted > line:
            written.write("\n" * (wanted - line))
            line = wanted
        writer.writerow([*map(_read_back, cells)] if with_header else cells)
        line += 1
    return written.getvalue()
