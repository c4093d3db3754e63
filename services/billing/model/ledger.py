"""A wallet and its ledger: each entry carries the balance after it; the last one is the wallet."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from contracts.billing import EntryType
from contracts.values import Moment

DECEMBER: Final = 12

WalletStatus = Literal["active", "disabled", "suspended", "closed"]


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

    @property
    def parent_id(self) -> str:
        """The account that it belongs to, its tenant."""
        return self.parent_path[-1]

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


class Standing(BaseModel):
    """Where a ledger stands: what its last entry says, or how the wallet began."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    seq: int = 0
    at: Moment
    balance: int = 0
    seconds: Mapping[str, int]

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
    )


def entries_after(
    standing: Standing, movements: Iterable[Movement], *, now: datetime, cause: str, actor: str
) -> tuple[Entry, ...]:
    """Return the entries that carry on a ledger with these movements; nothing moves by zero.

    Time never runs backwards along a ledger, whatever the clocks of the processes that write it
    say: so a time frame is a stretch of `seq`.
    """
    entries: list[Entry] = []
    seq, balance = standing.seq, standing.balance
    for movement in movements:
        if movement.amount == 0:
            continue
        seq, balance = seq + 1, balance + movement.amount
        entry = Entry(
            **movement.model_dump(),
            account_id=standing.account_id,
            seq=seq,
            at=max(now, standing.at),
            balance_after=balance,
            seconds_after=standing.seconds,
            cause=cause,
            actor=actor,
        )
        entries.append(entry)
    return tuple(entries)


class Chain(BaseModel):
    """What an audit has seen of a ledger so far, and the first fault that it found."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    seq: int = 0
    at: Moment | None = None
    balance: int = 0
    total: int = 0
    fault: str = ""

    def after(self, entry: Entry) -> "Chain":
        """Return the chain with one more entry."""
        total = self.total + entry.amount
        return Chain(
            account_id=self.account_id,
            seq=entry.seq,
            at=entry.at,
            balance=entry.balance_after,
            total=total,
            fault=self.fault or self._fault_of(entry, total),
        )

    def _fault_of(self, entry: Entry, total: int) -> str:
        if entry.seq != self.seq + 1:
            fault = f"entry {self.seq} is followed by entry {entry.seq}"
        elif entry.balance_after != self.balance + entry.amount:
            fault = f"entry {entry.seq} does not carry on the balance before it"
        elif entry.balance_after != total:
            fault = f"the balance after entry {entry.seq} is not the sum of the entries"
        elif self.at is not None and entry.at < self.at:
            fault = f"entry {entry.seq} is older than the one before it"
        else:
            return ""
        return f"ledger of {self.account_id}: {fault}"


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


def local_day(moment: datetime, time_zone: str) -> date:
    """Return the day that a moment falls on in a time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def renewal_after(day: date, anchor_day: int) -> date:
    """Return the first renewal day after a day; 29 to 31 become the end of a shorter month."""
    renewal = _clamped(day.year, day.month, anchor_day)
    if renewal > day:
        return renewal
    year, month = (day.year + 1, 1) if day.month == DECEMBER else (day.year, day.month + 1)
    return _clamped(year, month, anchor_day)


def _clamped(year: int, month: int, day: int) -> date:
    year_after, month_after = (year + 1, 1) if month == DECEMBER else (year, month + 1)
    last_day = (date(year_after, month_after, 1) - timedelta(days=1)).day
    return date(year, month, min(day, last_day))
