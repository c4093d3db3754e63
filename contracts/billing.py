"""What billing owns: plans, rate sheets, quotes, wallets and the ledger, in life order."""

from datetime import date
from typing import Literal

from pydantic import Field

from contracts.base import Answer, Command, Done, Event, Query, Value
from contracts.values import (
    PAGE_ITEMS_MAX,
    Amount,
    Country,
    Currency,
    Moment,
    PageLimit,
    PhoneNumber,
)

NUMBERS_PER_PLAN_MAX = 100
COUNTRIES_PER_PLAN_MAX = 250
USERS_MAX = 10_000
IMPORT_BYTES_MAX = 4_000_000
IMPORT_ROWS_MAX = 5_000

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


class CountryMinutes(Value):
    """An opened country with its bundled minutes per billing period; 0 = none, charged by rate."""

    country: Country
    minutes: int = 0


class PlanOrder(Value):
    """The service plan as it is ordered at opening."""

    name: str = Field(max_length=200)
    users: int = 1
    cost_per_user: Amount
    """Per user and month, up to 4 decimals."""

    rate_sheet_id: str = Field(default="", max_length=64)
    """Empty: no rate sheet, so no international calls."""

    numbers: tuple[str, ...] = Field(default=(), max_length=NUMBERS_PER_PLAN_MAX)
    countries: tuple[CountryMinutes, ...] = Field(default=(), max_length=COUNTRIES_PER_PLAN_MAX)


class PlanSummary(Value):
    """The plan in one line of a list."""

    name: str
    users: int
    cost_per_user: Amount


class CreditOrder(Value):
    """Prepaid credit that is added, with up to 2 decimals and a note."""

    amount: Amount
    note: str = Field(default="", max_length=500)


class PricedNumber(Value):
    """A number with what it costs: a set-up fee once and a fee each month."""

    number: PhoneNumber
    setup_fee: Amount
    monthly_fee: Amount


# --- rate sheets ---------------------------------------------------------------------------


class RateSheet(Answer):
    """A reseller's price list; its rates are listed with `ListRates`."""

    id: str
    name: str
    currency: Currency
    rates: int
    """How many rates it has."""

    accounts: int
    """How many plans use it."""

    lowest_rate: Amount | None = None
    highest_rate: Amount | None = None
    created_at: Moment
    changed_at: Moment
    version: int


class CreateRateSheet(Command[RateSheet], topic="billing.create-rate-sheet.v1"):
    """Make an empty rate sheet for the asking reseller."""

    name: str = Field(max_length=200)
    currency: Currency | None = None
    """Only the platform says it; a reseller's sheets have the reseller's currency."""


class RenameRateSheet(Command[RateSheet], topic="billing.rename-rate-sheet.v1"):
    """Give a rate sheet another name, if it is still at `version`."""

    rate_sheet_id: str
    version: int
    name: str = Field(max_length=200)


class DeleteRateSheet(Command[Done], topic="billing.delete-rate-sheet.v1"):
    """Delete a rate sheet that no plan uses."""

    rate_sheet_id: str


class FindRateSheet(Query[RateSheet], topic="billing.find-rate-sheet.v1"):
    """One rate sheet of the asking reseller."""

    rate_sheet_id: str


class RateSheetPage(Answer):
    """Some rate sheets, by name."""

    data: tuple[RateSheet, ...]
    next: str | None = None


class ListRateSheets(Query[RateSheetPage], topic="billing.list-rate-sheets.v1"):
    """The rate sheets of the asking reseller, by name."""

    limit: PageLimit = PAGE_ITEMS_MAX
    cursor: str | None = None


class Rate(Value):
    """The price of calls to one dialled prefix."""

    prefix: str
    """Digits after the plus sign."""

    country: Country | None = None
    name: str = ""
    rate: Amount
    """Per 60 seconds."""

    connect_fee: Amount = 0
    min_duration: int = 60
    """Seconds."""

    increment: int = 60
    """Seconds."""

    grace: int = 0
    """Seconds that cost nothing."""

    effective_from: Moment | None = None
    """None: since ever."""

    blocked: bool = False


