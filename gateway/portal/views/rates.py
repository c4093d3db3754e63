"""The Rates Manager: rate sheets and their rates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from gateway.portal.views.parts import ImportReport, ListQuery, Pager, no_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One rate sheet of the list."""

    id: str
    name: str
    rates: int
    countries: int
    accounts: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsPage:
    """`/rates`: the sheets. The dialog `new` makes one from its `name`."""

    template: ClassVar[str] = "rates/list.html"
    title: str = "Rates"
    section: str = "rates"
    zone: str
    rows: tuple[SheetRow, ...]
    pager: Pager
    name: str = ""
    dialog: Literal["", "new"] = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """One rate: money in micro-units, times in seconds."""

    prefix: str
    country: str
    name: str
    rate: int
    connect_fee: int
    min_duration: int
    increment: int
    effective_from: datetime
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPage:
    """`/rates/{id}`: one sheet. `query` holds q and after; `report` is the last import's."""

    template: ClassVar[str] = "rates/sheet.html"
    section: str = "rates"
    id: str
    name: str
    currency: str
    zone: str
    rates: int
    query: ListQuery
    rows: tuple[RateRow, ...]
    pager: Pager
    mode: Literal["upsert", "replace"] = "upsert"
    report: ImportReport | None = None
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """The sheet's name."""
        return self.name
