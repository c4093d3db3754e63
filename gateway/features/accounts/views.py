"""Pages about accounts that are open, opening or failed: list, overview, edit, transactions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Final, Literal

from contracts.accounts import AccountStatus, Administrator
from contracts.billing import BilledCall, LedgerEntry
from gateway.features.billing_settings.details_views import BillingDetailsFields
from gateway.features.numbers.views import StockImport
from gateway.portal.views.parts import (
    Choice,
    Column,
    Kpi,
    ListQuery,
    Pager,
    Segment,
    SettingsHead,
    Step,
    no_errors,
)

OF_INVOICES: Final = ("payment", "write-off")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One account of the list. Money in micro-units; bundle minutes of all countries together."""

    id: str
    name: str
    realm: str
    administrator: Administrator
    plan_name: str
    users: int
    cost_per_user: int
    numbers: int
    bundle_minutes: int
    bundle_minutes_left: int
    balance: int
    credit_limit: int = 0
    renews_at: datetime | None = None
    lasts: str = ""
    """For how long the credit lasts, in words."""

    low: bool = False
    status: AccountStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsPage:
    """`/accounts`: the list. `query` holds q, status, sort, after; `selected` ids are ticked.

    `dialog` is `disable` when the reason for disabling the selected ones is asked.
    """

    template: ClassVar[str] = "accounts/list.html"
    title: str = "Accounts"
    section: str = "accounts"
    query: ListQuery
    currency: str
    kpis: tuple[Kpi, ...]
    segments: tuple[Segment, ...]
    columns: tuple[Column, ...]
    rows: tuple[AccountRow, ...]
    pager: Pager
    any_account: bool
    zone: str
    fields: Mapping[str, str]
    """Bounds of balance and renewal, as typed."""

    sort: str
    sorts: tuple[Choice, ...]
    filtered: bool
    """Whether there are such bounds."""

    renewals: bool = False
    """Whether it is sorted or filtered by the day of renewal, which is shown then."""

    export_url: str
    selected: frozenset[str] = frozenset()
    dialog: Literal["", "disable"] = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)


