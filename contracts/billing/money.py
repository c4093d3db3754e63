"""Credit, billing accounts and the ledger."""

from datetime import date
from typing import Literal

from pydantic import Field

from contracts.base import Answer, Command, Event, Query, Value
from contracts.values import PAGE_ITEMS_MAX, Amount, Currency, Moment, PageLimit, Sum

EntryType = Literal[
    "credit",
    "users",
    "number-setup",
    "number-rent",
    "call",
    "refund",
    "adjustment",
    "payment",
    "write-off",
]


NOTE_CHARACTERS_MAX = 500
REASON_CHARACTERS_MAX = 500
ENTRY_SEQ_MAX = 2**53 - 1
"""More entries than any ledger gets; every reader of JSON has whole numbers up to it."""


class CreditOrder(Value):
    """Prepaid credit that is added, with the decimals that its currency has, and a note."""

    amount: Amount
    note: str = Field(default="", max_length=NOTE_CHARACTERS_MAX)


class LedgerEntry(Answer):
    """One movement of money; never changed, never deleted."""

    seq: int
    at: Moment
    type: EntryType
    amount: Sum
    balance_after: Sum
    text: str
    cause: str
    """The call, invoice or request behind it."""

    actor: str
    corrects_seq: int | None = None
    """Of the entry that this adjustment corrects, if it names one."""


class AddCredit(Command[LedgerEntry], topic="billing.add-credit.v1"):
    """Add prepaid credit to an account of the asker."""

    account_id: str
    credit: CreditOrder


class CreditAdded(Event, topic="billing.credit-added.v1"):
    """Prepaid credit was added to an account."""

    account_id: str
    reseller_id: str
    seq: int
    amount: Amount
    balance_after: Sum
    currency: Currency


class AdjustBalance(Command[LedgerEntry], topic="billing.adjust-balance.v1"):
    """Adjust the balance of an account directly below the asker, up or down.

    Prepaid money only: an adjustment is on no invoice and carries no tax. With `entry_seq` it
    corrects that entry: together, all its corrections take back what the entry moved at most.
    """

    account_id: str
    amount: Amount
    """Above zero adds to the balance; below zero takes from it, also below zero."""

    reason: str = Field(max_length=REASON_CHARACTERS_MAX)
    entry_seq: int | None = None


class BalanceAdjusted(Event, topic="billing.balance-adjusted.v1"):
    """The parent of an account adjusted its balance."""

    account_id: str
    reseller_id: str
    seq: int
    amount: Amount
    balance_after: Sum
    currency: Currency
    corrects_seq: int | None = None
    """Of the entry that it corrects, if it names one."""


class Balance(Answer):
    """available = balance + credit limit - held."""

    account_id: str
    balance: Sum
    held: Sum
    available: Sum
    credit_limit: Amount
    currency: Currency


class FindBalance(Query[Balance], topic="billing.find-balance.v1"):
    """The exact balance of an account, for its parent or its administrator."""

    account_id: str


class SetCreditLimit(Command[Balance], topic="billing.set-credit-limit.v1"):
    """Set how far below zero calls and purchases may take an account directly below the asker.

    It counts at once, for running calls too. A lower limit takes nothing back.
    """

    account_id: str
    credit_limit: Amount
    """Zero or more; 0: prepaid money only."""


class CreditLimitChanged(Event, topic="billing.credit-limit-changed.v1"):
    """The credit limit of an account is another one."""

    account_id: str
    reseller_id: str
    credit_limit: Amount
    credit_limit_before: Amount
    currency: Currency


class BillingAccountSummary(Value):
    """What a list of accounts shows of the money."""

    account_id: str
    balance: Sum
    currency: Currency
    bundle_minutes: int
    """Per period, all countries together."""

    bundle_minutes_left: int
    credit_limit: Amount = 0
    renews_at: Moment | None = None
    """When it renews next; None: never."""

    days_left: int | None = None
    """For how many days balance and credit limit last, if calls go on as in the last 30 days and
    each renewal charges the same: an estimate. 366: more than a year. None: nothing is spent."""

    low: bool = False
    """Whether that is fewer than 14 days, or so little that its administrator is warned."""


