"""Many accounts opened from one file: what was accepted, and what becomes of each row."""

from typing import Literal

from pydantic import Field

from contracts.accounts.accounts import AccountCheck, CheckAccount, Failure, OpenAccount
from contracts.base import Answer, Command, Query, Value
from contracts.values import Currency, Moment, Sum

ACCOUNTS_PER_FILE_MAX = 500
FILE_LINES_MAX = 10_000_000

ORDERS_AT_ONCE_MAX = 100
"""So many rows are checked with one question."""

ImportedRowState = Literal["waiting", "opening", "opened", "failed"]


class AccountChecks(Answer):
    """What needs correcting in each of some new accounts, in their order."""

    data: tuple[AccountCheck, ...]


class CheckAccounts(Query[AccountChecks], topic="accounts.check-accounts.v1"):
    """Check the basic info of rows of a file, each as `accounts.check-account.v1` does."""

    accounts: tuple[CheckAccount, ...] = Field(max_length=ORDERS_AT_ONCE_MAX)


class AcceptedRow(Value):
    """A row of a file, checked and quoted like a single order."""

    line: int = Field(ge=1, le=FILE_LINES_MAX)
    """On which it begins in the file."""

    order: OpenAccount
    """With `accepted`: what it was quoted is what is charged."""


class ImportedRow(Value):
    """What became of a row of a file."""

    line: int
    name: str
    email: str
    state: ImportedRowState
    total: Sum
    """What the account was quoted."""

    account_id: str | None = None
    """Once its opening has begun."""

    realm: str = ""
    failure: Failure | None = None


class AccountImport(Answer):
    """The accounts of one file, which open a few at a time, in the order of the file."""

    id: str
    state: Literal["running", "done"]
    accounts: int
    """How many the file has."""

    opened: int = 0
    failed: int = 0
    total: Sum
    """What all of them were quoted."""

    currency: Currency
    created_at: Moment
    finished_at: Moment | None = None
    rows: tuple[ImportedRow, ...] = ()
    """By line; empty in lists."""


class ImportAccounts(Command[AccountImport], topic="accounts.import-accounts.v1"):
    """Open the accounts of a file below the asker; each opens as if it had been ordered alone."""

    content_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the file and all that was said about it: what makes two requests the same."""

    expected_total: Sum
    """What the asker was shown that all of them charge."""

    accepted: tuple[AcceptedRow, ...] = Field(default=(), max_length=ACCOUNTS_PER_FILE_MAX)
    """The rows, by line. No part of what was asked: the same file may be quoted differently."""


class FindAccountImport(Query[AccountImport], topic="accounts.find-account-import.v1"):
    """How far an import of the asker is, row by row."""

    import_id: str = Field(max_length=64)


class AccountImports(Answer):
    """Imports, without their rows, the newest first."""

    data: tuple[AccountImport, ...]


class ListAccountImports(Query[AccountImports], topic="accounts.list-account-imports.v1"):
    """The newest imports of the asker, at most 20."""
