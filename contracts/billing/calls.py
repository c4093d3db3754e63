"""Calls: what they were charged, and whose they are."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Answer, Event, Query, Value
from contracts.calls import CALL_ID_CHARACTERS_MAX, CallDirection
from contracts.compatibility import GROWS
from contracts.exact_rates import ExactRate
from contracts.values import (
    Amount,
    Country,
    Currency,
    Day,
    KeptMoment,
    Moment,
    PageLimit,
    Realm,
    Sum,
)

CALLS_PER_EVENT_MAX = 50
CHART_DAYS_MAX = 92
CALL_ACCOUNTS_MAX = 1_000

DestinationKind = Literal["number", "short", "emergency", "extension"]

DestinationKindField = Annotated[
    DestinationKind,
    Field(
        description="What was dialled: a number, a public short number, an emergency number or an"
        " extension. New kinds may be added.",
        json_schema_extra={GROWS: True},
    ),
]


class CallAccount(Value):
    """An account whose calls the asker may tell of."""

    account_id: str
    realm: Realm


class CallAccounts(Answer):
    """Those that there are and that the asker serves; the others are left out."""

    data: tuple[CallAccount, ...]


class ResolveCallAccounts(Query[CallAccounts], topic="billing.resolve-call-accounts.v1"):
    """Whose calls these are: records are spread by account. A realm never changes its account.

    Operators and the platform's switch serve every account, a reseller and its switch the reseller
    and its own.
    """

    account_ids: tuple[str, ...] = Field(default=(), max_length=CALL_ACCOUNTS_MAX)
    realms: tuple[Realm, ...] = Field(default=(), max_length=CALL_ACCOUNTS_MAX)


# --- what was charged -----------------------------------------------------------------------


class ChargedCall(Value):
    """A call as it stands in its account's ledger."""

    call_id: str
    account_id: str
    reseller_id: str
    seq: int
    charged_at: Moment
    answered_at: KeptMoment
    caller: str
    destination: str
    country: Country | None = None
    seconds: int
    rated_seconds: int
    """Those that were charged by the rate; the rest was free."""

    rate: Amount
    rate_exact: ExactRate | None = None
    """The rate with all of its decimals, where it has more than 6."""

    cost: Amount
    balance_after: Sum
    currency: Currency


class CallsCharged(Event, topic="billing.calls-charged.v1"):
    """Calls were charged, up to 50 of them, of one or several accounts, each in order of `seq`."""

    calls: tuple[ChargedCall, ...] = Field(max_length=CALLS_PER_EVENT_MAX)


class BalanceLow(Event, topic="billing.balance-low.v1"):
    """A balance has fallen below its threshold. Published again only after it was above it."""

    account_id: str
    reseller_id: str
    seq: int
    balance_after: Sum
    threshold: Sum
    """Below zero where a credit limit lets the balance fall so far."""

    currency: Currency
    credit_limit: Amount = 0


class Overdraft(Event, topic="billing.overdraft.v1"):
    """A balance has fallen below zero, by more than the account's credit limit."""

    account_id: str
    reseller_id: str
    seq: int
    balance_after: Sum
    currency: Currency


class BundleExhausted(Event, topic="billing.bundle-exhausted.v1"):
    """The free minutes to a country are used up for this period."""

    account_id: str
    reseller_id: str
    seq: int
    country: Country


class CallNotes(Value):
    """What else the switch told of a call: it decides nothing."""

    direction: CallDirection = "out"
    hangup_cause: str | None = None
    sip_code: int | None = None
    carrier: str | None = None
    switch_call_id: str | None = None
    others: Mapping[str, str] = {}
    """Fields of its record that are not known."""


class BilledCall(Value):
    """A call of which at least a second was charged by the rate."""

    call_id: str
    answered_at: KeptMoment
    caller: str
    destination: str
    country: Country | None
    seconds: int
    rated_seconds: int
    rate: Amount
    rate_exact: ExactRate | None = None
    """The rate with all of its decimals, where it has more than 6."""

    cost: Amount
    charged_at: Moment | None = None
    """When it was charged, which is when it counts for the balance and for invoices."""

    notes: CallNotes | None = None


class FoundCall(BilledCall):
    """A charged call, also one that cost nothing, and whose it is."""

    account_id: str
    seq: int
    """Of its entry in the account's ledger."""


class FoundCalls(Answer):
    """The calls that have the id: switches may use one for calls of several accounts."""

    data: tuple[FoundCall, ...]


class FindCalls(Query[FoundCalls], topic="billing.find-calls.v1"):
    """Charged calls of the asker's own account and those directly below it, by the switch's id."""

    call_id: str = Field(max_length=CALL_ID_CHARACTERS_MAX)


class CallTotals(Value):
    """What the billed calls of a time frame come to, and the credit that is left now."""

    available_credit: Sum
    minutes_used: float
    """Rated seconds in minutes, to two decimals."""

    call_charges: Sum


class CallPage(Answer):
    """Billed calls of a time frame, the last answered first."""

    totals: CallTotals
    currency: Currency
    data: tuple[BilledCall, ...]
    next: str | None = None


class ListCalls(Query[CallPage], topic="billing.list-calls.v1"):
    """Billed calls of an account with `start` ≤ answered at < `end`.

    Calls that a bundle covered whole are not among them.
    """

    account_id: str
    start: Moment | None = None
    end: Moment | None = None
    limit: PageLimit = 50
    cursor: str | None = None
    with_totals: bool = True
    """False: the totals of minutes and charges aren't worked out, and are 0."""


class UsageDay(Value):
    """What the billed calls of one day come to."""

    day: date
    minutes_used: float
    call_charges: Sum


class DailyUsage(Answer):
    """The days of a time frame, in the account's time zone."""

    currency: Currency
    data: tuple[UsageDay, ...]


class FindDailyUsage(Query[DailyUsage], topic="billing.find-daily-usage.v1"):
    """What calls of an account came to from day to day; `last` is one of the days, at most 92."""

    account_id: str
    first: Day
    last: Day
