"""The operator's pages: resellers and the stock of numbers given to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from contracts.accounts import AccountStatus, Administrator
from gateway.portal.views.accounts import BasicFields
from gateway.portal.views.parts import (
    Choice,
    Column,
    ImportReport,
    Kpi,
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
    section: str = "resellers"
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
    """`/resellers/new`."""

    template: ClassVar[str] = "resellers/new.html"
    title: str = "New reseller"
    section: str = "resellers"
    fields: BasicFields
    reseller: ResellerFields
    currencies: tuple[Choice, ...]
    countries: tuple[Choice, ...]
    time_zones: tuple[Choice, ...]
    request: str
    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResellerPage:
    """`/resellers/{id}`: one reseller and the import of numbers into its stock.

    `csv` is what was pasted; `report` is the last import's, row by row.
    """

    template: ClassVar[str] = "resellers/overview.html"
    section: str = "resellers"
    id: str
    name: str
    realm: str
    status: AccountStatus
    status_reason: str
    opened_at: datetime
    administrator: Administrator
    fields: ResellerFields
    stock: tuple[Kpi, ...]
    request: str
    csv: str = ""
    report: ImportReport | None = None
    dialog: Literal["", "disable", "enable"] = ""
    reason: str = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """The reseller's name."""
        return self.name
