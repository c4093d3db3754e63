"""How many calls of each account this process has charged since they were last summed."""

from typing import Final

ENTRIES_BEHIND: Final = 2_000
"""With so many calls that no sum covers, an account is brought up to date."""


class Behind:
    """The accounts of which this process has charged many calls since they were summed."""

    def __init__(self) -> None:
        self._calls: dict[str, int] = {}
        self._due: set[str] = set()

    def add(self, account_id: str, calls: int) -> None:
        """Note that calls of an account have been charged, or were found without a sum."""
        behind = self._calls.pop(account_id, 0) + calls
        if behind >= ENTRIES_BEHIND:
            self._due.add(account_id)
        else:
            self._calls[account_id] = behind

    def take(self) -> set[str]:
        """Return the accounts that are to be brought up to date, and forget them."""
        due, self._due = self._due, set()
        return due
