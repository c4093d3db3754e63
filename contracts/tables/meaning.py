"""A meaning that a column of a table may have."""

from typing import Final, NamedTuple

IGNORE: Final = "ignore"


class Meaning(NamedTuple):
    """What a column may mean."""

    name: str
    label: str
    """For people."""

    group: str = ""
    """Only one column may have a meaning of this group; empty for those that may repeat."""

    is_required: bool = False
    """A table needs a column with a meaning of this group."""
