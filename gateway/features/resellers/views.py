"""The operator's list of resellers, and the form that opens one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from contracts.accounts import AccountStatus, Administrator
from contracts.billing import Quote
from gateway.features.accounts.views import BasicFields
from gateway.features.opening.views import PlanFields
from gateway.portal.views.parts import (
    Choice,
    Column,
    ListQuery,
    Pager,
    Segment,
    no_errors,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResellerRow:
    """One reseller of the list."""

    id: str
    name: str
    domain: str
    country: str
    currency: str
    administrator: Administrator
    opened_at: datetime
    status: AccountStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ResellersPage:
    """`/resellers`: the list. `query` holds q, status, sort, after."""

    template: ClassVar[str] = "resellers/list.html"
    title: str = "Resellers"
    section: str = "accounts"
    query: ListQuery
    segments: tuple[Segment, ...]
    columns: tuple[Column, ...]
    rows: tuple[ResellerRow, ...]
    pager: Pager
    any_reseller: bool

    @property
    def export_url(self) -> str:
        """The same list as a file."""
        return self.query.file("/v1/resellers.csv", "q", "status", "sort")


def reseller_columns(query: ListQuery) -> tuple[Column, ...]:
    """Return the list's columns."""
    return (
        query.column("name", "Reseller"),
        query.column("administrator", "Administrator"),
        Column(label="Country"),
        Column(label="Currency"),
        query.column("created_at", "Opened"),
        Column(label="Status"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResellerFields:
    """What a reseller has beside an account's fields, as typed."""

    currency: str = "USD"
    country: str = ""
    time_zone: str = ""
    realm_domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResellerPage:
    """`/resellers/new`: who it is, and if one likes a plan and credit; both may stay empty.

    `quote` is None while the fields do not allow one; `quote_missing` then says what is missing.
    """

    template: ClassVar[str] = "resellers/new.html"
    title: str = "New reseller"
    section: str = "accounts"
    fields: BasicFields
    reseller: ResellerFields
    plan: PlanFields
    currencies: tuple[Choice, ...]
    countries: tuple[Choice, ...]
    time_zones: tuple[Choice, ...]
    quote: Quote | None
    quote_missing: str
    request: str
    errors: Mapping[str, str] = field(default_factory=no_errors)
