"""What an import of call records answers: each call of the file, and what became of it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from contracts import compatibility
from contracts.base import Answer, Value
from contracts.billing import RejectionReason
from contracts.call_files import CallFileFormat
from contracts.exact_rates import ExactRate
from contracts.tables import ColumnMeaning
from contracts.values import Amount, Country, Currency, Sum

ImportedCallStatus = Literal[
    "accepted", "already-charged", "rejected", "not-answered", "not-outbound", "ignored"
]


class ImportedCall(Value):
    """A call of the file."""

    lines: tuple[int, ...]
    """Of its rows, which are legs of the call."""

    call_id: str
    status: Annotated[
        ImportedCallStatus,
        Field(
            description="`accepted`: charged a moment after the import, or what would be charged."
            " New ones may be added.",
            json_schema_extra={compatibility.GROWS: True},
        ),
    ]
    reason: RejectionReason | None = None
    """Why it's rejected; it waits as a rejected call until it is corrected."""

    detail: str = ""
    account: str = ""
    """The account's ID where it is known, otherwise as the file names it."""

    caller: str = ""
    destination: str = ""
    """E.164 for a number that we know, otherwise as the file has it."""

    country: Country | None = None
    answered_at: datetime | None = None
    seconds: int = 0
    rated_seconds: int = 0
    rate: Amount = 0
    """Per 60 seconds."""

    rate_exact: ExactRate | None = None
    """With all of its decimals, where it has more than 6."""

    cost: Amount = 0
    currency: Currency | None = None


class ImportedSum(Value):
    """What the accepted calls come to in one currency."""

    currency: Currency
    calls: int
    cost: Sum


class CallImport(Answer):
    """A file of call records that was checked, or imported."""

    id: str = ""
    """Of the report of what isn't charged, for a week; empty when there's nothing in it."""

    dry_run: bool
    """Whether no call was kept."""

    format: CallFileFormat
    rows: int
    calls: int
    accepted: int
    already_charged: int
    rejected: int
    not_answered: int
    not_outbound: int
    """Answered, but not outbound: inbound calls, voicemail, announcements."""

    ignored: int
    """Of accounts that the sender doesn't want charged."""

    sums: tuple[ImportedSum, ...]
    columns: tuple[ColumnMeaning, ...] = ()
    """What each column was read as; empty for a format without column names."""

    mapping_remembered: bool = False
    """Whether it was read as an earlier file with the same column names."""

    data: tuple[ImportedCall, ...]
    """Every call, in the order of the file."""
