"""Whose calls the records of a file are: by what the file says, or by what its sender explains."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from contracts.call_files.rows import Leg
from contracts.calls import DialFormat

_BETWEEN: Final = re.compile(r"[\s().\-/]+")
_E164: Final = re.compile(r"\+[1-9]\d{5,14}", re.ASCII)
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


def e164_of(number: str, dial_format: DialFormat | None) -> str:
    """Return a caller's number as E.164; empty when it isn't written as an international one.

    Without +, only the stated format `e164` makes it one.
    """
    plain = _BETWEEN.sub("", number)
    if not plain.startswith("+") and dial_format == "e164":
        plain = f"+{plain.removeprefix('00')}"
    return plain if _E164.fullmatch(plain) else ""


def field_of(account: str) -> Literal["account_id", "realm"]:
    """Return by which field of a record an account is named: a realm has a dot, an id has none."""
    return "realm" if "." in account else "account_id"
