"""What was quoted and accepted, beside the ledger entries that it was to become."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.values import Moment, decimal_text
from services.billing.ledger.model.charge import Charge
from services.billing.lifecycle.model.plan_numbers import takes_back, undoes

CREDIT: Final = "credit"
"""Ends the key of the entry by which an opening adds credit."""


class ChargedEntry(NamedTuple):
    """A ledger entry, as far as a quote decides about it."""

    key: str
    account_id: str
    cause: str
    amount: int
    """Micro-units; negative takes from the balance."""


class AcceptedLine(BaseModel):
    """A line of a quote, by the key of the entry that it becomes."""

    model_config = ConfigDict(frozen=True)

    key: str
    """What the entry's key ends with, after that of the quote."""

    amount: int
    """Micro-units; below zero is credited."""


class AcceptedQuote(BaseModel):
    """A quote that was accepted and carried out; kept in the transaction that charged it."""

    model_config = ConfigDict(frozen=True)

    key: str
    """What the keys of its ledger entries begin with."""

    account_id: str
    cause: str
    """Of its entries."""

    at: Moment
    lines: tuple[AcceptedLine, ...]
    total: int
    """Micro-units; below zero is credited."""

    credit: int = 0
    """What an opening adds before it charges, in micro-units."""

    def fault(self, entries: Iterable[ChargedEntry]) -> str:
        """Return how entries differ from what was accepted; empty when they don't.

        `entries` are those whose keys begin with its key. What undid an order of numbers takes back
        all of it, and maybe months that were billed since: they are no part of the quote.
        """
        charged: dict[str, int] = {}
        undone = 0
        for entry in entries:
            if (entry.account_id, entry.cause) != (self.account_id, self.cause):
                continue
            if not takes_back(entry.key):
                charged[entry.key.removeprefix(f"{self.key}:")] = -entry.amount
            elif undoes(entry.key):
                undone += entry.amount
        for what, amount, accepted in self._compared(charged):
            if amount != accepted:
                return self._told(f"{what} {decimal_text(amount)}", accepted, "accepted")
        if undone not in {0, self.total}:
            return self._told(f"{self.key} took back {decimal_text(undone)}", self.total, "charged")
        return ""

    def _told(self, what: str, amount: int, done: str) -> str:
        return f"charges of {self.account_id}: {what}, but {decimal_text(amount)} was {done}"

    def _compared(self, charged: dict[str, int]) -> Iterator[tuple[str, int, int]]:
        """Yield what is compared, in words, with what it came to and what was accepted."""
        yield f"{self.key}:{CREDIT} added", -charged.pop(CREDIT, 0), self.credit
        lines = {line.key: line.amount for line in self.lines}
        yield f"{self.key} charged", sum(charged.values()), self.total
        yield f"{self.key} was shown in lines of", sum(lines.values()), self.total
        for key in sorted({*lines, *charged}):
            yield f"{self.key}:{key} charged", charged.get(key, 0), lines.get(key, 0)


def accepted_lines(charges: Iterable[Charge]) -> tuple[AcceptedLine, ...]:
    """Return the lines of a quote as they are kept; what comes to nothing has no entry."""
    return tuple(AcceptedLine(key=one.key, amount=one.amount) for one in charges if one.amount)
