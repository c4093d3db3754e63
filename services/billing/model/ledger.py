"""A wallet and its ledger: each entry carries the balance after it; the last one is the wallet."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.billing import DomesticPolicy, EntryType
from contracts.values import Moment
from services.billing.model.period import local_day, renewal_after

LOW_BALANCE_MICROS: Final = 5_000_000
LOW_BALANCE_PART: Final = 5
"""A balance is low below 5.00, or a fifth of the monthly charge where that is more."""

WalletStatus = Literal["active", "disabled", "suspended", "closed"]


class CallTerms(BaseModel):
    """What of a plan decides about calls, from a moment on."""

    model_config = ConfigDict(frozen=True)

    since: Moment
    rate_sheet_id: str
    """Empty: none, so no international calls."""

    countries: frozenset[str]
    """Opened ones."""

    domestic_policy: DomesticPolicy
    users: int


class Wallet(BaseModel):
    """What billing knows of an account; its balance is that of its last ledger entry."""

    model_config = ConfigDict(frozen=True)

    id: str
    """The account's."""

    parent_path: tuple[str, ...]
    """The accounts above it: the platform first, its parent last."""

    currency: str
    country: str
    time_zone: str
    status: WalletStatus = "active"
    account_version: int = 0
    """Of the account event that the status comes from; older events are ignored."""

    opened_at: Moment
    anchor_day: int
    """Day of the month it was opened on: the day it renews on where a month has it."""

    opening_seconds: Mapping[str, int] = {}
    """Bundle seconds by country before the first entry."""

    bundle_minutes: int = 0
    """Per period, all countries together."""

    monthly_charge: int = 0
    realm: str = ""
    credit_limit: int = 0
    """How far below zero calls may take the balance, in micro-units."""

    terms: tuple[CallTerms, ...] = ()
    """The oldest first; empty without a plan."""

    @property
    def parent_id(self) -> str:
        """The account that it belongs to, its tenant."""
        return self.parent_path[-1]

    @property
    def low_balance(self) -> int:
        """The balance below which its administrator is warned, in micro-units."""
        return max(LOW_BALANCE_MICROS, self.monthly_charge // LOW_BALANCE_PART)

    def terms_at(self, moment: datetime) -> CallTerms | None:
        """Return the terms of a call answered at a moment; None without a plan."""
        if len(self.terms) == 1:
            return self.terms[0]
        begun = [terms for terms in self.terms if terms.since <= moment]
        return (begun or self.terms or (None,))[-1 if begun else 0]

    def next_renewal(self, now: datetime) -> date:
        """Return the day of the account's zone on which its next period begins."""
        return renewal_after(local_day(now, self.time_zone), self.anchor_day)


class Movement(BaseModel):
    """Money that is to move. Its key is unique among all entries: it cannot move twice."""

    model_config = ConfigDict(frozen=True)

    key: str
    type: EntryType
    amount: int
    """Micro-units; negative takes from the balance."""

    text: str


class CallFacts(BaseModel):
    """A charged call: what the switch told of it, and how it was rated."""

    model_config = ConfigDict(frozen=True)

    answered_at: Moment
    caller: str
    destination: str
    country: str | None
    seconds: int
    rated_seconds: int
    free_seconds: int
    """Taken from the bundle of its country."""

    rate: int
    """Micro-units per 60 seconds."""


class Entry(Movement):
    """One movement of money as it stands in the ledger."""

    account_id: str
    seq: int
    at: Moment
    balance_after: int
    seconds_after: Mapping[str, int]
    """Bundle seconds left, by country."""

    cause: str
    actor: str
    call: CallFacts | None = None
    rated_seconds_after: int = 0
    """Of all calls so far: what calls of a time frame come to is the difference of two entries."""

    call_charges_after: int = 0
    """Likewise, in micro-units."""


class Standing(NamedTuple):
    """Where a ledger stands: what its last entry says, or how the wallet began."""

    account_id: str
    at: datetime
    seconds: Mapping[str, int]
    seq: int = 0
    balance: int = 0
    rated_seconds: int = 0
    call_charges: int = 0

    @property
    def seconds_left(self) -> int:
        """Bundle seconds left, all countries together."""
        return sum(self.seconds.values())


def standing_of(wallet: Wallet, last: Entry | None) -> Standing:
    """Return where the ledger of a wallet with this last entry stands."""
    if last is None:
        return Standing(account_id=wallet.id, at=wallet.opened_at, seconds=wallet.opening_seconds)
    return Standing(
        account_id=wallet.id,
        seq=last.seq,
        at=last.at,
        balance=last.balance_after,
        seconds=last.seconds_after,
        rated_seconds=last.rated_seconds_after,
        call_charges=last.call_charges_after,
    )


def entries_after(
    standing: Standing,
    movements: Iterable[Movement],
    *,
    now: datetime,
    cause: str,
    actor: str,
    seconds: Mapping[str, int] | None = None,
) -> tuple[Entry, ...]:
    """Return the entries that carry on a ledger with these movements.

    With `seconds`, bundles are set to them. Nothing moves by zero, but for an adjustment that
    tells of other bundle seconds. Time never runs backwards along a ledger, whatever the clocks of
    the processes that write it say: so a time frame is a stretch of `seq`.
    """
    seconds = standing.seconds if seconds is None else seconds
    resets = seconds != standing.seconds
    entries: list[Entry] = []
    seq, balance = standing.seq, standing.balance
    for movement in movements:
        if movement.amount == 0 and not (resets and movement.type == "adjustment"):
            continue
        seq, balance = seq + 1, balance + movement.amount
        entry = Entry(
            **movement.model_dump(),
            account_id=standing.account_id,
            seq=seq,
            at=max(now, standing.at),
            balance_after=balance,
            seconds_after=seconds,
            cause=cause,
            actor=actor,
            rated_seconds_after=standing.rated_seconds,
            call_charges_after=standing.call_charges,
        )
        entries.append(entry)
    assert entries or not resets, "other bundle seconds need an entry that tells of them"
    return tuple(entries)


def bundle_movement(key: str, text: str) -> Movement:
    """Return the movement of no money that other bundle seconds are written with."""
    return Movement(key=key, type="adjustment", amount=0, text=text)


class Chain(BaseModel):
    """What an audit has seen of a ledger so far, and the first fault that it found."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    last: Entry | None = None
    total: int = 0
    fault: str = ""

    @property
    def seq(self) -> int:
        """Of the last entry; 0 without one."""
        return self.last.seq if self.last else 0

    @property
    def balance(self) -> int:
        """After the last entry."""
        return self.last.balance_after if self.last else 0

    def after(self, entry: Entry) -> "Chain":
        """Return the chain with one more entry."""
        total = self.total + entry.amount
        fault = self.fault or self._fault_of(entry, total)
        return Chain.model_construct(
            account_id=self.account_id, last=entry, total=total, fault=fault
        )

    def _fault_of(self, entry: Entry, total: int) -> str:
        if entry.seq != self.seq + 1:
            fault = f"entry {self.seq} is followed by entry {entry.seq}"
        elif entry.balance_after != self.balance + entry.amount:
            fault = f"entry {entry.seq} does not carry on the balance before it"
        elif entry.balance_after != total:
            fault = f"the balance after entry {entry.seq} is not the sum of the entries"
        elif self.last is not None and entry.at < self.last.at:
            fault = f"entry {entry.seq} is older than the one before it"
        elif not _carries_on_calls(self.last, entry):
            fault = f"entry {entry.seq} does not carry on the totals or bundles of calls"
        else:
            return ""
        return f"ledger of {self.account_id}: {fault}"


def _carries_on_calls(last: Entry | None, entry: Entry) -> bool:
    """Tell whether what an entry says of all calls and of bundles follows from the one before."""
    rated, charges = (last.rated_seconds_after, last.call_charges_after) if last else (0, 0)
    call = entry.call
    if call is not None:
        rated, charges = rated + call.rated_seconds, charges - entry.amount
        left = dict(last.seconds_after if last else entry.seconds_after)
        if last is not None and call.free_seconds:
            left[call.country or ""] = left.get(call.country or "", 0) - call.free_seconds
        if left != entry.seconds_after or min(left.values(), default=0) < 0:
            return False
    return (entry.rated_seconds_after, entry.call_charges_after) == (rated, charges)


def credit_movement(key: str, amount: int, note: str) -> Movement:
    """Return the movement that adds prepaid credit."""
    text = f"Credit added: {note}" if note else "Credit added"
    return Movement(key=key, type="credit", amount=amount, text=text)


def closing_refund(account_id: str, balance: int) -> Movement:
    """Return the movement that pays out what is left; a debt stays where it is."""
    return Movement(
        key=f"close:{account_id}:refund",
        type="refund",
        amount=-max(balance, 0),
        text="Remaining credit refunded at closing",
    )
