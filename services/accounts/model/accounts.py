"""What an account and a user are, which values they take, and how their states follow."""

import re
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import BaseModel, ConfigDict
from slugify import slugify

from contracts import accounts as contracts
from contracts.accounts import (
    AcceptedQuote,
    AccountStatus,
    Administrator,
    Failure,
    HasBillingDetails,
    LinkPurpose,
    ResellerProfile,
    Role,
    billing_fields,
)
from contracts.billing import CreditOrder, PlanOrder, PlanSummary, Receivables
from contracts.emails import email_key
from contracts.names import name_key, search_key, sort_key
from contracts.numbers import PricedNumber
from contracts.values import Moment, realm_key

PLATFORM_NAME: Final = "Accounts Manager"
PLATFORM_CURRENCY: Final = "USD"
PLATFORM_COUNTRY: Final = "US"
"""What an operator's pages show where nothing of a reseller is at hand."""
SLUG_CHARACTERS_MAX: Final = 40
OPENING_RETRY_MINUTES: Final = 2
OPENING_MINUTES_MAX: Final = 15
"""An account that opens for longer than this is a fault for the audit."""

OPEN_STATES: Final[tuple[AccountStatus, ...]] = ("opening", "active", "disabled", "suspended")
"""States in which an account is listed and its name is taken."""


class Value(BaseModel):
    """A frozen value."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


OpeningStep = Literal["numbers", "wallet"]


class Opening(Value):
    """What the opening saga still needs: the order, and where the saga stands."""

    step: OpeningStep
    step_at: Moment
    plan: PlanOrder | None
    credit: CreditOrder | None
    reservation_id: str | None
    numbers: tuple[PricedNumber, ...] = ()
    accepted: AcceptedQuote | None = None
    """What was quoted; None in openings of before there was one."""

    send_welcome: bool
    actor: str

    def with_numbers(self, held: tuple[PricedNumber, ...]) -> tuple[PricedNumber, ...]:
        """Return the numbers that are held, at the fees that were accepted."""
        accepted = {one.number: one for one in self.accepted.numbers} if self.accepted else {}
        return tuple(accepted.get(one.number, one) for one in held)


class StoredAccount(HasBillingDetails, Value):
    """One party that is served and billed, as it is kept."""

    id: str
    parent_path: tuple[str, ...]
    """The accounts above it: the platform first, its parent last."""

    name: str
    realm: str
    status: AccountStatus
    administrator: Administrator
    administrator_user_id: str
    currency: str
    country: str
    time_zone: str
    reseller: ResellerProfile | None = None
    plan: PlanSummary | None = None
    plan_version: int = 0
    """Of the newest change of the plan that was heard of."""

    numbers: tuple[str, ...] = ()
    numbers_version: int = 0
    """Of the newest event that told of its numbers."""

    trunks_version: int = 0
    """Grows with each change of its trunks."""

    opening: Opening | None = None
    """Only while its state is `opening`."""

    disabled_reason: str | None = None
    receivables: Receivables | None = None
    """The newest that was heard of; None while it never had an invoice."""

    failure: Failure | None = None
    created_at: Moment
    version: int = 1

    @property
    def unpaid_invoices(self) -> int:
        """How many of its invoices are to be paid; those of a closed account are written off."""
        return (
            self.receivables.unpaid_invoices if self.receivables and self.status != "closed" else 0
        )

    @property
    def working_status(self) -> Literal["active", "suspended"]:
        """In which of the two states it is when nobody has disabled it."""
        return (
            "suspended" if self.receivables is not None and self.receivables.suspended else "active"
        )

    @property
    def parent_id(self) -> str:
        """The account that it belongs to, its tenant."""
        return self.parent_path[-1]

    def with_status(self, status: AccountStatus, **changes: object) -> "StoredAccount":
        """Return the account in another state; each change of state is a new version."""
        return self.model_copy(
            update={"status": status, "version": self.version + 1, **changes},
        )


class User(Value):
    """A person who signs in; belongs to one account, or (operators) to the platform."""

    id: str
    account_id: str
    email: str
    first_name: str
    last_name: str
    password_hash: str = ""
    password_version: int = 0
    created_at: Moment


class Link(Value):
    """A one-time link to set a password; only the hash of its token is known."""

    token_sha256: str
    user_id: str
    purpose: LinkPurpose
    expires_at: Moment
    used_at: Moment | None = None

    def usable(self, now: datetime) -> bool:
        """Whether the link may still set a password."""
        return self.used_at is None and now < self.expires_at


def role_of(account: StoredAccount | None) -> Role:
    """Return what a user of this account is; None stands for the platform itself."""
    if account is None:
        return "operator"
    return "reseller" if account.reseller is not None else "customer"


# --- names ---------------------------------------------------------------------------


def realm_of(name: str, suffix: str, domain: str) -> str:
    """Return the realm: a slug of the name, a short random suffix, the reseller's domain."""
    slug = slugify(name, max_length=SLUG_CHARACTERS_MAX, word_boundary=True) or "account"
    return realm_key(f"{slug}-{suffix}.{domain}")


