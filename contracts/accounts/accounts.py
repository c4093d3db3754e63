"""Accounts: who exists and in what state, in life order."""

from typing import Literal

from pydantic import Field

from contracts.accounts.billing_details import BillingDetails, HasBillingDetails
from contracts.base import Answer, Coded, Command, Event, FieldError, Query, Value
from contracts.billing import CreditOrder, PlanOrder, PlanSummary, PricedNumber
from contracts.values import Country, Currency, Moment, PageLimit, PhoneNumber, Realm, Sum

ACCOUNT_NAME_CHARACTERS_MAX = 128
PERSON_NAME_CHARACTERS_MAX = 64
EMAIL_CHARACTERS_MAX = 254
"""RFC 5321. What is stored; messages carry more, so that what is too long is refused in words."""

PHONE_CHARACTERS_MAX = 64
"""As typed, before it is read."""

DOMAIN_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 500
PLATFORM_ID = "platform"
"""The root of the account tree: operators are its users, resellers its accounts."""

AccountStatus = Literal["opening", "active", "disabled", "suspended", "closed", "failed"]


class AdministratorOrder(Value):
    """An account's administrator, as typed."""

    email: str = Field(max_length=320)
    first_name: str = Field(max_length=200)
    last_name: str = Field(max_length=200)
    phone: str = Field(max_length=PHONE_CHARACTERS_MAX)


class Administrator(Value):
    """An account's administrator; the e-mail is the account's contact address."""

    email: str
    first_name: str
    last_name: str
    phone: PhoneNumber


class ResellerProfile(Value):
    """What makes an account a reseller; fixed when it is made."""

    currency: Currency
    country: Country
    time_zone: str = Field(max_length=64)
    """IANA name."""

    domain: Realm = Field(max_length=DOMAIN_CHARACTERS_MAX)
    """Realms of its accounts end with it."""


class Failure(Coded):
    """Why an account could not be opened."""


class Account(HasBillingDetails, Answer):
    """One party that is served and billed."""

    id: str
    parent_id: str
    parent_name: str
    name: str
    realm: str
    status: AccountStatus
    administrator: Administrator
    currency: Currency
    country: Country
    time_zone: str
    reseller: ResellerProfile | None = None
    plan: PlanSummary | None = None
    numbers: tuple[PhoneNumber, ...] = ()
    disabled_reason: str | None = None
    failure: Failure | None = None
    unpaid_invoices: int = 0
    password_pending: bool | None = None
    """Whether its administrator has yet to set a password; None in lists, which don't tell."""

    created_at: Moment
    version: int


# --- opening ---------------------------------------------------------------------------


class AccountCheck(Answer):
    """Every field that needs correcting; empty when the account could be opened so."""

    errors: tuple[FieldError, ...]


class CheckAccount(HasBillingDetails, Query[AccountCheck], topic="accounts.check-account.v1"):
    """Check the basic info of a new account of the asker (page 1 of the wizard)."""

    name: str = Field(max_length=500)
    administrator: AdministratorOrder
    reseller: ResellerProfile | None = None


class AcceptedQuote(Value):
    """What was quoted when an order was accepted: that is charged, however long it takes."""

    total: Sum
    numbers: tuple[PricedNumber, ...] = ()
    """The numbers at the fees that they were quoted with."""


class OpenAccount(HasBillingDetails, Command[Account], topic="accounts.open-account.v1"):
    """Begin to open an account below the asker; the saga goes on by itself."""

    name: str = Field(max_length=500)
    administrator: AdministratorOrder
    reseller: ResellerProfile | None = None
    plan: PlanOrder | None = None
    credit: CreditOrder | None = None
    reservation_id: str | None = None
    """The wizard's number hold."""

    send_welcome: bool = True
    expected_total: Sum | None = None
    """What the asker was shown that it charges; None: not said."""

    accepted: AcceptedQuote | None = None
    """No part of what was asked: the same request, sent again, may be quoted differently."""


class AccountOpening(Event, topic="accounts.account-opening.v1"):
    """An account is being opened; it may still fail."""

    account_id: str
    reseller_id: str
    version: int
    name: str
    realm: str


class AccountActivated(HasBillingDetails, Event, topic="accounts.account-activated.v1"):
    """An account is open: charged, with its numbers, ready for use."""

    account_id: str
    reseller_id: str
    version: int
    name: str
    realm: str
    currency: Currency
    country: Country
    time_zone: str
    administrator: Administrator
    administrator_user_id: str
    reseller_name: str
    send_welcome: bool


class AccountFailed(Event, topic="accounts.account-failed.v1"):
    """An account could not be opened; nothing was charged and no number is held."""

    account_id: str
    reseller_id: str
    version: int
    name: str
    failure: Failure


# --- managing ---------------------------------------------------------------------------


