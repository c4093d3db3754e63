"""How a business runs: its invoices' looks, who changed what, how the platform's parts are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from gateway.portal.views.parts import (
    Choice,
    Kpi,
    Link,
    ListQuery,
    Pager,
    Segment,
    SettingsHead,
    no_errors,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingSettingsFields:
    """How invoices look, as typed."""

    seller_name: str
    seller_address: str
    invoice_prefix: str
    tax_name: str
    tax_percent: str
    invoice_footer: str
    dial_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingSettingsPage:
    """`/settings`: how one's invoices look. `version` is the ETag the form carries.

    `address` is the account's own billing address line by line, which invoices show in place of
    the text that is typed here; empty while there is none.
    """

    template: ClassVar[str] = "settings/billing.html"
    title: str = "Billing settings"
    section: str = "settings"
    head: SettingsHead
    fields: BillingSettingsFields
    dial_formats: tuple[Choice, ...]
    version: str
    shown: str = ""
    address: tuple[str, ...] = ()
    tax_id: str = ""
    overtaken: bool = False
    errors: Mapping[str, str] = field(default_factory=no_errors)


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
    actor_party: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One part of the system and how it is."""

    name: str
    status: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage:
    """`/parts`: how the parts of the system are."""

    template: ClassVar[str] = "health/parts.html"
    title: str = "Health"
    section: str = "health"
    figures: tuple[Kpi, ...]
    parts: tuple[PartRow, ...]
    zone: str
    looked_at: datetime