class RatePage(Answer):
    """Some rates, by prefix."""

    data: tuple[Rate, ...]
    next: str | None = None


class ListRates(Query[RatePage], topic="billing.list-rates.v1"):
    """The rates of a sheet; `search` is the beginning of a prefix or of a country's name."""

    rate_sheet_id: str
    search: str = Field(default="", max_length=64)
    limit: PageLimit = PAGE_ITEMS_MAX
    cursor: str | None = None


class RefusedRow(Value):
    """A row of an uploaded file that cannot be taken, and why."""

    line: int
    """Line of the file, the header being line 1."""

    column: str
    value: str
    detail: str


class ImportReport(Answer):
    """What an import did, or (dry run) would do. With refused rows nothing is imported."""

    dry_run: bool
    added: int
    changed: int
    unchanged: int
    removed: int
    refused: tuple[RefusedRow, ...] = ()
    """The first 100."""

    refused_count: int = 0


class ImportRates(Command[ImportReport], topic="billing.import-rates.v1"):
    """Import rates from CSV text (prefix and rate required), all rows or none."""

    rate_sheet_id: str
    csv: str = Field(max_length=IMPORT_BYTES_MAX)
    mode: Literal["upsert", "replace"] = "upsert"
    dry_run: bool = False


class RateSheetChanged(Event, topic="billing.rate-sheet-changed.v1"):
    """A rate sheet was made, renamed, changed or deleted."""

    rate_sheet_id: str
    reseller_id: str
    name: str
    version: int
    deleted: bool = False


class CountryRate(Value):
    """What calls to a country cost on a sheet: its lowest and highest rate per 60 seconds."""

    country: Country
    lowest_rate: Amount
    highest_rate: Amount


class CountryRates(Answer):
    """The countries that a sheet prices, by country code."""

    currency: Currency
    data: tuple[CountryRate, ...]


class FindCountryRates(Query[CountryRates], topic="billing.find-country-rates.v1"):
    """Which countries a sheet of the asking reseller prices, and for how much."""

    rate_sheet_id: str


CALL_SECONDS_MAX = 86_400


class CallPrice(Answer):
    """What a call would cost on a sheet, without any bundle."""

    prefix: str
    """Of the rate that applies: the longest one of the number."""

    country: Country | None = None
    """Of the number; None for satellite and international networks."""

    rate: Amount
    """Per 60 seconds."""

    billed_seconds: int
    cost: Amount
    currency: Currency


class PriceCall(Query[CallPrice], topic="billing.price-call.v1"):
    """What a call to a number would cost on a sheet of the asking reseller."""

    rate_sheet_id: str
    destination: str = Field(max_length=64)
    """E.164, or as it is dialled in the reseller's country."""

    seconds: int = Field(ge=0, le=CALL_SECONDS_MAX)
    at: Moment | None = None
    """When the call is answered; None: now."""


# --- opening ---------------------------------------------------------------------------


class QuoteLine(Value):
    """One line of a quote: amount = quantity times unit price."""

    type: EntryType
    text: str
    quantity: int
    unit_price: Amount
    amount: Amount


class Quote(Answer):
    """Every charge of an order, and the balance after it."""

    lines: tuple[QuoteLine, ...]
    total: Amount
    credit: Amount
    balance_after: Amount
    currency: Currency
    monthly_charge: Amount
    next_renewal: date
    """In the account's time zone."""

    covered: bool
    """Whether the credit covers the charges."""


class QuoteOpening(Query[Quote], topic="billing.quote-opening.v1"):
    """What opening an account would charge. Refused with every wrong field of the plan."""

    plan: PlanOrder | None = None
    credit: CreditOrder | None = None
    numbers: tuple[PricedNumber, ...] = ()
    currency: Currency
    time_zone: str = Field(max_length=64)


