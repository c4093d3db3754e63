"""Pages about accounts that are opened from a file: the file and its dry run, and the report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from contracts.accounts import AccountImport
from gateway.features.account_imports.answers import AccountFileCheck
from gateway.portal.views.parts import Choice, KeptTable, MappingQuestion, ReadColumn, no_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ForAllRows:
    """What was typed for all rows of a file that has no column for it."""

    users: str = ""
    cost_per_user: str = ""
    rate_sheet_id: str = ""
    credit_amount: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenManyPage:
    """`/accounts/import`: a file of accounts, and what opening them would do."""

    template: ClassVar[str] = "account_imports/new.html"
    title: str = "Open many accounts"
    section: str = "accounts"
    currency: str
    zone: str
    rate_sheets: tuple[Choice, ...]
    for_all: ForAllRows
    kept: KeptTable | None = None
    question: MappingQuestion | None = None
    check: AccountFileCheck | None = None
    request: str
    """The key under which the accounts are opened once."""

    recent: tuple[AccountImport, ...] = ()
    read_as_before: tuple[ReadColumn, ...] = ()
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def open_label(self) -> str:
        """What the button that opens the accounts says before the amount."""
        count = self.check.accounts if self.check else 0
        return f"Open {count:,} account{'' if count == 1 else 's'} for"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """`/accounts/imports/{id}`: what became of each row of a file."""

    template: ClassVar[str] = "account_imports/show.html"
    title: str = "Accounts from a file"
    section: str = "accounts"
    zone: str
    found: AccountImport

    @property
    def url(self) -> str:
        """Where it is."""
        return f"/accounts/imports/{self.found.id}"

    @property
    def ended(self) -> int:
        """How many rows have come to their end."""
        return self.found.opened + self.found.failed
