"""The page about who changed what."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gateway.portal.views.parts import (
    Choice,
    Link,
    ListQuery,
    Pager,
    Segment,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedField:
    """One field of a change, from what to what; empty where it was nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One change of the audit trail; `actor_party` is set when it is of another account."""

    at: datetime
    actor: Link
    actor_account: str
    account: Link | None
    what: str
    subject: str
    fields: tuple[ChangedField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """`/audit`: who changed what. `query` holds account, actor, from, to, after.

    `people` are those of this page, to choose from; `filters` are the ones in force, each with the
    address without it.
    """

    template: ClassVar[str] = "audit/list.html"
    title: str = "Audit trail"
    section: str = "audit"
    query: ListQuery
    zone: str
    first_day: str
    last_day: str
    presets: tuple[Segment, ...]
    people: tuple[Choice, ...]
    filters: tuple[Link, ...]
    export_url: str
    rows: tuple[ChangeRow, ...]
    pager: Pager
