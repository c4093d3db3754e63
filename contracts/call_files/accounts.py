"""Whose calls the records of a file are: by what the file says, or by what its sender explains."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from contracts.call_files.rows import Leg

ACCOUNT_IGNORED: Final = "ignore"
"""What a code is explained by whose calls are none of ours."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How the accounts of a file are named."""

    by: Literal["account", "caller"] = "account"
    """Which field of a record says it."""

    account: str = ""
    """The id or the realm of the account whose calls they all are; empty: each says its own."""

    codes: Mapping[str, str] = field(default_factory=dict[str, str])
    """What codes, or numbers of callers, mean: an account's id or realm, or `ignore`."""

    def code_of(self, leg: Leg) -> str:
        """Return what a record names its account by."""
        return leg.caller if self.by == "caller" else leg.account

    def account_of(self, leg: Leg) -> str:
        """Return the id or realm of a record's account, or `ignore`; empty when it names none."""
        if self.account:
            return self.account
        code = self.code_of(leg)
        if self.by == "caller":
            return self.codes.get(code, "")
        return self.codes.get(code, code)


def field_of(account: str) -> Literal["account_id", "realm"]:
    """Return by which field of a record an account is named: a realm has a dot, an id has none."""
    return "realm" if "." in account else "account_id"
