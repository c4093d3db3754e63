"""Whose calls the switch tells of: remembered, for neither a realm nor a parent ever changes."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final, NamedTuple

OWNERS_REMEMBERED: Final = 50_000


class Name(NamedTuple):
    """By what a record names its account."""

    by: str
    """`account_id` or `realm`."""

    value: str


class AccountLookup:
    """The accounts that switches were found to serve, by the switch's own account and by name."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, Name], str] = OrderedDict()

    def known(self, switch_account_id: str, names: Collection[Name]) -> dict[Name, str]:
        """Return the account ids of those names that were found before."""
        found = {name: self._known.get((switch_account_id, name)) for name in names}
        return {name: account_id for name, account_id in found.items() if account_id}

    def remember(self, switch_account_id: str, found: dict[Name, str]) -> None:
        """Remember whose these names are."""
        for name, account_id in found.items():
            self._known[switch_account_id, name] = account_id
            if len(self._known) > OWNERS_REMEMBERED:
                self._known.popitem(last=False)
