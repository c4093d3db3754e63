"""What a letter is, and when it is tried again or given up."""

import unicodedata
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from contracts.notifications import LetterKind
from contracts.values import Moment

RETRY_SECONDS: Final = (10, 60, 300, 1_800, 7_200, 21_600)
"""Pauses between tries; after the last one the letter is given up, some nine hours old."""

TRIES_MAX: Final = len(RETRY_SECONDS) + 1

LETTER_LEASE: Final = timedelta(seconds=90)
"""How long a try may take: longer than making the link, sending and keeping the outcome."""

LINK_MINUTES: Final = 30
"""How long accounts keeps a one-time link, counted from when it is made; letters tell it."""

LetterState = Literal["waiting", "sent", "failed"]
LINK_PURPOSES: Final[dict[LetterKind, Literal["first-password", "reset-password"]]] = {
    "welcome": "first-password",
    "operator-welcome": "first-password",
    "reset-password": "reset-password",
}
"""The letters that carry a one-time link, and what the link is for."""


class Letter(BaseModel):
    """One letter to one person. Its link is made as it is sent and is never kept.

    A try begins when a mailer takes the letter: it counts from then on, so that a letter that
    ends its mailer is not tried for ever. A try that fails is followed by the next one after the
    pause of `RETRY_SECONDS`, and a mailer that vanished by another after `LETTER_LEASE`. The
    letter is given up after its last try, or at once when it is refused for good.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    key: str
    """What it is about: two letters with one key would tell a person the same thing twice."""

    trail: str
    """Correlation id of what caused it."""

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
    """How many were begun."""

    next_try_at: Moment
    created_at: Moment
    reason: str = ""
    """Why the last try failed."""

    @property
    def worn_out(self) -> bool:
        """Whether all tries were begun before this one; the last of them ended with its mailer."""
        return self.tries > TRIES_MAX

    def sent(self) -> "Letter":
        """Return the letter as the mail server has taken it."""
        return self.model_copy(update={"state": "sent", "reason": ""})

    def failed(self, now: datetime, reason: str, *, for_good: bool) -> "Letter":
        """Return the letter after a failed try: to be tried again, or given up.

        A refusal for good (the address does not exist) ends it at once.
        """
        if for_good or self.tries >= TRIES_MAX:
            return self.model_copy(update={"state": "failed", "reason": reason})
        again = now + timedelta(seconds=RETRY_SECONDS[self.tries - 1])
        return self.model_copy(update={"next_try_at": again, "reason": reason})


def one_line(text: str) -> str:
    """Return a text without line ends and other control characters, for a header of an e-mail."""
    return " ".join(
        "".join(
            " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character
            for character in text
        ).split()
    )
