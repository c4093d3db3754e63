"""The reseller's stock of phone numbers."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from contracts.numbers import NumberState
from gateway.portal.views.parts import Column, Link, ListQuery, Pager, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRow:
    """One number; fees in micro-units. `until` ends a hold or a quarantine."""

    e164: str
    state: NumberState
    setup_fee: int
    monthly_fee: int
    place: str = ""
    account: Link | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersPage:
    """`/numbers`: the stock. `query` holds q, state, sort, after."""

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
