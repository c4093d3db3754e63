"""Reading numbers and choices that were typed, and noting every field that is wrong."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from accounts_manager.formatting import symbol
from contracts.base import FieldError, Refused
from contracts.values import decimal_text, micros

Result = TypeVar("Result")
ReadAmount = Callable[[str], int]

_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_WHOLE_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)


class Reading:
    """Reads typed texts; what cannot be understood becomes an error, and something harmless.

    With a `currency`, an amount may have its sign or code beside it.
    """

    def __init__(self, currency: str = "") -> None:
        self.errors: list[FieldError] = []
        self._currency = currency

    def refuse(self, pointer: str, kind: str, detail: str) -> None:
        """Note that a field needs correcting."""
        self.errors.append(FieldError(pointer=pointer, type=kind, detail=detail))

    def refuse_when_wrong(self) -> None:
        """Refuse the whole form when a field needs correcting."""
        if self.errors:
            raise Refused("invalid-fields", "Correct the fields.", tuple(self.errors))

    def with_own(self, refusal: Refused, *, forced: str = "") -> Refused:
        """Return a refusal of its owner with what could not be read beside what the owner refused.

        Of a field that could not be read, and of the field that was `forced`, only what is noted
        here is told.
        """
        told = {forced, *(error.pointer for error in self.errors)}
        others = tuple(error for error in refusal.problem.errors if error.pointer not in told)
        # another person's change matters once everything can be read
        of_form = refusal.problem.errors or refusal.problem.code == "version-conflict"
        if not self.errors or not of_form:
            return refusal
        return Refused("invalid-fields", "Correct the fields.", (*self.errors, *others))

    async def ask(self, question: Awaitable[Result], *, forced: str = "") -> Result:
        """Return what the owner of a form's rules answers; refused with every wrong field at once.

        The owner must refuse what stands for a field that could not be read, as it does an amount
        of 0. Where it would not, the caller sends something in the field `forced` that it refuses.
        """
        try:
            answer = await question
        except Refused as refusal:
            raise self.with_own(refusal, forced=forced) from None
        assert not self.errors, "the owner of the rules refuses what could not be read"
        return answer

    def amount(self, text: str, pointer: str, words: str, *, read: ReadAmount = micros) -> str:
        """Return an amount that `read` takes, as a decimal text; commas may group thousands."""
        bare = self._without_currency(text)
        plain = bare.replace(",", "") if _THOUSANDS.fullmatch(bare) else bare
        try:
            read(plain)
        except ValueError:
            self.refuse(pointer, "not-an-amount", f"Enter {words} as an amount such as 12.50.")
            return decimal_text(0)
        return plain

    def _without_currency(self, text: str) -> str:
        """Return what is beside the sign or the code of the currency; another one's stays."""
        if not self._currency:
            return text
        sign = symbol(self._currency)
        # people type the last character of A$ only
        short = sign if sign[-1].isalpha() else sign[-1]
        for mark in (self._currency, self._currency.lower(), sign, short):
            if text.startswith(mark):
                return text.removeprefix(mark).lstrip()
            if text.endswith(mark):
                return text.removesuffix(mark).rstrip()
        return text

    def whole_number(self, text: str, pointer: str, words: str, *, otherwise: int) -> int:
        """Return a whole number."""
        if _WHOLE_NUMBER.fullmatch(text):
            return int(text)
        self.refuse(pointer, "not-a-number", f"Enter {words} as a whole number.")
        return otherwise

    def length(self, text: str, characters_max: int, pointer: str) -> None:
        """Refuse a text that is too long for its field."""
        if len(text) > characters_max:
            shorter = f"Shorten this to {characters_max:,} characters; it has {len(text):,}."
            self.refuse(pointer, "too-long", shorter)

    def choice(self, text: str, choices: Sequence[str], pointer: str, words: str) -> str:
        """Return what was chosen from a list."""
        if text in choices:
            return text
        self.refuse(pointer, "required", f"Choose {words}.")
        return choices[0]
