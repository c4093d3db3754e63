"""Pages about rejected calls: the list, and one of them with what can be done about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final

from contracts.billing import RejectedCallStatus, RejectionReason
from gateway.portal.views.parts import Choice, ListQuery, Pager, Segment

REASONS: Final[Mapping[RejectionReason, str]] = {
    "unknown-account": "Unknown account",
    "invalid-destination": "Invalid destination",
    "no-rate": "No rate",
    "conflict": "Already charged differently",
    "malformed": "Unreadable record",
    "implausible-time": "Impossible time",
    "too-late": "Too old",
}
NEXT_STEPS: Final[Mapping[RejectionReason, str]] = {
    "unknown-account": "Enter the account that made the call, or open it and retry.",
    "invalid-destination": "Correct the number that was dialled.",
    "no-rate": "Add a rate for it, then retry.",
    "conflict": "Compare it with the charged call. If it’s another call, give it a call ID of its"
    " own; if not, dismiss it.",
    "malformed": "Correct the fields that can’t be read.",
    "implausible-time": "Correct the time of the answer, and check the clock of the switch.",
    "too-late": "Correct the time of the answer if it’s wrong. If not, dismiss the call.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedCallRow:
    """One rejected call of the list."""

    id: str
    reason: RejectionReason
    detail: str
    call_id: str
    account_id: str
    caller: str
    destination: str
    seconds: int | None
    """Like the two before it empty where the record doesn't say it."""

    record: str
    """As JSON, as it came."""

    status: RejectedCallStatus
    received_at: datetime

    @property
    def title(self) -> str:
        """The reason in a few words."""
        return REASONS.get(self.reason, self.reason)

    @property
    def is_open(self) -> bool:
        """Whether it can be corrected, retried or dismissed."""
        return self.status in {"waiting", "dismissed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedCallsPage:
    """`/rejected-calls`: records that could not be charged. `query` holds status, reason, after."""

    template: ClassVar[str] = "rejected_calls/rejected_calls.html"
    title: str = "Rejected calls"
    section: str = "rejected-calls"
    query: ListQuery
    zone: str
    segments: tuple[Segment, ...]
    rows: tuple[RejectedCallRow, ...]
    pager: Pager

    @property
    def reasons(self) -> tuple[Choice, ...]:
        """What the list can be narrowed to."""
        return tuple(Choice(value=value, label=label) for value, label in REASONS.items())

    @property
    def export_url(self) -> str:
        """The same list as a file."""
        status = self.query.value("status") or "waiting"
        wanted = "" if status == "all" else status
        return self.query.file("/v1/rejected-calls.csv", "reason", status=wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedCallFields:
    """The fields of a rejected call as its form shows them."""

    call_id: str
    account: str
    """Its id or its realm."""

    caller: str
    destination: str
    answered_at: str
    """As a date-and-time field takes it, in the zone of the page."""

    seconds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedCallPage:
    """`/rejected-calls/{id}`: one of them, to be corrected, retried or dismissed."""

    template: ClassVar[str] = "rejected_calls/rejected_call.html"
    section: str = "rejected-calls"
    row: RejectedCallRow
    version: int
    zone: str
    fields: RejectedCallFields
    shown: str = ""
    """What the form began with, for its hidden field."""

    corrections: str
    """The fields that were changed before, as JSON; empty when none was."""

    retried_at: datetime | None
    closed_at: datetime | None
    dismissed_because: str
    reason: str = ""
    """The reason that was typed for dismissing it."""

    overtaken: bool = False
    """Whether someone else changed the call first: the form has both changes."""

    errors: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def title(self) -> str:
        """Which call it is."""
        return f"Rejected call {self.row.call_id}" if self.row.call_id else "Rejected call"

    @property
    def next_step(self) -> str:
        """What helps, in a sentence."""
        return NEXT_STEPS.get(self.row.reason, "")

    @property
    def url(self) -> str:
        """Its own address."""
        return f"/rejected-calls/{self.row.id}"
