"""Kinds of files: those that hold a table, and what to do about the others."""

import zlib
from typing import Final

from services.chassis.tables.values import Limits, TooLargeError, UnreadableTableError

GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS: Final = "Save it as .xlsx or as CSV (UTF-8) and upload that file."

_BINARY: Final = (
    (b"%PDF", f"This is a PDF. A table can't be read from it. {_SAVE_AS}"),
    (b"\x89PNG", "This is a picture. Upload the table itself, as .xlsx or CSV."),
    (b"\xff\xd8\xff", "This is a picture. Upload the table itself, as .xlsx or CSV."),
    (b"GIF8", "This is a picture. Upload the table itself, as .xlsx or CSV."),
    (b"BZh", "This file is compressed with bzip2. Unpack it and upload the table in it."),
    (b"\xfd7zXZ", "This file is compressed with xz. Unpack it and upload the table in it."),
    (b"\x28\xb5\x2f\xfd", "This file is compressed with zstd. Unpack it, then upload the table."),
    (b"7z\xbc\xaf", "This is a 7-Zip archive. Unpack it and upload the table in it."),
    (b"Rar!", "This is a RAR archive. Unpack it and upload the table in it."),
    (b"{\\rtf", f"This is a text document (RTF). {_SAVE_AS}"),
    (b"SQLite format 3", "This is a database. Export the table as CSV and upload that file."),
    (b"PAR1", "This is a Parquet file. Export the table as CSV and upload that file."),
    (_EMPTY_ZIP, "This is an empty archive. Upload the table itself."),
)
_MARKED_UP: Final = (
    (("<!doctype html", "<html", "<table"), f"This is a web page, not a table file. {_SAVE_AS}"),
    (("<?xml", "<workbook"), f"This is an XML file. {_SAVE_AS}"),
    (("{", "[{", "["), "This is JSON, not a table. Upload the rows as CSV or .xlsx."),
)


def unpacked(content: bytes, limits: Limits) -> tuple[bytes, bool]:
    """Return the content without gzip, and whether it had that; bounded by the limits."""
    if len(content) > limits.bytes_max:
        raise TooLargeError(
            f"The file has more than {limits.bytes_max:,} bytes. Split it into several files."
        )
    if not content.startswith(GZIP):
        return content, False
    parts: list[bytes] = []
    size = 0
    while content.startswith(GZIP):
        stream = zlib.decompressobj(wbits=31)
        try:
            part = stream.decompress(content, limits.unpacked_bytes_max + 1 - size)
        except zlib.error:
            raise UnreadableTableError(_DAMAGED) from None
        size += len(part)
        if size > limits.unpacked_bytes_max:
            raise TooLargeError(
                f"The file unpacks to more than {limits.unpacked_bytes_max:,} bytes. "
                "Split it into several files."
            )
        if not stream.eof:
            raise UnreadableTableError(_DAMAGED)
        parts.append(part)
        content = stream.unused_data
    whole = b"".join(parts)
    if whole.startswith(GZIP):
        raise UnreadableTableError("The file is compressed twice. Unpack it once, then upload it.")
    return whole, True


_DAMAGED: Final = "The compressed file is damaged or incomplete. Compress it again, then upload it."


def refuse_other_kinds(content: bytes) -> None:
    """Refuse what is neither text nor a ZIP archive; raises UnreadableTableError."""
    if not content.strip(b"\x00\t\n\r "):
        raise UnreadableTableError("The file is empty. Choose the file that has the rows.")
    if content.startswith(_COMPOUND):
        if _ENCRYPTED in content:
            raise UnreadableTableError(
                "This Excel file is protected with a password. Remove the password, save it as "
                ".xlsx and upload that file."
            )
        raise UnreadableTableError(
            "This is an Excel file of the old kind (.xls). Open it, save it as .xlsx or CSV "
            "(UTF-8), and upload that file."
        )
    for beginning, detail in _BINARY:
        if content.startswith(beginning):
            raise UnreadableTableError(detail)


def refuse_markup(text: str) -> None:
    """Refuse text that is a web page, XML or JSON; raises UnreadableTableError."""
    beginning = text[:200].lstrip().lower()
    for beginnings, detail in _MARKED_UP:
        if beginning.startswith(beginnings):
            raise UnreadableTableError(detail)


def refuse_archive(names: set[str], mimetype: bytes) -> None:
    """Refuse a ZIP archive that is no workbook we read; raises UnreadableTableError."""
    if mimetype.startswith(b"application/vnd.oasis.opendocument"):
        raise UnreadableTableError(f"This is an OpenDocument file (.ods). {_SAVE_AS}")
    if "xl/workbook.bin" in names:
        raise UnreadableTableError(f"This is a binary Excel workbook (.xlsb). {_SAVE_AS}")
    if "[Content_Types].xml" in names and not any(name.startswith("xl/") for name in names):
        raise UnreadableTableError(f"This is a document, not a spreadsheet. {_SAVE_AS}")
    if "[Content_Types].xml" in names:
        return
    if any(name.endswith(".iwa") for name in names):
        raise UnreadableTableError(f"This is a Numbers file. {_SAVE_AS}")
    raise UnreadableTableError("This is a ZIP archive. Unpack it and upload the table in it.")
