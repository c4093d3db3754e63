"""The Rates Manager: rate sheets and their rates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from contracts.billing import CallPrice, Rate
from gateway.portal.views.parts import ImportReport, ListQuery, Pager, no_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One rate sheet of the list; rates in micro-units per minute, None when it has none."""

    id: str
    name: str
    rates: int
    lowest: int | None
    highest: int | None
    accounts: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsPage:
    """`/rates`: the sheets. The dialog `new` makes one from its `name`."""

    template: ClassVar[str] = "rates/list.html"
    title: str = "Rates"
    section: str = "rates"
    currency: str
    zone: str
    rows: tuple[SheetRow, ...]
    pager: Pager
    request: str
    name: str = ""
    dialog: Literal["", "new"] = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBox:
    """What a call would cost: number and minutes as typed, and the answer once there is one."""

    destination: str = ""
    minutes: str = "1"
    price: CallPrice | None = None
    errors: Mapping[str, str] = field(default_factory=no_errors)


SheetDialog = Literal["", "rename", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPage:
    """`/rates/{id}`: one sheet, used by so many `accounts`.

    `query` holds q and after; `report` is the last import's; `version` is the ETag that renaming
    carries, `new_name` the name as typed.
    """

    template: ClassVar[str] = "rates/sheet.html"
    section: str = "rates"
    id: str
    name: str
    version: str
    currency: str
    zone: str
    rates: int
    accounts: int
    query: ListQuery
    rows: tuple[Rate, ...]
    pager: Pager
    price: PriceBox = PriceBox()
    dialog: SheetDialog = ""
    new_name: str = ""
    mode: Literal["upsert", "replace"] = "upsert"
    report: ImportReport | None = None
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """The sheet's name."""
        return self.name
