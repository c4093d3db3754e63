"""Limits on guessing: how often one may try, per address and per e-mail.

The counts are this process's own: with several gateways the limits are that many times as high,
which guessing a password gains nothing from.
"""

import time
from typing import Final

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from gateway.problems import RefusedWith

SIGN_INS_PER_ADDRESS: Final = RateLimitItemPerMinute(200, 1, "sign-ins-per-address")
FAILED_SIGN_INS_PER_EMAIL: Final = RateLimitItemPerMinute(10, 5, "failed-sign-ins-per-email")
WRONG_PASSWORDS_PER_USER: Final = RateLimitItemPerMinute(10, 5, "wrong-passwords-per-user")
RESETS_PER_ADDRESS: Final = RateLimitItemPerHour(100, 1, "resets-per-address")
RESETS_PER_EMAIL: Final = RateLimitItemPerHour(5, 1, "resets-per-email")
LINKS_PER_ADDRESS: Final = RateLimitItemPerMinute(60, 1, "links-per-address")


class Throttle:
    """Counts attempts in moving windows."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, limit: RateLimitItem, who: str) -> None:
        """Count one attempt; refused with `too-many-requests` when there were too many."""
        if self._limiter.hit(limit, who):
            return
        reset_at = self._limiter.get_window_stats(limit, who).reset_time
        seconds = max(1, round(reset_at - time.time()))
        raise RefusedWith(
            "too-many-requests",
            f"There were too many attempts. Try again in {_spoken(seconds)}.",
            headers={"Retry-After": str(seconds)},
        )

    def forget(self, limit: RateLimitItem, who: str) -> None:
        """Count no attempt against somebody who has shown to be the right one."""
        self._limiter.clear(limit, who)


def _spoken(seconds: int) -> str:
    minutes = (seconds + 59) // 60
    if seconds == 1:
        return "a second"
    return f"{seconds} seconds" if minutes == 1 else f"{minutes} minutes"
