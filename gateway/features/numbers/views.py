"""The reseller's stock of phone numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from contracts.numbers import NumberDifference, NumberState, StockMode
from gateway.portal.views.parts import (
    Choice,
    Column,
    ImportReport,
    Link,
    ListQuery,
    MappingQuestion,
    Pager,
    Segment,
    no_errors,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRow:
    """One number; fees in micro-units. `until` ends a hold or a quarantine."""

    e164: str
    state: NumberState
    setup_fee: int
    monthly_fee: int
    locality: str = ""
    account: Link | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockImport:
    """The form that sends a list of numbers, and what came of the last one.

    `csv` is the list as text, while it still has something to be sent; `answers` are what was said
    about its columns: the fields of the form with their values.
    """

    modes: tuple[Choice, ...]
    mode: StockMode
    csv: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    report: ImportReport | None = None
    differences: tuple[NumberDifference, ...] = ()
    question: MappingQuestion | None = None
    """What the columns mean, where that must be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeesForm:
    """The fees of one spare number as typed."""

    number: str = ""
    setup_fee: str = ""
    monthly_fee: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersPage:
    """`/numbers`: the stock. `query` holds q, state, sort, after.

    The dialogs `fees` and `remove` are about one spare number.
    """

    template: ClassVar[str] = "numbers/list.html"
    title: str = "Numbers"
    section: str = "numbers"
    query: ListQuery
    currency: str
    zone: str
    segments: tuple[Segment, ...]
    columns: tuple[Column, ...]
    rows: tuple[StockRow, ...]
    pager: Pager
    any_number: bool
    request: str
    sending: StockImport
    dialog: Literal["", "fees", "remove"] = ""
    fees: FeesForm = FeesForm()
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def export_url(self) -> str:
        """The same list as a file."""
        return self.query.file("/v1/numbers.csv", "q", "state")


def number_columns() -> tuple[Column, ...]:
    """Return the stock's columns."""
    return (
        Column(label="Number"),
        Column(label="Country"),
        Column(label="Account"),
        Column(label="Set-up fee", numeric=True),
        Column(label="Monthly fee", numeric=True),
        Column(label="State"),
    )
