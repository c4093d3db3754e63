"""Bodies of requests about calls: authorising, extending and releasing them, and their records."""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from contracts.base import Answer, Value
from contracts.billing import REQUESTED_SECONDS_MAX, RejectionReason
from contracts.calls import (
    CALL_ID_CHARACTERS_MAX,
    CARRIER_CHARACTERS_MAX,
    RECORD_SECONDS_MAX,
    SWITCH_CALL_ID_CHARACTERS_MAX,
    CallDirection,
    CallEnded,
    DialFormat,
    started_seconds,
)
from gateway.http.schemas import Body, NumberText, RealmText, Yes
from gateway.http.times import AnyTime

RECORDS_PER_BATCH_MAX: Final = 1_000

RequestedSeconds = Annotated[int, Field(strict=True, ge=1, le=REQUESTED_SECONDS_MAX)]
ElapsedSeconds = Annotated[int, Field(strict=True, ge=0, le=REQUESTED_SECONDS_MAX)]


class AuthorizeBody(Body):
    """A call that is about to be made."""

    account_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    realm: RealmText | None = None
    """Of the account, where its id is not known."""

    call_id: Annotated[str, Field(min_length=1, max_length=CALL_ID_CHARACTERS_MAX)]
    """The switch's own; the call's record has the same."""

    destination: NumberText
    """As `dial_format` says."""

    requested_seconds: RequestedSeconds | None = None
    """How long it shall last in all; without it: as long as may be."""

    dial_format: DialFormat | None = None
    """How `destination` is written; without it: as the API key says."""

    internal: Yes = False
    """Whether the switch knows the destination as an extension of the account."""

    direction: CallDirection = "out"
    """`in`: somebody calls `destination`, a number of the account, which need not be named."""

    elapsed_seconds: ElapsedSeconds | None = None
    """How long ago it was answered; without it: it was not yet."""

    caller: NumberText | None = None
    """Who calls, for the list of the calls that run."""

    carrier: Annotated[str, Field(max_length=CARRIER_CHARACTERS_MAX)] | None = None
    """Who takes the call from the switch, likewise."""

    switch_call_id: Annotated[str, Field(max_length=SWITCH_CALL_ID_CHARACTERS_MAX)] | None = None
    """The switch's own id, such as its Call-ID, where `call_id` is another."""

    @model_validator(mode="after")
    def _names_an_account(self) -> Self:
        if not self.account_id and not self.realm and self.direction == "out":
            message = "name the account by account_id or by realm"
            raise ValueError(message)
        return self


class ExtendBody(Body):
    """How long a running call shall last."""

    requested_seconds: RequestedSeconds | None = None
    """In all, of which one slice more is held each time; without it: as long as may be."""

    total_seconds: RequestedSeconds | None = None
    """In all, which is held at once: asked twice, it's answered the same. It goes before
    `requested_seconds`."""

    elapsed_seconds: ElapsedSeconds | None = None
    """How long ago the call was answered: what is held counts from then."""

    account_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    realm: RealmText | None = None
    """Of the account, where its id is not known. Name the account by one of them when several
    accounts may have calls with the same id."""


class ReleaseBody(Body):
    """Whose call came to nothing."""

    account_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    realm: RealmText | None = None
    """Of the account, where its id is not known."""


class CallRecordBody(CallEnded):
    """A call that has ended. Fields that are not known are kept with it."""

    answered_at: AnyTime | None = None
    """RFC 3339, or seconds since 1970. None: not answered."""

    seconds: Annotated[
        int,
        Field(strict=True, ge=0, le=RECORD_SECONDS_MAX),
        BeforeValidator(started_seconds),
        WithJsonSchema({"type": "number", "minimum": 0, "maximum": RECORD_SECONDS_MAX}),
    ]
    """Of a number with decimals the last second counts whole."""


CallRecords = Annotated[tuple[CallRecordBody, ...], Field(max_length=RECORDS_PER_BATCH_MAX)]


class CallBatchBody(Body):
    """Calls that have ended."""

    calls: CallRecords


AnyRecords = Annotated[tuple[JsonValue, ...], Field(max_length=RECORDS_PER_BATCH_MAX)]


class AnyBatchBody(Body):
    """What should be calls that have ended, each still to be looked at."""

    calls: AnyRecords


class RecordResult(Value):
    """What becomes of one record."""

    call_id: str
    """Empty where the record has none."""

    status: Literal["accepted", "rejected"]
    reason: RejectionReason | None = None
    """Why it's rejected; it waits as a rejected call until it is corrected."""

    detail: str = ""


class RecordsAccepted(Answer):
    """Records of calls are safe; those that are accepted are charged in a moment."""

    accepted: int
    """How many of them will be charged."""

    rejected: int = 0
    """How many of them can't be, and wait as rejected calls."""

    data: tuple[RecordResult, ...] = ()
    """One for each record, in their order."""
