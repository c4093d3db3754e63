"""Passwords: they are checked and hashed here, and leave this process as hashes only."""

import asyncio
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from zxcvbn import zxcvbn

from contracts.base import FieldError

CHARACTERS_MIN: Final = 12
CHARACTERS_MAX: Final = 128
SCORE_MIN: Final = 3
SCORED_CHARACTERS_MAX: Final = 72
"""zxcvbn takes no more, and a password whose first 72 are strong is strong."""

PART_CHARACTERS_MIN: Final = 3
REST_CHARACTERS_MIN: Final = 8
"""So much of a password must be other than its owner's words."""

WORD: Final = re.compile(r"[^\W_]+")

THREADS: Final = 2
VERIFICATIONS_MIN: Final = 2
ARGON2_KIBIBYTES: Final = 19_456
ARGON2_PASSES: Final = 2
ARGON2_LANES: Final = 1
"""The first choice of the OWASP Password Storage Cheat Sheet."""

_scoring = threading.Lock()
"""zxcvbn keeps the person's words in a dictionary that all its callers share."""


class Passwords:
    """Checks and hashes in threads of its own, so that the rest goes on meanwhile."""

    def __init__(self) -> None:
        argon2 = Argon2Hasher(
            time_cost=ARGON2_PASSES, memory_cost=ARGON2_KIBIBYTES, parallelism=ARGON2_LANES
        )
        self._hasher = PasswordHash((argon2,))
        self._threads = ThreadPoolExecutor(THREADS, "passwords")
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())

    def stop(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    async def matches(self, password: str, password_hash: str) -> bool:
        """Tell whether the password is the hash's; takes as long when there is no hash."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._verify, password, password_hash)

    async def which_match(self, password: str, hashes: Sequence[str]) -> list[bool]:
        """Tell of which hashes it is the password; takes as long for none or one as for two.

        What remains: it takes longer for three and more, of which there are few.
        """
        nobodys = [""] * (VERIFICATIONS_MIN - len(hashes))
        found = await asyncio.gather(*(self.matches(password, one) for one in (*hashes, *nobodys)))
        return found[: len(hashes)]

    def _verify(self, password: str, password_hash: str) -> bool:
        if not password_hash:
            self._hasher.verify(_normalised(password), self._nobodys)
            return False
        try:
            return self._hasher.verify(_normalised(password), password_hash)
        except UnknownHashError:
            return False

    async def hash(self, password: str) -> str:
        """Return the Argon2 hash of a password."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, _normalised(password))

    async def weakness(
        self, password: str, words: Iterable[str], pointer: str
    ) -> FieldError | None:
        """Return why a new password is not good enough; None when it is.

        `words` are the person's own: name, address, company. They make a password easy to guess.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, _weakness, _normalised(password), list(words), pointer
        )


def _normalised(password: str) -> str:
    """Make it the same password however a keyboard composes its accents (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def _parts(words: Iterable[str]) -> list[str]:
    """Return what people make passwords of: each word whole, its parts, and them run together."""
    parts: dict[str, None] = {}
    for word in words:
        folded = _normalised(word).casefold()
        pieces = WORD.findall(folded)
        for part in (folded, "".join(pieces), *pieces):
            if len(part) >= PART_CHARACTERS_MIN:
                parts[part] = None
    return list(parts)


def _weakness(password: str, words: list[str], pointer: str) -> FieldError | None:
    if not CHARACTERS_MIN <= len(password) <= CHARACTERS_MAX:
        kind = "too-short" if len(password) < CHARACTERS_MIN else "too-long"
        detail = f"Use {CHARACTERS_MIN} to {CHARACTERS_MAX} characters."
        return FieldError(pointer=pointer, type=kind, detail=detail)
    parts = _parts(words)
    with _scoring:
        result = zxcvbn(password[:SCORED_CHARACTERS_MAX], user_inputs=parts)
    if result["score"] < SCORE_MIN:
        advice = result["feedback"]
        hints = [_sentence(hint) for hint in (advice["warning"], *advice["suggestions"]) if hint]
    elif _is_weak_without(password, parts):
        hints = ["Use more than the words of your name, e-mail address and company."]
    else:
        return None
    detail = " ".join(["This password is easy to guess.", *hints])
    return FieldError(pointer=pointer, type="too-weak", detail=detail)


def _is_weak_without(password: str, parts: Sequence[str]) -> bool:
    """Tell whether only the person's own words make a password as good as it seems."""
    rest = password.casefold()
    for part in sorted(parts, key=len, reverse=True):
        rest = rest.replace(part, "")
    if rest == password.casefold():
        return False
    # a few characters before the library is asked: it takes no empty password
    return len(rest) < REST_CHARACTERS_MIN or _score(rest) < SCORE_MIN


def _score(password: str) -> int:
    with _scoring:
        return int(zxcvbn(password[:SCORED_CHARACTERS_MAX])["score"])


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
