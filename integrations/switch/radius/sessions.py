"""Sessions of a NAS: which call each is, so that a repeated or late packet makes no other call."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.call_files.accounts import field_of
from contracts.calls import RECORD_SECONDS_MAX, CallEnded, DialFormat
from integrations.switch.model import CALL_SECONDS_MAX, RunningCall

CALLER_CHARACTERS_MAX: Final = 64
ENDED_MAX: Final = 4
"""So many past calls of one session are remembered: callers may choose its id, and use it again."""

SAME: Final = timedelta(seconds=5)
"""How far apart two packets may put the answer of one call: seconds are whole, and packets late."""

SAME_UNTIMED: Final = timedelta(hours=1)
"""Likewise where a NAS sends no Event-Timestamp, and says the same whenever it says it again."""

ASKED: Final = timedelta(minutes=5)
"""A call that is asked for again within this time is the same call."""


class Handle(BaseModel):
    """By which a NAS finds a call."""

    model_config = ConfigDict(frozen=True)

    nas: str
    host: str
    identifier: str
    """By what it tells itself from others."""

    session_id: str
    user_name: str = ""


class Current(BaseModel):
    """The call that a session is now."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    account_id: str = ""
    realm: str = ""
    caller: str
    destination: str
    asked_at: datetime | None = None
    """None: it began unasked."""

    answered_at: datetime | None = None
    seconds: int = CALL_SECONDS_MAX
    is_emergency: bool = False


class Ended(BaseModel):
    """A call that a session was."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    answered_at: datetime
    ended_at: datetime | None = None
    seconds: int | None = None
    """None: its end never came, and it was charged until it was last seen."""


class Told(NamedTuple):
    """What an Accounting-Request says of a session."""

    status: int
    at: datetime
    seconds: int | None
    """How long the call has lasted, by the count of the NAS."""

    timed: bool
    """Whether it says itself when it happened."""

    @property
    def answered_at(self) -> datetime:
        """When the call was answered, by its own count; the moment itself when it has none."""
        return self.at - timedelta(seconds=self.seconds or 0)


class Session(BaseModel):
    """What is remembered of a session."""

    model_config = ConfigDict(frozen=True)

    current: Current | None = None
    ended: tuple[Ended, ...] = ()

    def was(self, told: Told) -> Ended | None:
        """Return the past call that a packet speaks of, if it does."""
        for one in reversed(self.ended):
            apart = abs(one.answered_at - told.answered_at)
            if apart <= SAME:
                return one
            if told.seconds is None:
                if one.ended_at is not None and abs(one.ended_at - told.at) <= SAME:
                    return one
            elif not told.timed and told.seconds == one.seconds and apart <= SAME_UNTIMED:
                return one
        return None

    def ending(self, call: Current, told: Told, answered_at: datetime, seconds: int) -> "Session":
        """Return what is remembered once a call has ended."""
        one = Ended(
            call_id=call.call_id, answered_at=answered_at, ended_at=told.at, seconds=seconds
        )
        is_current = self.current is not None and self.current.call_id == call.call_id
        current = None if is_current else self.current
        return Session(current=current, ended=(*self.ended, one)[-ENDED_MAX:])

    def beginning(self, call: Current | None) -> "Session":
        """Return what is remembered once another call is what the session is."""
        ended, past = self.ended, self.current
        is_other = past is not None and (call is None or past.call_id != call.call_id)
        if past is not None and is_other and past.answered_at is not None:
            ended = (*ended, Ended(call_id=past.call_id, answered_at=past.answered_at))
        return Session(current=call, ended=ended[-ENDED_MAX:])


def account_of(user_name: str) -> tuple[str, str]:
    """Return the id and the realm of an account, one of them empty, from who calls.

    A SIP address or a user name with @ names a realm; so does a name with a dot.
    """
    name = user_name.partition(";")[0]
    for scheme in ("sip:", "sips:"):
        name = name.removeprefix(scheme)
    _, at, host = name.rpartition("@")
    if at:
        return "", host.partition(":")[0].lower()
    return ("", name.lower()) if field_of(name) == "realm" else (name, "")


def number_of(station_id: str) -> str:
    """Return the number of a station, which may be written as a SIP address."""
    for scheme in ("sip:", "sips:", "tel:"):
        if station_id.startswith(scheme):
            return station_id.removeprefix(scheme).partition("@")[0].partition(";")[0]
    return station_id


def running_call(call: Current, handle: Handle, answered_at: datetime) -> RunningCall:
    """Return a call that was answered."""
    return RunningCall(
        call_id=call.call_id,
        switch_call_id=handle.session_id,
        account_id=call.account_id,
        realm=call.realm,
        caller=call.caller,
        destination=call.destination,
        answered_at=answered_at,
        seconds=call.seconds,
        is_emergency=call.is_emergency,
        handle=handle.model_dump_json(),
    )


def record(
    call: Current, answered_at: datetime, seconds: int, dial_format: DialFormat | None
) -> CallEnded | None:
    """Return the record of a call that has ended; None when there is nobody to charge.

    Without seconds it was never answered. Raises ValueError.
    """
    if not call.account_id and not call.realm:
        return None
    whole = min(seconds, RECORD_SECONDS_MAX)
    return CallEnded(
        call_id=call.call_id,
        account_id=call.account_id or None,
        realm=call.realm or None,
        caller=call.caller,
        destination=call.destination,
        dial_format=dial_format,
        answered_at=answered_at if whole else None,
        seconds=whole,
    )