class BillingAccountSummaries(Answer):
    """The billing accounts that were asked for and exist."""

    data: tuple[BillingAccountSummary, ...]


class FindBillingAccounts(Query[BillingAccountSummaries], topic="billing.find-billing-accounts.v1"):
    """Find the billing accounts of a page of the asker's accounts."""

    account_ids: tuple[str, ...] = Field(max_length=PAGE_ITEMS_MAX)


BillingAccountSort = Literal["balance", "-balance", "renews_at", "-renews_at"]
BILLING_ACCOUNTS_PICKED_MAX = 5_000


class BillingAccountFilter(Value):
    """Selects accounts by their money; all bounds are optional."""

    low: bool = False
    """Only those with low credit."""

    balance_from: Sum | None = None
    balance_to: Sum | None = None
    """With this balance or less."""

    renews_from: Moment | None = None
    renews_before: Moment | None = None
    status: Literal["active", "disabled", "suspended", "closed"] | None = None
    """None: every open one."""

    account_ids: tuple[str, ...] | None = Field(
        default=None, max_length=BILLING_ACCOUNTS_PICKED_MAX
    )
    """Only of these accounts."""


class BillingAccountPage(Answer):
    """A page of billing accounts in the requested order, with cursors to the pages around it."""

    data: tuple[BillingAccountSummary, ...]
    next: str | None = None
    previous: str | None = None


class ListBillingAccounts(Query[BillingAccountPage], topic="billing.list-billing-accounts.v1"):
    """List the billing accounts of a reseller's customers, sorted and filtered by their money."""

    sort: BillingAccountSort = "balance"
    filter: BillingAccountFilter = BillingAccountFilter()
    limit: PageLimit = 50
    cursor: str | None = None


class PickedBillingAccounts(Answer):
    """The ids of the accounts that match."""

    account_ids: tuple[str, ...]
    more: bool = False
    """Whether there are more, which are left out."""


class PickBillingAccounts(Query[PickedBillingAccounts], topic="billing.pick-billing-accounts.v1"):
    """Pick the asking reseller's accounts whose money matches a filter, in any order."""

    filter: BillingAccountFilter


class ResellerTotals(Answer):
    """The reseller's business in a few figures."""

    currency: Currency
    monthly_charge: Sum
    """Of all open accounts together."""

    credit: Sum
    """Balances of all open accounts together."""

    below_zero: int
    """Accounts with a balance of zero or less."""

    low: int | None = None
    """Accounts with low credit, as their summaries say."""


class FindResellerTotals(Query[ResellerTotals], topic="billing.find-reseller-totals.v1"):
    """Totals over the open accounts of the asking reseller."""


FreeCallsShown = Literal["listed", "folded", "only"]
"""`folded`: they're not in `data` but counted per day; `only`: nothing but them is listed."""


class FreeCalls(Value):
    """The calls of a day that moved no money, and that a page of entries leaves out."""

    day: date
    """In the account's time zone."""

    count: int
    """How many of them belong to this page; a page can begin or end within a day."""

    last_seq: int
    """Of the newest of them."""


class TransactionPage(Answer):
    """Ledger entries in a time frame, newest first."""

    opening_balance: Sum
    closing_balance: Sum
    currency: Currency
    data: tuple[LedgerEntry, ...]
    free_calls: tuple[FreeCalls, ...] = ()
    """Newest day first; empty unless they were asked to be `folded`."""

    count: int | None = None
    """How many entries the time frame has, folded ones too; None where only some are asked for."""

    next: str | None = None


class ListTransactions(Query[TransactionPage], topic="billing.list-transactions.v1"):
    """Ledger entries of an account with `start` ≤ at < `end`."""

    account_id: str
    start: Moment | None = None
    end: Moment | None = None
    types: tuple[EntryType, ...] = Field(default=(), max_length=20)
    """Only these; none given: all."""

    free_calls: FreeCallsShown = "listed"
    limit: PageLimit = 50
    cursor: str | None = None