class OpenWallet(Command[Done], topic="billing.open-wallet.v1"):
    """Open the wallet and the plan of a new account: credit first, then every charge, or nothing.

    Answered by the event `WalletOpened` or `WalletRefused`.
    """

    account_id: str
    parent_path: tuple[str, ...]
    """The accounts above it, the platform first, its parent last."""

    currency: Currency
    country: Country
    time_zone: str
    plan: PlanOrder | None
    credit: CreditOrder | None
    numbers: tuple[PricedNumber, ...]
    opened_at: Moment
    actor: str


class WalletOpened(Event, topic="billing.wallet-opened.v1"):
    """The account's ledger begins: credit and first charges stand in it."""

    account_id: str
    reseller_id: str
    balance: Amount
    currency: Currency


class WalletRefused(Event, topic="billing.wallet-refused.v1"):
    """The wallet was not opened and nothing was charged."""

    account_id: str
    reseller_id: str
    reason: str
    """A problem type."""

    detail: str


# --- money ---------------------------------------------------------------------------


class LedgerEntry(Answer):
    """One movement of money; never changed, never deleted."""

    seq: int
    at: Moment
    type: EntryType
    amount: Amount
    balance_after: Amount
    text: str
    cause: str
    """The call, invoice or request behind it."""

    actor: str


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
    balance_after: Amount
    currency: Currency


class Balance(Answer):
    """available = balance + credit limit - held."""

    account_id: str
    balance: Amount
    held: Amount
    available: Amount
    credit_limit: Amount
    currency: Currency


class FindBalance(Query[Balance], topic="billing.find-balance.v1"):
    """The exact balance of an account, for its parent or its administrator."""

    account_id: str


class WalletSummary(Value):
    """What a list of accounts shows of the money."""

    account_id: str
    balance: Amount
    currency: Currency
    bundle_minutes: int
    """Per period, all countries together."""

    bundle_minutes_left: int


class WalletSummaries(Answer):
    """The wallets that were asked for and exist."""

    data: tuple[WalletSummary, ...]


class FindWallets(Query[WalletSummaries], topic="billing.find-wallets.v1"):
    """The wallets of a page of accounts of the asker."""

    account_ids: tuple[str, ...] = Field(max_length=PAGE_ITEMS_MAX)


class ResellerTotals(Answer):
    """The reseller's business in three figures."""

    currency: Currency
    monthly_charge: Amount
    """Of all open accounts together."""

    credit: Amount
    """Balances of all open accounts together."""

    below_zero: int
    """Accounts with a balance of zero or less."""


class FindResellerTotals(Query[ResellerTotals], topic="billing.find-reseller-totals.v1"):
    """Totals over the open accounts of the asking reseller."""


class TransactionPage(Answer):
    """Ledger entries in a time frame, newest first."""

    opening_balance: Amount
    closing_balance: Amount
    currency: Currency
    data: tuple[LedgerEntry, ...]
    next: str | None = None


class ListTransactions(Query[TransactionPage], topic="billing.list-transactions.v1"):
    """Ledger entries of an account with `start` ≤ at < `end`."""

    account_id: str
    start: Moment | None = None
    end: Moment | None = None
    limit: PageLimit = 50
    cursor: str | None = None


# --- plans ---------------------------------------------------------------------------


class Bundle(Value):
    """An opened country with bundled minutes per period and what is left of them."""

    country: Country
    minutes: int
    seconds_left: int


class Plan(Answer):
    """The service plan of one account."""

    account_id: str
    name: str
    users: int
    cost_per_user: Amount
    currency: Currency
    rate_sheet_id: str
    rate_sheet_name: str
    numbers: tuple[PricedNumber, ...]
    countries: tuple[Bundle, ...]
    monthly_charge: Amount
    next_renewal: date
    version: int


class FindPlan(Query[Plan], topic="billing.find-plan.v1"):
    """The plan of an account, for its parent or its administrator."""

    account_id: str


class PlanChanged(Event, topic="billing.plan-changed.v1"):
    """The plan of an account was made or changed."""

    account_id: str
    reseller_id: str
    version: int
    plan: PlanSummary
    monthly_charge: Amount
    currency: Currency
