"""Rejected calls: records that could not be charged, and what people do about them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from contracts import compatibility
from contracts.base import Answer, Command, Event, Query, Value
from contracts.calls import CALL_ID_CHARACTERS_MAX, RECORD_SECONDS_MAX
from contracts.values import Moment, PageLimit, Realm

REJECTED_RECORDS_MAX = 100
DISMISSAL_CHARACTERS_MAX = 500
REJECTION_CHARACTERS_MAX = 500

RejectionReason = Literal[
    "unknown-account",
    "invalid-destination",
    "no-rate",
    "conflict",
    "malformed",
    "implausible-time",
    "too-late",
]

RejectionReasonField = Annotated[
    RejectionReason,
    Field(
        description="New reasons may be added: treat one that you don't know as a record to look"
        " at.",
        json_schema_extra={compatibility.GROWS: True},
    ),
]

RejectedCallStatus = Literal["waiting", "retrying", "charged", "dismissed"]
"""Only a call that waits needs a person; one that is charged by whatever record closes itself."""


class CallRejected(Event, topic="billing.call-rejected.v1"):
    """The record of a call could not be charged; it's kept until it can be, or is dismissed."""

    rejected_call_id: str
    call_id: str
    account_id: str
    """Empty when it isn't known; likewise the reseller's."""

    reseller_id: str
    reason: RejectionReasonField
    detail: str


class RejectedCall(Answer):
    """A record that could not be charged, and why."""

    id: str
    version: int
    """Grows with each change; a correction names the one that it was made from."""

    reason: RejectionReasonField
    detail: str
    call_id: str
    account_id: str
    """Empty when it isn't known."""

    reseller_id: str
    """Who mends it: the account's reseller, or whose switch sent it; else the operator."""

    record: dict[str, JsonValue]
    """As it came."""

    corrections: Mapping[str, JsonValue] = {}
    """The fields that a person has changed; a retry uses them instead of the record's own."""

    status: RejectedCallStatus
    received_at: Moment
    retried_at: Moment | None = None
    closed_at: Moment | None = None
    """When it was charged or dismissed."""

    dismissed_because: str = ""


class RejectedCallPage(Answer):
    """Rejected calls, the oldest first."""

    data: tuple[RejectedCall, ...]
    next: str | None = None


class ListRejectedCalls(Query[RejectedCallPage], topic="billing.list-rejected-calls.v1"):
    """Rejected calls: all of them for operators, a reseller's own for the reseller."""

    status: RejectedCallStatus | None = None
    reason: RejectionReason | None = None
    call_id: str | None = Field(default=None, max_length=CALL_ID_CHARACTERS_MAX)
    limit: PageLimit = 50
    cursor: str | None = None


class FindRejectedCall(Query[RejectedCall], topic="billing.find-rejected-call.v1"):
    """One rejected call of those that the asker may see."""

    rejected_call_id: str


class RetryRejectedCall(Command[RejectedCall], topic="billing.retry-rejected-call.v1"):
    """Try to charge a rejected call again; it waits again if it still can't be charged."""

    rejected_call_id: str


class DismissRejectedCall(Command[RejectedCall], topic="billing.dismiss-rejected-call.v1"):
    """Close a rejected call without charging it. The record is kept with the reason."""

    rejected_call_id: str
    reason: str = Field(max_length=DISMISSAL_CHARACTERS_MAX)


class CorrectRejectedCall(Command[RejectedCall], topic="billing.correct-rejected-call.v1"):
    """Change fields of a rejected call, then retry it. Fields that are left out stay as they are.

    Refused with `version-conflict` when it isn't of this version any more.
    """

    rejected_call_id: str
    version: int
    call_id: str | None = Field(default=None, min_length=1, max_length=CALL_ID_CHARACTERS_MAX)
    account_id: str | None = Field(default=None, min_length=1, max_length=64)
    realm: Realm | None = Field(default=None, min_length=1, max_length=255)
    """Names the account instead of its id."""

    caller: str | None = Field(default=None, max_length=64)
    destination: str | None = Field(default=None, max_length=64)
    answered_at: Moment | None = None
    seconds: int | None = Field(default=None, ge=1, le=RECORD_SECONDS_MAX)


class RejectedRecord(Value):
    """A record that the gateway could not hand over, and why."""

    record: dict[str, JsonValue]
    reason: Literal["unknown-account", "malformed", "conflict"]
    """`conflict`: a file has several legs of the call, and doesn't say which to charge."""

    detail: str = Field(max_length=REJECTION_CHARACTERS_MAX)


class RejectedCallIds(Answer):
    """The rejected calls that records became, in the order of the records."""

    ids: tuple[str, ...]


class RejectCalls(Command[RejectedCallIds], topic="billing.reject-calls.v1"):
    """Keep records that can't be charged as the rejected calls of whose switch or person sent them.

    The same record of the same sender's account is kept once.
    """

    records: tuple[RejectedRecord, ...] = Field(max_length=REJECTED_RECORDS_MAX)
