"""What is held for calls while they run."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from contracts.billing import SLICE_SECONDS, CallKind
from services.billing.ledger.model.ledger import BillingAccount, LedgerHead

RINGING_MAX: Final = timedelta(seconds=180)
"""How long a call may ring before what is held for it begins to be used up."""

HOLD_GRACE: Final = timedelta(seconds=30)
"""A hold outlives its seconds by this, for the record or the extension that is on its way."""

ALWAYS_ALLOWED: Final = frozenset[CallKind | None]({"emergency", "extension"})
"""Kinds of calls that are made whatever the account's state, and that count for no limit."""


class Hold(NamedTuple):
    """Money and free seconds that a running call may use up; its own until it is charged."""

    call_id: str
    destination: str
    """E.164 for a number, otherwise as it was dialled."""

    country: str
    """Whose bundle pays for it; empty when none does."""

    money: int
    """Micro-units."""

    free_seconds: int
    seconds: int
    """How long the call may last so far."""

    began_at: datetime
    """When it was authorised, or answered if it was by then."""

    until: datetime
    kind: CallKind | None = None
    """None: it was authorised by an earlier version."""

    answered_at: datetime | None = None
    """None: nobody has said so far that it was."""

    slice_seconds: int = SLICE_SECONDS
    short_of_seconds: int = 0
    """What it was asked to last when it got less, which was all that there was."""

    caller: str = ""
    carrier: str = ""
    switch_call_id: str = ""

    @property
    def is_always_allowed(self) -> bool:
        """Whether its call is made whatever the account's state."""
        return self.kind in ALWAYS_ALLOWED

    @property
    def expires_at(self) -> datetime:
        """When its seconds are over, at the latest."""
        return self.until - HOLD_GRACE

    def goes_to(self, destination: str, kind: CallKind) -> bool:
        """Tell whether it is held for a call of this kind to this destination."""
        return self.destination == destination and self.kind in {None, kind}

    def answered_seconds(self, now: datetime) -> int:
        """Return how long ago it was answered."""
        return max((now - (self.answered_at or now)) // timedelta(seconds=1), 0)

    def answered(self, elapsed_seconds: int | None, now: datetime) -> "Hold":
        """Return it as of a call that was answered so long ago; None: nobody says.

        The earliest answer that was told counts: a question that is repeated comes a moment later.
        """
        if elapsed_seconds is None:
            return self
        told = max(now - timedelta(seconds=elapsed_seconds), self.began_at)
        answered_at = min(told, self.answered_at) if self.answered_at else told
        return self._replace(answered_at=answered_at).lasting()

    def lasting(self, **values: int) -> "Hold":
        """Return it with other seconds, or what these cost, and until when it is held therefore."""
        changed = self._replace(**values)
        begins = changed.answered_at or changed.began_at + RINGING_MAX
        return changed._replace(until=begins + timedelta(seconds=changed.seconds) + HOLD_GRACE)


class CallAccount(NamedTuple):
    """An account as a call finds it; its revision changes with everything in it."""

    billing_account: BillingAccount
    head: LedgerHead
    holds: tuple[Hold, ...]
    revision: int

    def hold_of(self, call_id: str, now: datetime) -> Hold | None:
        """Return what is held for a call, unless it has expired."""
        for hold in self.holds:
            if hold.call_id == call_id and hold.until > now:
                return hold
        return None

    def other_holds(self, call_id: str, now: datetime) -> tuple[Hold, ...]:
        """Return what is held for all other calls."""
        return tuple(hold for hold in self.holds if hold.until > now and hold.call_id != call_id)

    def number_of(self, kind: CallKind | None) -> int:
        """Return how many of its holds are for calls of a kind."""
        return sum(hold.kind == kind for hold in self.holds)


def is_served(account: BillingAccount, switch_account_id: str) -> bool:
    """Tell whether an account's calls are a switch's: of its own account, or of one below it."""
    return switch_account_id in {account.id, *account.parent_path}
