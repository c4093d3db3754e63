"""Reading a table from the bytes of a file."""

from collections.abc import Sequence
from dataclasses import replace

from services.chassis.tables import files, shape, text, workbook
from services.chassis.tables.values import Detected, Limits, Row, Stated, Table

_PLAIN = Stated()
_USUAL = Limits()


def read_table(content: bytes, stated: Stated = _PLAIN, limits: Limits = _USUAL) -> Table:
    """Return the table in a file: text (CSV and its relatives) or an .xlsx, both also gzipped.

    Raises UnreadableTableError with a sentence for the person who uploads it, and
    EncodingUnknownError when the encoding must be confirmed. It takes time in proportion to the
    file (about half a second for 250,000 rows), so call it in a thread.
    """
    content, compressed = files.unpacked(content, limits)
    files.refuse_other_kinds(content)
    if content.startswith(files.ZIP):
        rows, sheet = workbook.read_workbook(content, stated.sheet, limits)
        return _table(rows, stated, Detected("xlsx", compressed, sheet=sheet))
    plain, encoding = text.decoded(content, stated.encoding)
    files.refuse_markup(plain)
    rows, separator = text.split(plain, stated.separator, limits)
    name = next((name for name, own in text.SEPARATORS.items() if own == separator), "")
    return _table(rows, stated, Detected("text", compressed, encoding, name))


def _table(rows: Sequence[Row], stated: Stated, detected: Detected) -> Table:
    position = shape.header_position(rows, stated=stated.header)
    if position is None:
        return Table(None, rows, shape.width_of(rows), detected)
    header = rows[position]
    titles = tuple(" ".join(filter(None, row.cells)) for row in rows[:position])
    body = rows[position + 1 :]
    names = header.cells + ("",) * shape.surplus_of(body, len(header.cells))
    return Table(names, body, len(names), replace(detected, header_line=header.line, titles=titles))
