"""The audit trail: who changed what, from what to what, and on whose behalf."""

from collections.abc import Mapping

from pydantic import Field

from contracts.base import Answer, Value
from contracts.values import Moment, PageLimit


class AuditRecord(Value):
    """One change that a person or a program made."""

    id: str
    at: Moment
    actor: str
    """User id, key id, or `system` for what follows from a date or a payment by itself."""

    actor_account_id: str
    """Of the actor: another than `account_id` when it was done on that account's behalf.

    Empty for the system.
    """

    account_id: str
    """What was changed belongs to it."""

    action: str
    """Such as `account.disabled`."""

    subject: str = ""
    """What was changed, in words: a name, a number, an invoice."""

    before: Mapping[str, str] = {}
    after: Mapping[str, str] = {}
    """The fields that changed, as people read them; never a secret."""


class AuditPage(Answer):
    """Changes, newest first."""

    data: tuple[AuditRecord, ...]
    next: str | None = None


class AuditFilter(Value):
    """Which changes: of the asker's own account and the accounts below it."""

    account_id: str | None = None
    actor: str | None = Field(default=None, max_length=64)
    start: Moment | None = None
    end: Moment | None = None
    limit: PageLimit = 50
    cursor: str | None = None
