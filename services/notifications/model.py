"""What a letter is, and when it is tried again or given up."""

from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from contracts.notifications import LetterKind
from contracts.values import Moment

RETRY_SECONDS: Final = (10, 60, 300, 1_800, 7_200, 21_600)
"""Pauses between tries; after the last one the letter is given up, some nine hours old."""

LetterState = Literal["waiting", "sent", "failed"]
LINK_PURPOSES: Final[dict[LetterKind, Literal["first-password", "reset-password"]]] = {
    "welcome": "first-password",
    "operator-welcome": "first-password",
    "reset-password": "reset-password",
}
"""The letters that carry a one-time link, and what the link is for."""


class Letter(BaseModel):
    """One letter to one person. Its link is made as it is sent and is never kept."""

    model_config = ConfigDict(frozen=True)

    id: str
    key: str
    """What it is about: two letters with one key would tell a person the same thing twice."""

    kind: LetterKind
    account_id: str
    reseller_id: str
    reseller_name: str
    user_id: str
    email: str
    first_name: str
    account_name: str = ""
    realm: str = ""
    state: LetterState = "waiting"
    tries: int = 0
    next_try_at: Moment
    created_at: Moment
    reason: str = ""
    """Why the last try failed."""

    def sent(self) -> "Letter":
        """Return the letter as the mail server has taken it."""
        return self.model_copy(update={"state": "sent", "tries": self.tries + 1, "reason": ""})

    def failed_once(self, now: datetime, reason: str, *, for_good: bool) -> "Letter":
        """Return the letter after a failed try: to be tried again, or given up.

        A refusal for good (the address does not exist) ends it at once.
        """
        if for_good or self.tries >= len(RETRY_SECONDS):
            update = {"state": "failed", "tries": self.tries + 1, "reason": reason}
            return self.model_copy(update=update)
        again = now + timedelta(seconds=RETRY_SECONDS[self.tries])
        update = {"tries": self.tries + 1, "next_try_at": again, "reason": reason}
        return self.model_copy(update=update)
