"""A call as the agent knows it: asked for, permitted, running."""

import math
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from phonenumbers.shortnumberinfo import is_emergency_number
from pydantic import BaseModel, ConfigDict, Field

from contracts.calls import CALL_ID_CHARACTERS_MAX, CallEnded, DialFormat

CALL_SECONDS_MAX: Final = 4 * 3_600
EXTEND_BEFORE_SECONDS: Final = 60
SEPARATORS: Final = str.maketrans("", "", " ().-/")


class AskedCall(NamedTuple):
    """What a switch asks for."""

    switch_call_id: str
    """The switch's own id of it, which its caller may have chosen."""

    caller: str
    destination: str
    account_id: str | None = None
    realm: str | None = None
    internal: bool = False


class Permission(NamedTuple):
    """Whether a call may be made; `reason` says why not."""

    call_id: str
    """Ours: the switch sends it back with whatever becomes of the call."""

    reason: str | None = None
    account_id: str = ""
    seconds: int = 0
    """For how long money is held now."""

    max_seconds: int = 0
    """The longest that the account could pay."""

    is_emergency: bool = False

    @property
    def granted(self) -> bool:
        """Whether the call may be made."""
        return self.reason is None


class RunningCall(BaseModel):
    """A call that was answered and has not ended."""

    model_config = ConfigDict(frozen=True)

    # the limits of CallEnded: a call whose record would break them could never end
    call_id: str = Field(max_length=CALL_ID_CHARACTERS_MAX)
    switch_call_id: str
    account_id: str = Field(default="", max_length=64)
    realm: str = Field(default="", max_length=255)
    caller: str = Field(max_length=64)
    destination: str = Field(max_length=64)
    answered_at: datetime
    seconds: int
    """How long it may last, counted from its answer."""

    is_emergency: bool = False
    handle: str = ""
    """By which its switch, or its adapter, finds it."""

    seen_at: datetime | None = None
    """When the switch last said that it runs; None: when it was answered."""

    @property
    def extends_at(self) -> datetime:
        """When to ask for more: a minute before its time is over, or after half of a short one."""
        early = max(self.seconds - EXTEND_BEFORE_SECONDS, self.seconds // 2)
        return self.answered_at + timedelta(seconds=early)

    def lasted(self, now: datetime) -> int:
        """Return for how many seconds it has run."""
        return min(max(int((now - self.answered_at).total_seconds()), 0), CALL_SECONDS_MAX)

    @property
    def ends_at(self) -> datetime:
        """When its time is over."""
        return self.answered_at + timedelta(seconds=self.seconds)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def is_emergency(destination: str, country: str) -> bool:
    """Tell whether a number reaches a country's emergency services, however it's written."""
    return is_emergency_number(destination.translate(SEPARATORS), country)


def routing_key(record: CallEnded) -> str:
    """Return what spreads a record over billing: its account's id, or what else names it."""
    return record.account_id or record.realm or ""


def lost(call: RunningCall, dial_format: DialFormat | None) -> CallEnded | None:
    """Return the record of a call that its switch has lost: until it was last known to run.

    None: no account is named, so there is nobody to charge.
    """
    if not call.account_id and not call.realm:
        return None
    lasted = ((call.seen_at or call.answered_at) - call.answered_at).total_seconds()
    return CallEnded(
        call_id=call.call_id,
        account_id=call.account_id or None,
        realm=call.realm or None,
        caller=call.caller,
        destination=call.destination,
        dial_format=dial_format,
        answered_at=call.answered_at,
        seconds=max(math.ceil(lasted), 1),
    )


def unanswered(call_id: str, asked: AskedCall, dial_format: DialFormat | None) -> CallEnded:
    """Return the record of a call that came to nothing: it frees what may be held for it."""
    return CallEnded(
        call_id=call_id,
        account_id=asked.account_id,
        realm=asked.realm,
        caller=asked.caller,
        destination=asked.destination,
        dial_format=dial_format,
        seconds=0,
    )