def search_terms(account: StoredAccount) -> tuple[str, ...]:
    """Return the words by whose beginnings an account is found, as `search_words` has them."""
    person = account.administrator
    texts = (account.name, person.first_name, person.last_name)
    words = {word for text in texts for word in _words(search_key(text))}
    address = search_key(email_key(person.email))
    words |= {search_key(account.realm), address, address.rpartition("@")[2]}
    for number in (person.phone, *account.numbers):
        words |= _ways_to_dial(number)
    return tuple(sorted(words))


def _ways_to_dial(number: str) -> set[str]:
    """Return the digits by which people know a number: whole, as dialled at home, the last four."""
    parsed = phonenumbers.parse(number)
    subscriber = str(parsed.national_number)
    at_home = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return {
        number.removeprefix("+"),
        subscriber,
        "".join(filter(str.isdigit, at_home)),
        subscriber[-4:],
    }


def search_words(text: str) -> tuple[str, ...]:
    """Return the words of a search, as `search_terms` has them; at most eight."""
    compact = re.sub(r"[\s()./+-]", "", text)
    if compact.isdigit():
        return (compact,)
    words = [word for word in name_key(text).split() if word.strip(".,&'-")]
    return tuple(
        search_key(email_key(word) if "@" in word or "xn--" in word else word) for word in words[:8]
    )


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[\s.,&'-]+", text) if word} | set(text.split())


def month_start(now: datetime, time_zone: str) -> datetime:
    """Return when the current month began in a time zone."""
    local = now.astimezone(ZoneInfo(time_zone))
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def sort_keys(account: StoredAccount) -> tuple[str, str]:
    """Return the account and its administrator (last name first) as a list sorts them.

    Who reads the list is in the country of the account's parent: its alphabet holds.
    """
    country = PLATFORM_COUNTRY if account.reseller is not None else account.country
    person = account.administrator
    by_last_name = f"{person.last_name} {person.first_name}"
    return sort_key(account.name, country), sort_key(by_last_name, country)


# --- as others see it ---------------------------------------------------------------------


def account_view(account: StoredAccount, parent_name: str) -> contracts.Account:
    """Return the account as the gateway shows it."""
    return contracts.Account(
        id=account.id,
        parent_id=account.parent_id,
        parent_name=parent_name,
        name=account.name,
        realm=account.realm,
        status=account.status,
        administrator=account.administrator,
        currency=account.currency,
        country=account.country,
        time_zone=account.time_zone,
        **billing_fields(account.billing_details),
        reseller=account.reseller,
        plan=account.plan,
        numbers=account.numbers,
        disabled_reason=account.disabled_reason,
        failure=account.failure,
        unpaid_invoices=account.unpaid_invoices,
        created_at=account.created_at,
        version=account.version,
    )


def user_view(user: User, account: StoredAccount | None, parent_name: str = "") -> contracts.User:
    """Return the user as the gateway shows it; no account = an operator of the platform."""
    return contracts.User(
        id=user.id,
        account_id=user.account_id,
        account_name=account.name if account else PLATFORM_NAME,
        parent_id=account.parent_id if account else "",
        parent_name=parent_name,
        role=role_of(account),
        realm=account.realm if account else "",
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        time_zone=account.time_zone if account else "UTC",
        currency=account.currency if account else PLATFORM_CURRENCY,
        country=account.country if account else PLATFORM_COUNTRY,
        account_status=account.status if account else "active",
        password_version=user.password_version,
    )
