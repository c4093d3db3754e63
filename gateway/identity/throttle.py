"""Limits on guessing: how often one may try, per address and per e-mail.

Whoever knows an e-mail address could keep its owner out by failing in the owner's place. So what
is refused after a few failures is this e-mail from that address; the e-mail from wherever only
after so many that they take many addresses, and few enough that guessing a password is hopeless.

An address is that of the connection, or what a proxy in `forwarded_allow_ips` says of it; behind a
proxy that is not named there, all are one address, and the limits are the stricter for it.

The counts are this process's own: with several gateways the limits are that many times as high,
which guessing a password gains nothing from.
"""

import time
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from gateway.http.problems import RefusedWith

SIGN_INS_PER_ADDRESS: Final = RateLimitItemPerMinute(200, 1, "sign-ins-per-address")
FAILED_SIGN_INS_PER_PAIR: Final = RateLimitItemPerMinute(10, 5, "failed-sign-ins-per-pair")
"""Of an e-mail and an address."""

FAILED_SIGN_INS_PER_EMAIL: Final = RateLimitItemPerHour(1_000, 1, "failed-sign-ins-per-email")
WRONG_PASSWORDS_PER_USER: Final = RateLimitItemPerMinute(10, 5, "wrong-passwords-per-user")
RESETS_PER_ADDRESS: Final = RateLimitItemPerHour(100, 1, "resets-per-address")
RESETS_PER_EMAIL: Final = RateLimitItemPerHour(5, 1, "resets-per-email")
LINKS_PER_ADDRESS: Final = RateLimitItemPerMinute(60, 1, "links-per-address")
IPV6_NETWORK_BITS: Final = 64
ADDRESSES_REMEMBERED: Final = 1_000


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def network_of(address: str) -> str:
    """Return what counts as one address: all of a network that IPv6 gives to one customer."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(IPv6Network((int(known), IPV6_NETWORK_BITS), strict=False))


class Throttle:
    """Counts attempts in moving windows."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, limit: RateLimitItem, *who: str) -> None:
        """Count one attempt; refused with `too-many-requests` when there were too many."""
        if self._limiter.hit(limit, *who):
            return
        reset_at = self._limiter.get_window_stats(limit, *who).reset_time
        seconds = max(1, round(reset_at - time.time()))
        raise RefusedWith(
            "too-many-requests",
            f"There were too many attempts. Try again in {_spoken(seconds)}.",
            headers={"Retry-After": str(seconds)},
        )

    def forget(self, limit: RateLimitItem, *who: str) -> None:
        """Reset the attempts of a caller who has succeeded."""
        self._limiter.clear(limit, *who)


def _spoken(seconds: int) -> str:
    minutes = (seconds + 59) // 60
    if seconds == 1:
        return "a second"
    return f"{seconds} seconds" if minutes == 1 else f"{minutes} minutes"
