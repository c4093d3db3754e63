"""When a call may have been answered: a record that says otherwise is rejected, not charged."""

from datetime import datetime, timedelta
from typing import Final, Literal

AHEAD_MAX: Final = timedelta(minutes=5)
"""How far the switch's clock may be ahead of ours."""

BEFORE_OPENING_MAX: Final = timedelta(minutes=5)
"""How far it may be behind: a call is not older than its account."""

AGE_MAX: Final = timedelta(days=60)

TimeFault = Literal["implausible-time", "too-late"]


def fault_of_time(
    answered_at: datetime, opened_at: datetime, received_at: datetime
) -> TimeFault | None:
    """Return why a call cannot have been answered at a time, or None when it can.

    `opened_at` is its account's; `received_at` is when its record came, so that one which waited
    for a person does not grow too old.
    """
    # charging asks this of every call, so the sums are done only where the answer hangs on them
    if answered_at > received_at and answered_at > received_at + AHEAD_MAX:
        return "implausible-time"
    if answered_at < received_at - AGE_MAX:
        return "too-late"
    if answered_at < opened_at and answered_at < opened_at - BEFORE_OPENING_MAX:
        return "implausible-time"
    return None
