"""A charged call: what the switch told of it, and how it was rated."""

from pydantic import BaseModel, ConfigDict

from contracts.calls import CallDirection
from contracts.values import KeptMoment


class CallNotes(BaseModel):
    """What else the switch told of a call: it decides nothing."""

    model_config = ConfigDict(frozen=True)

    direction: CallDirection = "out"
    hangup_cause: str | None = None
    sip_code: int | None = None
    carrier: str | None = None
    switch_call_id: str | None = None
    others: tuple[tuple[str, str], ...] = ()
    """Fields that are not known, which may have any name."""


class CallFacts(BaseModel):
    """A charged call: what the switch told of it, and how it was rated."""

    model_config = ConfigDict(frozen=True)

    answered_at: KeptMoment
    caller: str
    destination: str
    country: str | None
    seconds: int
    rated_seconds: int
    free_seconds: int
    """Taken from the bundle of its country."""

    rate: int
    """Micro-units per 60 seconds, and hundredths of one."""

    rate_fraction: int = 0
    notes: CallNotes | None = None
