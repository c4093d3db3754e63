"""Accounts opened from one file: the import as a whole, and each of its rows."""

from typing import Final

from contracts import accounts as contracts
from contracts.accounts import Failure, ImportedRowState, OpenAccount
from contracts.values import Moment
from services.accounts.model.accounts import StoredAccount, Value

OPENING_AT_ONCE: Final = 10
"""So many accounts of files open at the same time, so that single orders need not wait."""

IMPORT_MINUTES_MAX: Final = 15
"""An import that has not moved for longer than this is a fault for the audit."""


class Import(Value):
    """The accounts of one file, ordered at once."""

    id: str
    reseller_id: str
    parent_id: str
    """Of the reseller."""

    actor: str
    """Who ordered them."""

    currency: str
    accounts: int
    total: int
    """Micro-units; what all of them were quoted."""

    opened: int = 0
    failed: int = 0
    created_at: Moment
    moved_at: Moment
    """When a row of it last came to its end."""

    finished_at: Moment | None = None

    def settled(self, state: ImportedRowState, now: Moment) -> "Import":
        """Return the import after one more row has come to its end."""
        opened = self.opened + (state == "opened")
        failed = self.failed + (state == "failed")
        finished_at = now if opened + failed == self.accounts else None
        return self.model_copy(
            update={
                "opened": opened,
                "failed": failed,
                "moved_at": now,
                "finished_at": finished_at,
            }
        )


class ImportRow(Value):
    """A row of a file, and how far its account is."""

    id: str
    """The import's id and the line: the key by which it opens once."""

    import_id: str
    line: int
    name: str
    email: str
    total: int
    state: ImportedRowState = "waiting"
    order: OpenAccount | None
    """Until the account exists."""

    account_id: str | None = None
    realm: str = ""
    failure: Failure | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not come to its end."""
        return self.state in ("waiting", "opening")

    def begun(self, account: contracts.Account) -> "ImportRow":
        """Return the row once its account is opening."""
        return self.model_copy(
            update={
                "state": "opening",
                "order": None,
                "account_id": account.id,
                "realm": account.realm,
            }
        )

    def ended(self, account: StoredAccount) -> "ImportRow":
        """Return the row once its account is open or has failed."""
        state = "failed" if account.status == "failed" else "opened"
        return self.model_copy(update={"state": state, "failure": account.failure})

    def refused(self, failure: Failure) -> "ImportRow":
        """Return the row when its account could not even begin to open."""
        return self.model_copy(update={"state": "failed", "order": None, "failure": failure})


def row_id(import_id: str, line: int) -> str:
    """Return the id of a row; ids sort by line."""
    return f"{import_id}/{line:08}"


def import_view(found: Import, rows: tuple[ImportRow, ...] = ()) -> contracts.AccountImport:
    """Return an import as its reseller sees it."""
    return contracts.AccountImport(
        id=found.id,
        state="done" if found.finished_at else "running",
        accounts=found.accounts,
        opened=found.opened,
        failed=found.failed,
        total=found.total,
        currency=found.currency,
        created_at=found.created_at,
        finished_at=found.finished_at,
        rows=tuple(
            contracts.ImportedRow.model_validate(row.model_dump(exclude={"order"})) for row in rows
        ),
    )
