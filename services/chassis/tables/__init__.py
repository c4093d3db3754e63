"""Reads a table that somebody uploads: bytes become a grid of text cells with line numbers.

It finds out how the table is written (compression, workbook or text, encoding, separator, title
rows, header) and never what a column means.
"""

from services.chassis.tables.lines import LineRows
from services.chassis.tables.reading import read_table
from services.chassis.tables.values import (
    ENCODINGS,
    SEPARATORS,
    Detected,
    EncodingUnknownError,
    Limits,
    Row,
    Stated,
    Table,
    TooLargeError,
    UnreadableTableError,
    guarded,
    unguarded,
)

__all__ = [
    "ENCODINGS",
    "SEPARATORS",
    "Detected",
    "EncodingUnknownError",
    "Limits",
    "LineRows",
    "Row",
    "Stated",
    "Table",
    "TooLargeError",
    "UnreadableTableError",
    "guarded",
    "read_table",
    "unguarded",
]
