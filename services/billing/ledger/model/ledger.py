"""A billing account and its ledger: each entry carries the balance after it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.billing import DomesticPolicy
from contracts.values import SUM_MICROS_MAX, Moment
from services.billing.base.model.period import (
    ONE_DAY,
    Period,
    begin_of,
    local_day,
    period_of,
    renewal_after,
)
from services.billing.ledger.model.bundles import LastBundles
from services.billing.ledger.model.call_facts import CallFacts
from services.billing.ledger.model.movement import Movement

BALANCE_MICROS_MAX: Final = SUM_MICROS_MAX // 100
"""What credit may take a balance to: enough for every invoice, and a hundred of them are a sum."""

LOW_BALANCE_MICROS: Final = 5_000_000
LOW_BALANCE_PART: Final = 5
"""A balance is low below 5.00, or a fifth of the monthly charge where that is more."""

BillingAccountStatus = Literal["active", "disabled", "suspended", "closed"]


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
    premium_allowed: bool = False
    """Whether premium-rate, shared-cost and personal numbers may be called."""


class BillingAccount(BaseModel):
    """What billing knows of an account; its balance is that of its last ledger entry."""

    model_config = ConfigDict(frozen=True)

    id: str
    """The account's."""

    parent_path: tuple[str, ...]
    """The accounts above it: the platform first, its parent last."""

    currency: str
    country: str
    time_zone: str
    status: BillingAccountStatus = "active"
    account_version: int = 0
    """Of the account event that the status comes from; older events are ignored."""

    opened_at: Moment
    anchor_day: int
    """Day of the month it was opened on: the day it renews on where a month has it."""

    plan_started_at: Moment | None = None
    """When it got its plan, if it was opened without one; its periods begin then."""

    opening_seconds: Mapping[str, int] = {}
    """Bundle seconds by country before the first entry."""

    bundle_minutes: int = 0
    """Per period, all countries together."""

    monthly_charge: int = 0
    realm: str = ""
    credit_limit: int = 0
    """How far below zero calls and purchases may take the balance, in micro-units."""

    terms: tuple[CallTerms, ...] = ()
    """The oldest first; empty without a plan."""

    renews_at: Moment | None = None
    """When it is billed next: at its opening, and then as each period begins; None: never."""

    invoiced_seq: int = 0
    """Of the last ledger entry that an invoice covers."""

    @property
    def reseller_id(self) -> str:
        """The account that it belongs to, its tenant."""
        return self.parent_path[-1]

    @property
    def low_balance(self) -> int:
        """The balance below which its administrator is warned, in micro-units.

        Below zero with a credit limit: what matters is how much can still be spent.
        """
        low = max(LOW_BALANCE_MICROS, self.monthly_charge // LOW_BALANCE_PART)
        return low - self.credit_limit

    def is_overdrawn(self, balance: int) -> bool:
        """Tell whether a balance is further below zero than the credit limit allows."""
        return balance < -self.credit_limit

    def available(self, balance: int, held: int) -> int:
        """Return what calls and purchases can spend: the credit limit counts, held money not."""
        return balance + self.credit_limit - held

    def payable(self, balance: int, held: int) -> int:
        """Return what can pay invoices: money that there is, and that running calls do not hold.

        A credit limit lends for calls and purchases; it covers what is held, but pays no debt.
        """
        return max(min(balance, self.available(balance, held)), 0)

    def terms_at(self, moment: datetime) -> CallTerms | None:
        """Return the terms of a call answered at a moment; None without a plan."""
        if len(self.terms) == 1:
            return self.terms[0]
        begun = [terms for terms in self.terms if terms.since <= moment]
        return (begun or self.terms or (None,))[-1 if begun else 0]

    def next_renewal(self, now: datetime) -> date:
        """Return the day of the account's zone on which its next period begins."""
        return renewal_after(local_day(now, self.time_zone), self.anchor_day)

    @property
    def is_new(self) -> bool:
        """Whether what its opening charged is still to be billed; it has no recurring lines."""
        return self.renews_at == (self.plan_started_at or self.opened_at)

    @property
    def period(self) -> Period:
        """The period that is billed next, of a billing account that renews."""
        assert self.renews_at is not None, f"{self.id} does not renew"
        return period_of(local_day(self.renews_at, self.time_zone), self.anchor_day)

    def is_due(self, now: datetime) -> bool:
        """Tell whether there is a period to be billed."""
        return self.renews_at is not None and self.renews_at <= now

    def is_behind(self, now: datetime) -> bool:
        """Tell whether another period has begun than the one that is charged.

        The plan must stay as it is until they agree: what a change charges would come twice. And a
        clock that is behind the one that renewed would sell the new period for the old one's days.
        """
        if self.renews_at is None:
            return False
        charged = self.period
        if not self.is_new:
            charged = period_of(charged.start - ONE_DAY, self.anchor_day)
        return not charged.start <= local_day(now, self.time_zone) < charged.end

    def billed(self, through_seq: int) -> "BillingAccount":
        """Return it with its period billed and an invoice for its ledger up to an entry."""
        renews_at = begin_of(self.period.end, self.time_zone)
        return self.model_copy(update={"renews_at": renews_at, "invoiced_seq": through_seq})


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

    last_bundles: LastBundles | None = None
    """What is left of the last period's bundles; None before the first renewal of any bundle."""


class LedgerHead(NamedTuple):
    """Where a ledger stands: what its last entry says, or how the billing account began."""

    account_id: str
    at: datetime
    seconds: Mapping[str, int]
    seq: int = 0
    balance: int = 0
    rated_seconds: int = 0
    call_charges: int = 0
    last_bundles: LastBundles | None = None

    def is_late(self, answered_at: datetime) -> bool:
        """Tell whether a call was answered before the current period of its bundles."""
        return self.last_bundles is not None and self.last_bundles.has(answered_at)

    def seconds_for(self, answered_at: datetime, now: datetime) -> Mapping[str, int]:
        """Return the bundle seconds that a call may use, by when it was answered."""
        last = self.last_bundles
        if last is None or not last.has(answered_at):
            return self.seconds
        return last.seconds_for(answered_at, now)

    @property
    def seconds_left(self) -> int:
        """Bundle seconds left, all countries together."""
        return sum(self.seconds.values())


def head_of(account: BillingAccount, last: Entry | None) -> LedgerHead:
    """Return where the ledger of a billing account with this last entry stands."""
    if last is None:
        opened_at, seconds = account.opened_at, account.opening_seconds
        return LedgerHead(account_id=account.id, at=opened_at, seconds=seconds)
    return LedgerHead(
        account_id=account.id,
        seq=last.seq,
        at=last.at,
        balance=last.balance_after,
        seconds=last.seconds_after,
        rated_seconds=last.rated_seconds_after,
        call_charges=last.call_charges_after,
        last_bundles=last.last_bundles,
    )


def entries_after(
    head: LedgerHead,
    movements: Iterable[Movement],
    *,
    now: datetime,
    cause: str,
    actor: str,
    seconds: Mapping[str, int] | None = None,
    last_bundles: LastBundles | None = None,
) -> tuple[Entry, ...]:
    """Return the entries that carry on a ledger with these movements.

    With `seconds`, bundles are set to them; with `last_bundles`, a new period of them begins.
    Nothing moves by zero, but for an adjustment that tells of other bundle seconds. Time never runs
    backwards along a ledger, whatever the clocks of the processes that write it say: so a time
    frame is a stretch of `seq`.
    """
    seconds = head.seconds if seconds is None else seconds
    resets = seconds != head.seconds or last_bundles is not None
    at = max(now, head.at)
    last = last_bundles or (head.last_bundles.at(at) if head.last_bundles else None)
    entries: list[Entry] = []
    seq, balance = head.seq, head.balance
    for movement in movements:
        if movement.amount == 0 and not (resets and movement.type == "adjustment"):
            continue
        seq, balance = seq + 1, balance + movement.amount
        entry = Entry(
            **movement.model_dump(),
            account_id=head.account_id,
            seq=seq,
            at=at,
            balance_after=balance,
            seconds_after=seconds,
            cause=cause,
            actor=actor,
            rated_seconds_after=head.rated_seconds,
            call_charges_after=head.call_charges,
            last_bundles=last,
        )
        entries.append(entry)
    assert entries or not resets, "other bundle seconds need an entry that tells of them"
    return tuple(entries)
