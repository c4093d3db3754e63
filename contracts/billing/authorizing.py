"""Asking whether a call may be made or go on, and saying that it came to nothing."""

from typing import Annotated, Literal

from pydantic import Field

from contracts import compatibility
from contracts.base import Answer, Command, Done
from contracts.calls import (
    CALL_ID_CHARACTERS_MAX,
    CALLER_CHARACTERS_MAX,
    CARRIER_CHARACTERS_MAX,
    SWITCH_CALL_ID_CHARACTERS_MAX,
    CallDirection,
    DialFormat,
)
from contracts.exact_rates import ExactRate
from contracts.values import Amount, Country, Moment, Realm

REQUESTED_SECONDS_MAX = 86_400
SLICE_SECONDS = 300
"""How much of a call is held at a time where nobody says otherwise."""

SLICE_SECONDS_MIN = 10
SLICE_SECONDS_MAX = 3_600

SliceSeconds = Annotated[int, Field(ge=SLICE_SECONDS_MIN, le=SLICE_SECONDS_MAX)]

CallRefusal = Literal[
    "account-not-found",
    "account-closed",
    "account-disabled",
    "account-suspended",
    "invalid-destination",
    "destination-not-allowed",
    "premium-not-allowed",
    "no-rate",
    "rate-blocked",
    "too-many-calls",
    "insufficient-credit",
    "call-already-charged",
    "call-limit-reached",
]
"""Why a call may not be made; the first of them that applies."""

CallRefusalField = Annotated[
    CallRefusal,
    Field(
        description="The first reason that applies. New reasons may be added: treat one that you"
        " don't know as a refusal.",
        json_schema_extra={compatibility.GROWS: True},
    ),
]

CallKind = Literal[
    "emergency", "extension", "domestic", "international", "toll-free", "premium", "inbound"
]
"""What sort of call it is, whatever it costs."""

CallKindField = Annotated[
    CallKind,
    Field(
        description="What sort of call it is, whatever it costs. Emergency calls and calls to"
        " extensions are always allowed. New kinds may be added.",
        json_schema_extra={compatibility.GROWS: True},
    ),
]


class CallAuthorization(Answer):
    """Whether a call may be made or go on, and for how long."""

    granted: bool
    reason: CallRefusalField | None = None
    detail: str | None = None
    """The reason of a refusal in a sentence, for logs; programs read `reason`."""

    account_id: str | None = None
    """Use it as the routing key of the call's record."""

    kind: CallKindField | None = None
    seconds: int | None = None
    """How long the call may last as it is held now, counted from its answer: extend it before."""

    max_seconds: int | None = None
    """The longest that the account could pay, up to what was requested."""

    expires_at: Moment | None = None
    """Until when it is held: `seconds` after its answer where `elapsed_seconds` told when that
    was, else `seconds` after 180 seconds of ringing."""

    country: Country | None = None
    rate: Amount | None = None
    """Per 60 seconds; 0 for a call that costs nothing."""

    rate_exact: ExactRate | None = None
    """With all of its decimals, where it has more than 6."""


class AuthorizeCall(Command[CallAuthorization], topic="billing.authorize-call.v1", receipt=False):
    """May this call be made? Holds what its first slice costs; asked again, the answer stays.

    Asked again with another destination, what is held is exchanged for what that one costs, or the
    call is refused. A call that costs nothing is granted whole.
    """

    call_id: str = Field(min_length=1, max_length=CALL_ID_CHARACTERS_MAX)
    account_id: str | None = Field(default=None, max_length=64)
    realm: Realm | None = Field(default=None, max_length=255)
    direction: CallDirection = "out"
    """`in`: somebody calls `destination`, a number of the account, which need not be named."""

    destination: str = Field(max_length=64)
    requested_seconds: int | None = Field(default=None, ge=1, le=REQUESTED_SECONDS_MAX)
    """How long the call shall last in all; None: as long as may be."""

    dial_format: DialFormat | None = None
    """How `destination` is written; None: as the reseller's settings say."""

    internal: bool = False
    """Whether the switch knows the destination as an extension of the account."""

    elapsed_seconds: int | None = Field(default=None, ge=0, le=REQUESTED_SECONDS_MAX)
    """How long ago the call was answered; None: it was not answered yet."""

    slice_seconds: SliceSeconds | None = None
    """How much is held at a time; None: as the reseller's settings say."""

    caller: str | None = Field(default=None, max_length=CALLER_CHARACTERS_MAX)
    """Who calls, for the list of the calls that run."""

    carrier: str | None = Field(default=None, max_length=CARRIER_CHARACTERS_MAX)
    """Who takes the call from the switch, likewise."""

    switch_call_id: str | None = Field(default=None, max_length=SWITCH_CALL_ID_CHARACTERS_MAX)
    """The switch's own id of the call, such as its Call-ID, where `call_id` is another."""


class ExtendCall(Command[CallAuthorization], topic="billing.extend-call.v1", receipt=False):
    """May this call go on? Holds more of it. Refused as `not-found` when nothing is held.

    With `total_seconds` it holds exactly so much, or what the account can pay: asked twice, it is
    answered the same. Without, it holds one slice more each time.
    """

    call_id: str = Field(min_length=1, max_length=CALL_ID_CHARACTERS_MAX)
    requested_seconds: int | None = Field(default=None, ge=1, le=REQUESTED_SECONDS_MAX)
    """How long the call shall last in all, of which one slice more is held; None: as long as may
    be."""

    total_seconds: int | None = Field(default=None, ge=1, le=REQUESTED_SECONDS_MAX)
    """How long the call shall last in all, which is held at once."""

    elapsed_seconds: int | None = Field(default=None, ge=0, le=REQUESTED_SECONDS_MAX)
    """How long ago the call was answered: what is held counts from then."""

    slice_seconds: SliceSeconds | None = None
    """How much is held at a time; None: as when the call was authorised."""

    account_id: str | None = Field(default=None, max_length=64)
    realm: str | None = Field(default=None, max_length=255)
    """Of the account, where its id is not known. Without either, the one account that holds
    something for the call; refused as `ambiguous-account` when several do."""


class ReleaseCall(Command[Done], topic="billing.release-call.v1", receipt=False):
    """A call came to nothing: free what is held for it. No record of it needs to follow."""

    call_id: str = Field(min_length=1, max_length=CALL_ID_CHARACTERS_MAX)
    account_id: str | None = Field(default=None, max_length=64)
    realm: str | None = Field(default=None, max_length=255)
    """As for `ExtendCall`."""
