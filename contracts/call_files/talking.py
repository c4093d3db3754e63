"""Talk time and disposition of calls, as switches and spreadsheets write them."""

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Final, Literal

from contracts.calls import RECORD_SECONDS_MAX

SecondsUnit = Literal["seconds", "minutes", "milliseconds"]

_NUMBER: Final = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)
_CLOCK: Final = re.compile(r"(?:(\d{1,3}):([0-5]\d)|(\d{1,4})):([0-5]\d)(?:\.(\d{1,6}))?", re.ASCII)
_PER_UNIT: Final[Mapping[SecondsUnit, Decimal]] = {
    "seconds": Decimal(1),
    "minutes": Decimal(60),
    "milliseconds": Decimal("0.001"),
}
_EXAMPLE: Final = "Write the talk time as whole seconds such as 95, as 1:35 or as 0:01:35."

_ANSWERED: Final = frozenset(("answered", "answer", "completed", "connected", "success", "yes"))
_NOT_ANSWERED: Final = frozenset(
    (
        *("no answer", "noanswer", "busy", "failed", "failure", "congestion", "cancel"),
        *("cancelled", "canceled", "missed", "rejected", "declined", "unanswered", "no"),
        *("chanunavail", "chan unavail", "dontcall", "torture", "invalidargs"),
        *("not answered", "unavailable", "unallocated", "abandoned"),
    )
)
_NEVER_ANSWERED: Final = frozenset(
    (
        *("user busy", "no answer", "no user response", "originator cancel", "call rejected"),
        *("unallocated number", "no route transit net", "no route destination"),
        *("channel unacceptable", "invalid number format", "user not registered"),
        *("subscriber absent", "lose race", "picked off", "gateway down", "user challenge"),
        *("unregistered", "number changed", "outgoing call barred", "incoming call barred"),
        *("normal circuit congestion", "switch congestion", "requested chan unavail"),
        *("no pickup", "busy everywhere", "decline", "does not exist anywhere", "not acceptable"),
    )
)
_Q850_NEVER: Final = frozenset((1, 2, 3, 6, 17, 18, 19, 20, 21, 22, 28, 34, 42, 44, 52, 54))
"""Causes of ITU-T Q.850 of calls that were never answered; 16 and 31 are normal ends."""

_SIP_REFUSED: Final = range(300, 700)
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def seconds_of(text: str, unit: SecondsUnit = "seconds") -> int:
    """Return a talk time in whole seconds, rounded up; 0 for an empty text.

    ValueError with a sentence for what can't be read, and beyond a day.
    """
    plain = text.strip()
    if not plain:
        return 0
    if found := (_CLOCK.fullmatch(plain) if unit == "seconds" else None):
        hours, minutes_of_hour, minutes, seconds, fraction = found.groups()
        whole = int(hours or 0) * 3_600 + int(minutes_of_hour or minutes or 0) * 60 + int(seconds)
        total = whole + (1 if int(fraction or 0) else 0)
    elif _NUMBER.fullmatch(plain):
        exact = Decimal(plain) * _PER_UNIT[unit]
        total = int(exact.to_integral_value(ROUND_CEILING))
    else:
        raise ValueError(_EXAMPLE)
    if total > RECORD_SECONDS_MAX:
        message = "The call lasted more than a day. Check the column of the talk time."
        raise ValueError(message)
    return total


def is_answered(disposition: str) -> bool:
    """Tell whether a disposition says that a call was answered; ValueError for an unknown one."""
    words = _words(disposition)
    if words in _ANSWERED:
        return True
    if words in _NOT_ANSWERED or words in _NEVER_ANSWERED:
        return False
    message = (
        f"We don't know whether “{disposition.strip()[:40]}” means that the call was answered. "
        "Ignore the column if the talk time alone says it."
    )
    raise ValueError(message)


def rules_out_answer(hangup_cause: str) -> bool:
    """Tell whether a hangup cause (a name, Q.850 or SIP) excludes that the call was answered."""
    words = _words(hangup_cause)
    if words.isdecimal():
        number = int(words[:6])
        return number in _Q850_NEVER or number in _SIP_REFUSED
    return words in _NEVER_ANSWERED


def is_outbound(direction: str) -> bool:
    """Tell whether a direction is outbound; ValueError for an unknown one."""
    words = _words(direction)
    if words in {"outbound", "out", "outgoing", "o", "originated"}:
        return True
    if words in {"inbound", "in", "incoming", "i", "internal", "local", "terminated"}:
        return False
    message = (
        f"We don't know the direction “{direction.strip()[:40]}”. Write outbound or inbound, or "
        "ignore the column."
    )
    raise ValueError(message)


def _words(text: str) -> str:
    return _OTHER.sub(" ", text.casefold()).strip()
