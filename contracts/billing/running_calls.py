"""Calls that run, and whose a call is that comes in."""

from typing import Annotated, Literal

from pydantic import Field

from contracts import compatibility
from contracts.base import Answer, Query, Value
from contracts.billing.authorizing import CallKindField
from contracts.values import Amount, Moment, PageLimit, Realm

DIALLED_CHARACTERS_MAX = 64

CallRouteState = Literal["active", "disabled", "suspended", "closed"]


class CallHold(Value):
    """A call that was authorised, and what is held for it until it ends."""

    call_id: str
    account_id: str
    destination: str
    """E.164 for a number, otherwise as it was dialled."""

    kind: CallKindField | None = None
    """None: it was authorised by an earlier version."""

    caller: str = ""
    carrier: str = ""
    switch_call_id: str = ""
    seconds: int
    """How long the call may last so far, counted from its answer."""

    held: Amount
    free_seconds: int
    """Held of its country's bundle."""

    authorized_at: Moment
    answered_at: Moment | None = None
    """None: the switch has not said so far that it was."""

    expires_at: Moment
    """When it is over, unless it is extended."""


class CallHolds(Answer):
    """Calls that something is held for, by account and call."""

    data: tuple[CallHold, ...]
    next: str | None = None


class ListCallHolds(Query[CallHolds], topic="billing.list-call-holds.v1"):
    """The calls that run of the asker's own account and of all below it, or of one of these."""

    account_id: str | None = Field(default=None, max_length=64)
    limit: PageLimit = 100
    cursor: str | None = None


class InboundTerms(Value):
    """What a call to a number costs the account that has the number."""

    rate: Amount
    """Per 60 seconds; 0: nothing."""


class CallRoute(Answer):
    """Whose a call to a number is."""

    number: str
    account_id: str
    realm: Realm
    state: Annotated[
        CallRouteState,
        Field(
            description="Of the account, or of one above it that stops it. Send calls to `active`"
            " ones only. New states may be added.",
            json_schema_extra={compatibility.GROWS: True},
        ),
    ]
    inbound: InboundTerms


class FindCallRoute(Query[CallRoute], topic="billing.find-call-route.v1"):
    """Whose a call to a number of ours is, for a switch that it comes in to.

    Refused as `not-found` when no account that the asker serves has the number.
    """

    number: str = Field(max_length=DIALLED_CHARACTERS_MAX)
    """International, with or without `+` or `00`."""