class FindAccount(Query[Account], topic="accounts.find-account.v1"):
    """One account, for its parent or its own administrator."""

    account_id: str


AccountSort = Literal[
    "name", "-name", "created_at", "-created_at", "administrator", "-administrator"
]


ACCOUNTS_PICKED_MAX = 5_000


class PickedAccounts(Answer):
    """Which accounts match."""

    account_ids: tuple[str, ...]
    more: bool = False
    """Whether there are more, which are left out."""


class PickAccounts(Query[PickedAccounts], topic="accounts.pick-accounts.v1"):
    """The ids of the asker's accounts that a search finds, in any order."""

    search: str = Field(default="", max_length=200)
    status: AccountStatus | None = None


class AccountPage(Answer):
    """Some accounts, with cursors to what comes after and before."""

    data: tuple[Account, ...]
    next: str | None = None
    previous: str | None = None


class ListAccounts(Query[AccountPage], topic="accounts.list-accounts.v1"):
    """Accounts of the asker; failed ones are hidden unless asked for by status.

    `search` finds beginnings of words of the name, realm, administrator, and numbers.
    """

    search: str = Field(default="", max_length=200)
    status: AccountStatus | None = None
    """None: all but failed and closed."""

    account_ids: tuple[str, ...] | None = Field(default=None, max_length=ACCOUNTS_PICKED_MAX)
    """Only these."""

    sort: AccountSort = "name"
    limit: PageLimit = 50
    cursor: str | None = None


class AccountState(Value):
    """In which state an account is."""

    account_id: str
    status: AccountStatus


class AccountStates(Answer):
    """The states of the accounts that exist; the others are left out."""

    data: tuple[AccountState, ...]


class FindAccountStates(Query[AccountStates], topic="accounts.find-account-states.v1"):
    """In which states these accounts are; other services ask it for their audits."""

    account_ids: tuple[str, ...] = Field(max_length=1_000)


class AccountCounts(Answer):
    """How many accounts there are in each state, and how many were opened this month."""

    opening: int
    active: int
    disabled: int
    suspended: int
    closed: int
    opened_this_month: int
    """In the asker's time zone."""


class CountAccounts(Query[AccountCounts], topic="accounts.count-accounts.v1"):
    """How many of the asker's accounts match, by state."""

    search: str = Field(default="", max_length=200)


class AdministratorChange(Value):
    """What of the administrator changes; None = stays."""

    email: str | None = Field(default=None, max_length=320)
    first_name: str | None = Field(default=None, max_length=200)
    last_name: str | None = Field(default=None, max_length=200)
    phone: str | None = Field(default=None, max_length=PHONE_CHARACTERS_MAX)


class ChangeAccount(Command[Account], topic="accounts.change-account.v1"):
    """Change name, contacts or billing details of an account, if it is still at `version`.

    An account's administrator may change its billing details, and nothing else.
    """

    account_id: str
    version: int
    name: str | None = Field(default=None, max_length=500)
    administrator: AdministratorChange | None = None
    billing_details: BillingDetails | None = None
    """Replaces the address and the tax ID as a whole."""


class AccountChanged(HasBillingDetails, Event, topic="accounts.account-changed.v1"):
    """The name, the contacts or the billing details of an account changed."""

    account_id: str
    reseller_id: str
    version: int
    name: str
    administrator: Administrator


class DisableAccount(Command[Account], topic="accounts.disable-account.v1"):
    """Make an account inoperative: its calls are refused from now on."""

    account_id: str
    reason: str = Field(default="", max_length=REASON_CHARACTERS_MAX)


class AccountDisabled(Event, topic="accounts.account-disabled.v1"):
    """An account is inoperative, and so are the accounts below it."""

    account_id: str
    reseller_id: str
    version: int
    reason: str


class EnableAccount(Command[Account], topic="accounts.enable-account.v1"):
    """Make a disabled account work again."""

    account_id: str


class AccountEnabled(Event, topic="accounts.account-enabled.v1"):
    """A disabled or suspended account works again."""

    account_id: str
    reseller_id: str
    version: int
    after_suspension: bool = False
    """Because what was unpaid for too long is paid."""


class AccountSuspended(Event, topic="accounts.account-suspended.v1"):
    """An account is inoperative because its invoices are unpaid."""

    account_id: str
    reseller_id: str
    version: int


class CloseAccount(Command[Account], topic="accounts.close-account.v1"):
    """Close an account for good: calls stop, numbers go back, credit is refunded."""

    account_id: str
    confirm_name: str | None = Field(default=None, max_length=500)
    """The account's name, as a person types it to confirm. Without it, nothing is closed."""

    force: bool = False
    """Close the account even if invoices are unpaid, and write them off."""


class AccountClosed(Event, topic="accounts.account-closed.v1"):
    """An account is closed; its history stays."""

    account_id: str
    reseller_id: str
    version: int
    name: str
