"""Who signs in, as accounts knows them, remembered for a few seconds."""

import time
from collections import OrderedDict
from typing import Final

from contracts.accounts import FindUser, User
from services.chassis.bus import Bus

REMEMBERED_SECONDS: Final = 5.0
"""Events make the memory forget at once; this bounds its age when they do not come through."""

REMEMBERED_USERS_MAX: Final = 10_000


class Users:
    """Finds users; asks accounts at most once in a few seconds for each."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._remembered: OrderedDict[str, tuple[float, User]] = OrderedDict()

    async def find(self, user_id: str, *, fresh: bool = False, correlation_id: str = "") -> User:
        """Return a user; Refused `not-found` for one who may not sign in any more."""
        known = self._remembered.get(user_id)
        if known and not fresh and time.monotonic() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        asked_at = time.monotonic()
        user = await self._bus.ask(FindUser(user_id=user_id), correlation_id=correlation_id)
        self._remembered[user_id] = (asked_at, user)
        self._remembered.move_to_end(user_id)
        if len(self._remembered) > REMEMBERED_USERS_MAX:
            self._remembered.popitem(last=False)
        return user

    def forget(self, account_id: str) -> None:
        """Ask again about the users of an account that has changed."""
        gone = [key for key, (_, user) in self._remembered.items() if user.account_id == account_id]
        for key in gone:
            del self._remembered[key]

    def forget_all(self) -> None:
        """Forget every user, because events may have been missed."""
        self._remembered.clear()
