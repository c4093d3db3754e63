"""Pages about calls: what was charged per minute."""

from dataclasses import dataclass
from typing import ClassVar

from contracts.billing import BilledCall
from gateway.features.calls.chart import BarChart
from gateway.portal.views.parts import ListQuery, Pager, Segment, SettingsHead


@dataclass(frozen=True, slots=True, kw_only=True)
class PerMinutePage:
    """`/my/per-minute`, and `/accounts/{id}/calls` as the parent sees it: then without a head.

    `first_day` and `last_day` are the days shown, as written or typed; `days` are those of
    the chart with their minutes and charges, as a table. Money in micro-units.
    """

    template: ClassVar[str] = "calls/per_minute.html"
    id: str
    name: str
    head: SettingsHead | None
    query: ListQuery
    currency: str
    zone: str
    first_day: str
    last_day: str
    presets: tuple[Segment, ...]
    export_url: str
    call_charges: int
    minutes_used: float
    available: int
    chart: BarChart | None
    rows: tuple[BilledCall, ...]
    pager: Pager

    @property
    def section(self) -> str:
        """Of one's own account, or of the accounts that one has."""
        return "calls" if self.head else "accounts"

    @property
    def title(self) -> str:
        """Whose calls they are."""
        return "Per minute" if self.head else f"Calls of {self.name}"
