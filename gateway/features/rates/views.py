"""The Rates Manager: rate sheets and their rates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from contracts.billing import CallPrice, ImportReport, Rate, RateRevision
from gateway.portal.views.parts import (
    Choice,
    KeptTable,
    ListQuery,
    MappingQuestion,
    Pager,
    ReadColumn,
    Segment,
    Step,
    no_errors,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One rate sheet of the list; rates in micro-units per minute, None when it has none.

    The exact ones have the decimals beyond those; None when there are none.
    """

    id: str
    name: str
    rates: int
    lowest: int | None
    highest: int | None
    lowest_exact: int | None = None
    highest_exact: int | None = None
    accounts: int
    changed_at: datetime
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsPage:
    """`/rates`: the sheets. The dialog `new` makes one from its `name`."""

    template: ClassVar[str] = "rates/list.html"
    title: str = "Rates"
    section: str = "rates"
    currency: str
    zone: str
    query: ListQuery
    segments: tuple[Segment, ...]
    rows: tuple[SheetRow, ...]
    pager: Pager
    request: str
    name: str = ""
    dialog: Literal["", "new"] = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def export_url(self) -> str:
        """The same list as a file."""
        archived = "true" if self.query.value("show") else "false"
        return self.query.file("/v1/rate-sheets.csv", archived=archived)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBox:
    """What a call would cost: number and minutes as typed, and the answer once there is one."""

    destination: str = ""
    minutes: str = "1"
    price: CallPrice | None = None
    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetHead:
    """What all pages of a sheet begin with; it is used by so many `accounts`."""

    id: str
    name: str
    version: str
    currency: str
    zone: str
    rates: int
    accounts: int
    archived: bool = False
    shown: str = ""
    """What the form of its name begins with, for its hidden field."""

    @property
    def url(self) -> str:
        """Its page."""
        return f"/rates/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUnderWay:
    """A change of rates that goes on: `done` rows of `of` are written, both 0 before that."""

    import_id: str
    heading: str
    steps: tuple[Step, ...]
    done: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDone:
    """A change of rates that has ended; `detail` is why it was not made."""

    import_id: str
    kind: Literal["import", "copy", "restore", "edit"]
    outcome: Literal["checked", "changed", "refused", "failed"]
    report: ImportReport | None = None
    detail: str = ""
    revision: int | None = None
    read_as_before: tuple[ReadColumn, ...] = ()
    """How the file's columns were read, where that's known from an earlier one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateForm:
    """One rate as typed. `is_new`: its prefix and beginning can still be chosen."""

    prefix: str = ""
    effective_from: str = ""
    """A day, or of a rate that is there its exact moment."""

    begins_at: datetime | None = None
    country: str = ""
    name: str = ""
    rate: str = ""
    connect_fee: str = "0.00"
    min_duration: str = "60"
    increment: str = "60"
    grace: str = "0"
    blocked: bool = False
    is_new: bool = True
    version: str = ""
    """Of the sheet that the form was shown for; empty: of the sheet as it is now."""

    shown: str = ""
    """What the form began with, for its hidden field."""

    overtaken: bool = False


SheetDialog = Literal["", "rename", "copy", "archive", "delete", "rate", "remove"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPage:
    """`/rates/{id}`: one sheet.

    `query` holds q and after; `under_way` is a change of its rates that goes on, `done` the one
    that was asked for. `new_name`, `confirm_name` and `margin` are as typed.
    """

    template: ClassVar[str] = "rates/sheet.html"
    section: str = "rates"
    sheet: SheetHead
    query: ListQuery
    rows: tuple[Rate, ...]
    pager: Pager
    price: PriceBox = PriceBox()
    dialog: SheetDialog = ""
    request: str = ""
    new_name: str = ""
    confirm_name: str = ""
    margin: str = "0"
    countries: tuple[Choice, ...] = ()
    rate: RateForm = RateForm()
    mode: Literal["upsert", "replace"] = "upsert"
    question: MappingQuestion | None = None
    """What the columns of a file mean, where that must be said."""

    kept: KeptTable | None = None
    """That file; None when it is too large for a page and must be chosen again."""

    under_way: ChangeUnderWay | None = None
    done: ChangeDone | None = None
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """The sheet's name."""
        return self.sheet.name


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsPage:
    """`/rates/{id}/versions`: what the sheet contained, the newest first, and the way back."""

    template: ClassVar[str] = "rates/versions.html"
    section: str = "rates"
    sheet: SheetHead
    actor: str
    """Who looks at it."""

    rows: tuple[RateRevision, ...]
    restore: int = 0
    """The version that the dialog would go back to."""

    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """The sheet's name."""
        return f"{self.sheet.name}: versions"
