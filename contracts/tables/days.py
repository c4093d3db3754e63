"""Days as files write them, read only where they can mean one day."""

from datetime import date
from typing import Final, Literal

DateOrder = Literal["", "day-first", "month-first"]
"""Which comes first in 01/12/2026; empty refuses such a date."""

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS_IN_A_YEAR: Final = 12


class AmbiguousDayError(ValueError):
    """A date that may mean either of two days; the message asks which number comes first."""

    def __init__(self, one: date, other: date) -> None:
        super().__init__(
            f"This may be {one} or {other}. Choose “day first” or “month first” for the column."
        )


def month_of(name: str) -> int:
    """Return the number of a month from its English name or a beginning of it; or ValueError."""
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name.lower()) or name.lower() == "sept" == month[:4]:
            return number
    raise ValueError(name)


def day_of(first: int, second: int, year: int, order: DateOrder) -> date:
    """Return the day of two numbers and a year.

    Raises AmbiguousDayError where they may mean two days and no `order` is stated, and ValueError
    where they mean none.
    """
    if order == "day-first":
        return date(year, second, first)
    if order == "month-first":
        return date(year, first, second)
    if first == second or second > _MONTHS_IN_A_YEAR:
        return date(year, first, second)
    if first > _MONTHS_IN_A_YEAR:
        return date(year, second, first)
    raise AmbiguousDayError(date(year, second, first), date(year, first, second))
