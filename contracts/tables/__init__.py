"""What the columns of an uploaded table may mean, and how its amounts are written."""

from contracts.tables.aliases import Guess, guesses_of
from contracts.tables.amounts import decimal_comma_of, read_amount
from contracts.tables.columns import ColumnMeaning
from contracts.tables.mapping import Column, MappingNeededError, column_names, resolve
from contracts.tables.meaning import IGNORE, Meaning
from contracts.tables.meanings import MEANINGS, TableKind, meaning_of

__all__ = [
    "IGNORE",
    "MEANINGS",
    "Column",
    "ColumnMeaning",
    "Guess",
    "MappingNeededError",
    "Meaning",
    "TableKind",
    "column_names",
    "decimal_comma_of",
    "guesses_of",
    "meaning_of",
    "read_amount",
    "resolve",
]
