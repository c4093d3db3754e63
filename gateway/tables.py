"""Tables that people and programs upload: read off the event loop, every column with a meaning."""

import asyncio
import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import Query
from pydantic import JsonValue, TypeAdapter, ValidationError

from contracts.base import Refused
from contracts.tables import Column, MappingNeededError, TableKind, column_names, resolve
from gateway.problems import RefusedWith
from services.chassis.tables import (
    EncodingUnknownError,
    Limits,
    Stated,
    Table,
    TooLargeError,
    UnreadableTableError,
    read_table,
)

MAPPING_CHARACTERS_MAX: Final = 16_000
SAMPLES: Final = 3
SAMPLE_CHARACTERS_MAX: Final = 60
_SAMPLED_ROWS: Final = 50
_BLANK_LINES_MAX: Final = 10_000

Encoding = Literal["utf-8", "utf-16", "windows-1250", "windows-1251", "windows-1252", "iso-8859-1"]
Separator = Literal["comma", "semicolon", "tab", "pipe"]

_MAPPING: Final = TypeAdapter[dict[str, str]](dict[str, str])


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What the sender says about a table."""

    mapping: Mapping[str, str] = field(default_factory=dict[str, str])
    stated: Stated = field(default_factory=Stated)


class MappedTable(NamedTuple):
    """A table, and what each of its columns means."""

    table: Table
    meanings: tuple[str, ...]

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
            "doubt may be left out.",
            examples=['{"Dial code": "prefix", "Buy rate": "ignore"}'],
        ),
    ] = None,
    encoding: Annotated[
        Encoding | None, Query(description="Of a text that isn't Unicode; never guessed.")
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
    return TableOptions(answers, stated)


async def read_upload(
    content: bytes, kind: TableKind, options: TableOptions, limits: Limits
) -> MappedTable:
    """Return an uploaded table with the meaning of each column.

    Refused with `mapping-needed` when a column must be explained, or an encoding confirmed.
    """
    return await asyncio.to_thread(_read, content, kind, options, limits)


def _read(content: bytes, kind: TableKind, options: TableOptions, limits: Limits) -> MappedTable:
    try:
        table = read_table(content, options.stated, limits)
    except EncodingUnknownError as error:
        suggested = TableOptions(options.mapping, _with_encoding(options.stated, error.suggestion))
        raise _encoding_needed(error, content, kind, suggested, limits) from None
    except TooLargeError as error:
        raise Refused("body-too-large", error.detail) from None
    except UnreadableTableError as error:
        raise Refused("malformed-request", error.detail) from None
    if not table.rows:
        detail = "The table has a header but no rows. Add a row for each entry."
        raise Refused("malformed-request", detail)
    try:
        meanings = resolve(kind, table.header, samples_of(table), options.mapping)
    except MappingNeededError as error:
        raise MappingNeeded(error.detail, error.columns, table) from None
    return MappedTable(table, meanings)


def _with_encoding(stated: Stated, encoding: str) -> Stated:
    return Stated(encoding, stated.separator, stated.sheet, stated.header)


def _encoding_needed(
    error: EncodingUnknownError,
    content: bytes,
    kind: TableKind,
    suggested: TableOptions,
    limits: Limits,
) -> Refused:
    """Return the question for the encoding, with the columns as the suggested one shows them."""
    needed = MappingNeeded(error.detail, (), None)
    try:
        found = _read(content, kind, suggested, limits)
    except MappingNeeded as refusal:
        needed = MappingNeeded(
            f"{error.detail} {refusal.problem.detail}", refusal.columns, refusal.table
        )
    except Refused as refusal:
        return refusal
    else:
        columns = zip(found.names, samples_of(found.table), found.meanings, strict=True)
        shown = [Column(*one, needs_answer=False) for one in columns]
        needed = MappingNeeded(error.detail, shown, found.table)
    needed.members["encoding"] = error.suggestion
    return needed


def samples_of(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return a few different values of each column."""
    found: list[dict[str, None]] = [{} for _ in range(table.width)]
    for row in islice(table.rows, _SAMPLED_ROWS):
        for values, cell in zip(found, row.cells, strict=False):
            if cell and len(values) < SAMPLES:
                values[cell[:SAMPLE_CHARACTERS_MAX]] = None
    return tuple(tuple(values) for values in found)


def as_csv(table: Table, *, with_header: bool = True) -> str:
    """Return a table as CSV text with commas, each row on the line that it had in its file."""
    last = table.rows[-1].line if table.rows else 0
    keeps_lines = last <= len(table.rows) + _BLANK_LINES_MAX
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    line = 1
    header_line = table.detected.header_line
    rows = [(header_line or 1, table.header)] if table.header and with_header else []
    for wanted, cells in (*rows, *table.rows):
        if keeps_lines and wanted > line:
            written.write("\n" * (wanted - line))
            line = wanted
        writer.writerow(cells)
        line += 1
    return written.getvalue()
