"""Tables in .xlsx workbooks (ECMA-376): the archive, its sheets, and which of them is read.

A library that loads a sheet as a block was no choice: 1.3 kB with a cell in the last row and the
last column ended the process that read it. Here rows come one by one, and every part is bounded.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from xml.parsers import expat

from services.chassis.tables import cells, files
from services.chassis.tables.sheet import SheetReader
from services.chassis.tables.values import Grid, Limits, Row, TooLargeError, UnreadableTableError

ENTRIES_MAX: Final = 5_000
SHEETS_MAX: Final = 200
_CHUNK_BYTES: Final = 65_536
_HIDDEN: Final = ("hidden", "veryHidden")
_DAMAGED: Final = "The Excel file is damaged or incomplete. Open it, save it again and upload that."

Start = Callable[[str, Mapping[str, str]], None]
End = Callable[[str], None]


class _Sheet(NamedTuple):
    name: str
    part: str
    is_hidden: bool


class _EnoughError(Exception):
    """A part was read as far as needed."""


class _Archive:
    """The parts of a workbook, unpacked within the limits."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive = archive
        self._bytes_left = limits.unpacked_bytes_max
        infos = archive.infolist()
        self.names = {info.filename for info in infos}
        if len(infos) > ENTRIES_MAX or sum(i.file_size for i in infos) > self._bytes_left:
            raise TooLargeError(
                f"The Excel file unpacks to more than {self._bytes_left:,} bytes. "
                "Save the sheet as CSV (UTF-8), or split it into several files."
            )
        if any(info.flag_bits & 1 for info in infos):
            raise UnreadableTableError("The file is protected with a password. Remove it first.")
        mimetype = b""
        if "mimetype" in self.names:
            with archive.open("mimetype") as part:
                mimetype = part.read(100)
        files.refuse_archive(self.names, mimetype)

    def parse(self, name: str, start: Start, end: End, text: Callable[[str], None]) -> None:
        """Feed a part of XML to these handlers; a part that is missing is empty."""
        if name not in self.names:
            return
        if self._archive.getinfo(name).compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise UnreadableTableError(_DAMAGED)
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            with self._archive.open(name) as part:
                while chunk := part.read(_CHUNK_BYTES):
                    self._bytes_left -= len(chunk)
                    if self._bytes_left < 0:
                        raise TooLargeError(
                            "The Excel file unpacks to more than it says. Save it again."
                        )
                    parser.Parse(chunk)
                parser.Parse(b"", True)  # noqa: FBT003 - expat takes it by position only
        except _EnoughError:
            return


def _refuse_doctype(*_: object) -> None:
    raise UnreadableTableError(_DAMAGED)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _nothing(_: str) -> None:
    return


def read_workbook(content: bytes, sheet: str, limits: Limits) -> tuple[list[Row], str]:
    """Return the rows of the only sheet that has any, or of the named one, and its name."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read(_Archive(archive, limits), sheet, limits)
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        NotImplementedError,
        OverflowError,
        ValueError,  # zipfile seeks to where a damaged directory says
    ):
        raise UnreadableTableError(_DAMAGED) from None


def _read(archive: _Archive, wanted: str, limits: Limits) -> tuple[list[Row], str]:
    sheets, is_1904 = _sheets(archive)
    if wanted:
        chosen = next((one for one in sheets if one.name == wanted), None)
        if chosen is None:
            names = ", ".join(f"“{one.name}”" for one in sheets)
            raise UnreadableTableError(
                f"The workbook has no sheet “{wanted}”. It has {names}. Choose one of these."
            )
    else:
        chosen = _only_filled(archive, sheets)
    texts = cells.SharedTexts(limits)
    archive.parse("xl/sharedStrings.xml", texts.start, texts.end, texts.text)
    styles = cells.Styles()
    archive.parse("xl/styles.xml", styles.start, _nothing, _nothing)
    grid = Grid(limits)
    reader = SheetReader(grid, cells.Reading(texts.texts, styles.kinds, is_1904=is_1904))
    archive.parse(chosen.part, reader.start, reader.end, reader.text)
    return grid.rows, chosen.name


def _only_filled(archive: _Archive, sheets: list[_Sheet]) -> _Sheet:
    """Return the one sheet that has something in it; refused if several have."""
    shown = [one for one in sheets if not one.is_hidden] or sheets
    filled = [one for one in shown if len(shown) == 1 or _is_filled(archive, one)]
    if not filled:
        raise UnreadableTableError("The workbook is empty. Choose the file that has the rows.")
    if len(filled) > 1:
        names = ", ".join(f"“{one.name}”" for one in filled)
        raise UnreadableTableError(
            f"The workbook has several sheets with content: {names}. Name the sheet to read, or "
            "upload a file that has only that one."
        )
    return filled[0]


def _is_filled(archive: _Archive, sheet: _Sheet) -> bool:
    found: list[str] = []

    def start(name: str, _: Mapping[str, str]) -> None:
        if _local(name) in ("v", "is"):
            found.append(name)
            raise _EnoughError

    archive.parse(sheet.part, start, _nothing, _nothing)
    return bool(found)


def _sheets(archive: _Archive) -> tuple[list[_Sheet], bool]:
    """Return the worksheets in order, and whether days are counted from 1904."""
    targets: dict[str, str] = {}
    named: list[tuple[str, str, bool]] = []
    counts_from_1904: list[bool] = []

    def relation(name: str, attributes: Mapping[str, str]) -> None:
        if _local(name) == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            targets[attributes.get("Id", "")] = part

    def entry(name: str, attributes: Mapping[str, str]) -> None:
        if _local(name) == "workbookPr":
            counts_from_1904.append(attributes.get("date1904", "0") in ("1", "true"))
        if _local(name) == "sheet":
            relation_id = next((v for k, v in attributes.items() if _local(k) == "id"), "")
            hidden = attributes.get("state", "") in _HIDDEN
            named.append((attributes.get("name", ""), relation_id, hidden))

    archive.parse("xl/_rels/workbook.xml.rels", relation, _nothing, _nothing)
    archive.parse("xl/workbook.xml", entry, _nothing, _nothing)
    sheets = [_Sheet(name, targets[key], hidden) for name, key, hidden in named if key in targets]
    if not sheets or len(sheets) > SHEETS_MAX:
        raise UnreadableTableError(_DAMAGED)
    return sheets, any(counts_from_1904)
