"""What the audit trail says of credit limits, and what they must be after it."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from contracts.values import micros

CREDIT_LIMIT_CHANGED: Final = "credit-limit.changed"
"""The action of the audit trail."""

CREDIT_LIMIT: Final = "credit limit"
"""The field that it tells of."""

ORDER_UNSURE_WITHIN: Final = timedelta(minutes=5)
"""Clocks of processes may differ by less; what is further apart happened in that order."""

_AMOUNT: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) [A-Z]{3}", re.ASCII)


class LimitChange(NamedTuple):
    """A change of a credit limit, in micro-units; None where a text isn't understood."""

    at: datetime
    before: int | None
    after: int | None


def limit_of(text: str) -> int | None:
    """Return the micro-units of a limit as the trail tells it, such as `50.00 USD`.

    None for another text: the trail keeps what earlier versions wrote.
    """
    found = _AMOUNT.fullmatch(text)
    return micros(found[1]) if found else None


def limits_after(changes: Sequence[LimitChange]) -> set[int]:
    """Return what the limit may be after changes, the newest first; empty if they don't tell.

    It's what the last change set. Which one of changes within minutes was the last, clocks don't
    say for sure: it's the one whose limit no other began with, or any if they led back to where
    they began.
    """
    latest = [one for one in changes if one.at >= changes[0].at - ORDER_UNSURE_WITHIN]
    if any(one.before is None or one.after is None for one in latest):
        return set()
    begun, set_to = Counter(one.before for one in latest), Counter(one.after for one in latest)
    ends = set_to - begun or set_to
    return {limit for limit in ends if limit is not None}
