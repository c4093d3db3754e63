"""Calls, the messages that tell of them, and what they come to, worked out by nothing of ours."""

import math
import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Final, NamedTuple

from contracts.calls import CallEnded
from services.chassis.clock import utc_now

ANSWERED: Final = utc_now()
"""When this run of the tests began: accounts that make calls are opened then."""

CALLER: Final = "+12125550142"
LIST_RECORDS_MAX: Final = 20
LISTS: Final = 0.15
"""So many of all messages hold a list of records, and the greater part of the records."""

RATES: Final = {
    "44": ("0.05", "0.15", 1, 1, 0),
    "4474": ("1.00", "0", 1, 1, 5),
    "49": ("0.0321", "0.02", 60, 60, 0),
    "91": ("0.06", "0", 1, 1, 0),
}
"""By prefix: rate, connect fee, minimum duration, increment, grace."""

NUMBERS: Final = {"44": "+442079460", "4474": "+447400123", "49": "+493012345", "91": "+919876543"}
COLUMNS: Final = ("prefix", "rate", "connect_fee", "min_duration", "increment", "grace")
CSV: Final = "\n".join(
    ",".join(map(str, row)) for row in (COLUMNS, *((prefix, *RATES[prefix]) for prefix in RATES))
)


class Call(NamedTuple):
    """A call that was made."""

    call_id: str
    account_id: str
    prefix: str
    seconds: int

    @property
    def destination(self) -> str:
        """A number that the prefix rates; the same call always has the same one."""
        return f"{NUMBERS[self.prefix]}{sum(map(ord, self.call_id)) % 1_000:03d}"

    def record(self, answered_at: datetime) -> str:
        """Return what the switch tells of it."""
        return CallEnded(
            call_id=self.call_id,
            account_id=self.account_id,
            caller=CALLER,
            destination=self.destination,
            answered_at=answered_at if self.seconds else None,
            seconds=self.seconds,
        ).model_dump_json()


class Message(NamedTuple):
    """Records of one account on their way to billing."""

    account_id: str
    body: bytes


def message_of(calls: Sequence[Call], answered_at: datetime = ANSWERED) -> Message:
    """Return the message that tells of calls of one account; a lone record is an object."""
    records = [call.record(answered_at) for call in calls]
    body = records[0] if len(records) == 1 else f"[{','.join(records)}]"
    return Message(calls[0].account_id, body.encode())


def told_twice(calls: Sequence[Call], apart: int, chance: random.Random) -> list[Message]:
    """Return messages, alone and in lists, that tell of each call twice, in an order of chance.

    Each time a call is told of up to so many calls later than it came about.
    """
    copies: dict[str, list[tuple[float, Call]]] = {}
    for number, call in enumerate(calls):
        told = copies.setdefault(call.account_id, [])
        told += ((number + chance.uniform(0, apart), call) for _ in range(2))
    messages: list[tuple[float, Message]] = []
    for told in copies.values():
        told.sort()
        while told:
            size = chance.randint(2, LIST_RECORDS_MAX) if chance.random() < LISTS else 1
            some = told[-size:]
            messages.append((some[0][0], message_of([call for _, call in some])))
            del told[-size:]
    return [message for _, message in sorted(messages)]


# --- what calls cost -----------------------------------------------------------------------------


def cost(seconds: int, prefix: str) -> Fraction:
    """Return what a call costs: section 3 of the specification, in exact fractions."""
    rate, connect_fee, shortest, step, grace = RATES[prefix]
    if seconds <= grace:
        return Fraction(0)
    billed = shortest + max(math.ceil(Fraction(seconds - shortest, step)), 0) * step
    exact = Fraction(connect_fee) + billed * Fraction(rate) / 60
    return Fraction(math.floor(exact * 10_000 + Fraction(1, 2)), 10_000)


class Due(NamedTuple):
    """What the calls of an account come to, in whatever order they are charged."""

    entries: int
    micros: int
    free_seconds: int


def due(calls: Iterable[Call], bundle_seconds: int) -> Due:
    """Return what calls come to; the bundle is for India, whose rate needs no rounding."""
    lasted = [call for call in calls if call.seconds]
    bundled = sum(call.seconds for call in lasted if call.prefix == "91")
    free = min(bundled, bundle_seconds)
    money = cost(bundled - free, "91")
    money += sum((cost(c.seconds, c.prefix) for c in lasted if c.prefix != "91"), Fraction(0))
    return Due(len(lasted), int(money * 1_000_000), free)