def account_columns(query: ListQuery, sort: str, *, renewals: bool = False) -> tuple[Column, ...]:
    """Return the list's columns; those that can be sorted by carry the URL that does it.

    A list that is about renewals shows them instead of bundled minutes.
    """
    query = ListQuery(path=query.path, parameters={**query.parameters, "sort": sort})
    return (
        query.column("name", "Account"),
        query.column("administrator", "Administrator"),
        Column(label="Service plan"),
        Column(label="Numbers", numeric=True),
        query.column("renews_at", "Renews") if renewals else Column(label="Bundle minutes"),
        query.column("balance", "Balance", numeric=True),
        Column(label="Status"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """A plan in brief; money in micro-units, the renewal day in the account's zone."""

    name: str
    users: int
    cost_per_user: int
    rate_sheet: str
    home_calls: str
    premium_calls: str
    """Both in words."""

    monthly_charge: int
    renews_at: date | None
    scheduled_changes: tuple[str, ...] = ()
    """What the renewal changes, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedNumber:
    """A number of the account; fees in micro-units."""

    e164: str
    monthly_fee: int
    setup_fee: int
    locality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Minutes to one country in this period; none given: each call costs the sheet's rate."""

    country: str
    minutes: int
    minutes_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogForms:
    """What was typed into a dialog of the overview that was refused."""

    credit_amount: str = ""
    credit_note: str = ""
    adjust_amount: str = ""
    adjust_reason: str = ""
    credit_limit: str = ""
    reason: str = ""
    confirm_name: str = ""
    write_off: bool = False
    unpaid: bool = False
    """Whether deleting was refused because of unpaid invoices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """What a reseller's page has beside an account's: its business, and its stock of numbers.

    `sending` is the form that changes its stock by a list.
    """

    domain: str
    country: str
    stock: tuple[Kpi, ...]
    sending: StockImport


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeCallsRow:
    """The calls of a day that cost nothing, in one row of the ledger; `url` shows them."""

    day: date
    count: int
    url: str
    last_seq: int


OverviewDialog = Literal["", "credit", "adjust", "limit", "disable", "enable", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    """`/accounts/{id}` of an account that is open, `/resellers/{id}` of one that is a `seller`.

    `dialog` is the one that stands open. `request` is the idempotency key of the forms, new with
    every rendering.
    """

    template: ClassVar[str] = "accounts/overview.html"
    section: str = "accounts"
    id: str
    name: str
    realm: str
    status: AccountStatus
    status_reason: str
    opened_at: datetime
    zone: str
    currency: str
    administrator: Administrator
    password_pending: bool = False
    balance: int
    held: int
    available: int
    credit_limit: int = 0
    corrected: LedgerEntry | None = None
    """What the dialog that adjusts the balance corrects, if anything."""

    plan: PlanSummary | None
    numbers: tuple[AssignedNumber, ...]
    bundles: tuple[Bundle, ...]
    calls: tuple[BilledCall, ...]
    transactions: tuple[LedgerEntry | FreeCallsRow, ...]
    unpaid_invoices: int
    request: str
    seller: Seller | None = None
    """To operators, whose accounts are resellers."""

    dialog: OverviewDialog = ""
    forms: DialogForms = DialogForms()
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """The account's name."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningPage:
    """`/accounts/{id}`, `/resellers/{id}` while the saga runs: its steps, followed as they go."""

    template: ClassVar[str] = "accounts/opening.html"
    section: str = "accounts"
    id: str
    name: str
    steps: tuple[Step, ...]

    @property
    def title(self) -> str:
        """The account's name."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPage:
    """`/accounts/{id}`, `/resellers/{id}` of what could not be opened: why, and what to do now.

    `again_url` leads to where it is opened again; empty when the wizard's draft is gone.
    """

    template: ClassVar[str] = "accounts/failed.html"
    section: str = "accounts"
    id: str
    name: str
    reason: str
    advice: str
    steps: tuple[Step, ...]
    again_url: str = "/accounts/new/plan"

    @property
    def title(self) -> str:
        """The account's name."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicFields:
    """What page 1 of the wizard and the edit form hold, as typed."""

    name: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    billing: BillingDetailsFields = field(default_factory=BillingDetailsFields)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPage:
    """`/accounts/{id}/edit`. `version` is the ETag the form carries.

    `shown` is what the form began with. `changed_meanwhile` holds what is stored now when someone
    else saved first.
    """

    template: ClassVar[str] = "accounts/edit.html"
    section: str = "accounts"
    id: str
    name: str
    version: str
    shown: str = ""
    fields: BasicFields
    countries: tuple[Choice, ...]
    changed_meanwhile: BasicFields | None = None
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """What is edited."""
        return f"Edit {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionsPage:
    """`/accounts/{id}/transactions`: the ledger, newest first, with the balance after each.

    `first_day` and `last_day` are the days shown, as written or typed; `presets` usual ones.
    `/my/transactions` is the same page under the head of one's own settings.
    """

    template: ClassVar[str] = "accounts/transactions.html"
    id: str
    name: str
    head: SettingsHead | None = None
    query: ListQuery
    export_url: str
    currency: str
    zone: str
    first_day: str
    last_day: str
    presets: tuple[Segment, ...]
    kinds: tuple[Segment, ...]
    """Filters by what an entry is."""

    opening_balance: int
    closing_balance: int
    rows: tuple[LedgerEntry | FreeCallsRow, ...]
    correct_url: str = ""
    """URL at which a parent corrects an entry, without its number; empty for all others."""

    pager: Pager

    @property
    def filtered(self) -> bool:
        """Whether there can be entries that are not listed."""
        return bool(self.first_day or self.last_day or self.query.value("type"))

    def folded(self, row: LedgerEntry | FreeCallsRow) -> bool:
        """Tell whether a row stands for the free calls of a day."""
        return isinstance(row, FreeCallsRow)

    def is_correctable(self, entry: LedgerEntry) -> bool:
        """Tell whether an entry can be corrected: those of invoices have credit notes."""
        return bool(self.correct_url and entry.amount and entry.type not in OF_INVOICES)

    @property
    def section(self) -> str:
        """Of one's own account, or of the accounts that one has."""
        return "transactions" if self.head else "accounts"

    @property
    def title(self) -> str:
        """Whose ledger it is."""
        return "Transactions" if self.head else f"Transactions of {self.name}"
