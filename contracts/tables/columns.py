"""The columns of one table, and what each was read as."""

from typing import Final

from pydantic import Field

from contracts.base import Value

NAME_CHARACTERS_SHOWN: Final = 100


class ColumnMeaning(Value):
    """What a column of a table is called, and what it means (`contracts.tables`)."""

    name: str = Field(max_length=100_000)
    meaning: str = Field(max_length=64)

    @classmethod
    def shown(cls, name: str, meaning: str) -> "ColumnMeaning":
        """Return it for a report, with a name that is not longer than people read."""
        return cls(name=name[:NAME_CHARACTERS_SHOWN], meaning=meaning)
