"""What surrounds every page: who is signed in, where one can go, what just happened."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from contracts.accounts import Role
from gateway.portal.views.parts import Link

Theme = Literal["light", "dark", ""]

ACCOUNTS: Final[dict[Role, Link]] = {
    "operator": Link(label="Resellers", url="/resellers"),
    "reseller": Link(label="Accounts", url="/accounts"),
}
"""Where the accounts below one's own are listed; a customer has none."""


def account_url(role: Role, account_id: str) -> str:
    """Return where the own page of an account is, for people of the role that its parent has."""
    return f"{ACCOUNTS[role].url}/{account_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the side bar; `sections` are what its pages name as their own."""

    label: str
    url: str
    icon: str
    sections: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A button in a toast that takes a step back: a form, with these hidden fields."""

    url: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """What just happened, in a few words; shown once."""

    text: str
    tone: Literal["ok", "bad"] = "ok"
    undo: Undo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in, for which party; `brand` is the platform or the customer's reseller."""

    role: Role
    name: str
    account_name: str
    brand: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The frame of a page. Without a person it is the plain frame of the sign-in pages.

    `theme` is the cookie `theme` (empty: as the system), `address` the page's own URL. The event
    stream goes on after `last_event_id`, so that nothing is missed between page and stream.
    """

    address: str
    theme: Theme = ""
    person: Person | None = None
    entries: tuple[Entry, ...] = ()
    search: Link | None = None
    toasts: tuple[Toast, ...] = ()
    last_event_id: str = ""

    @property
    def accounts(self) -> Link:
        """Where the accounts are listed that one has; only for who has some."""
        assert self.person is not None, "accounts are shown to who is signed in"
        return ACCOUNTS[self.person.role]

    def account_url(self, account_id: str) -> str:
        """Return where the own page of one of them is."""
        assert self.person is not None, "accounts are shown to who is signed in"
        return account_url(self.person.role, account_id)


_SETTINGS = Entry(label="Settings", url="/my/user", icon="settings-2", sections=("settings",))
_ALL_SETTINGS = replace(_SETTINGS, sections=("settings", "plan", "calls", "transactions", "bills"))
_INVOICES = Entry(label="Invoices", url="/invoices", icon="receipt-text", sections=("invoices",))
_REJECTED_CALLS = Entry(
    label="Rejected calls", url="/rejected-calls", icon="wrench", sections=("rejected-calls",)
)
_AUDIT = Entry(label="Audit trail", url="/audit", icon="history", sections=("audit",))
_KEYS = Entry(label="API keys", url="/keys", icon="key-round", sections=("keys",))
_MAILBOX = Entry(
    label="Mailbox", url="/dev/mailbox", icon="mail", sections=("mailbox",), note="demo"
)

PORTAL_NAMES: dict[Role, str] = {
    "operator": "Operator portal",
    "reseller": "Reseller portal",
    "customer": "Customer portal",
}


def entries_for(role: Role, *, spare_numbers: int | None = None, demo: bool) -> tuple[Entry, ...]:
    """Return the side bar of a role; the demo's has the mailbox too."""
    spare = "" if spare_numbers is None else f"{spare_numbers:,} spare"
    of_role: dict[Role, tuple[Entry, ...]] = {
        "operator": (
            Entry(label="Resellers", url="/resellers", icon="store", sections=("accounts",)),
            _INVOICES,
            _REJECTED_CALLS,
            Entry(label="Health", url="/parts", icon="activity", sections=("health",)),
            _AUDIT,
            _KEYS,
            _SETTINGS,
        ),
        "reseller": (
            Entry(label="Accounts", url="/accounts", icon="building-2", sections=("accounts",)),
            Entry(label="Numbers", url="/numbers", icon="hash", sections=("numbers",), note=spare),
            Entry(label="Rates", url="/rates", icon="table-2", sections=("rates",)),
            _REJECTED_CALLS,
            _INVOICES,
            _AUDIT,
            _KEYS,
            _ALL_SETTINGS,
        ),
        "customer": (
            Entry(label="Service plan", url="/my/plan", icon="package", sections=("plan",)),
            Entry(label="Calls", url="/my/per-minute", icon="phone-outgoing", sections=("calls",)),
            Entry(
                label="Transactions",
                url="/my/transactions",
                icon="arrow-left-right",
                sections=("transactions",),
            ),
            Entry(label="Bills", url="/my/bills", icon="receipt-text", sections=("bills",)),
            _SETTINGS,
        ),
    }
    return (*of_role[role], _MAILBOX) if demo else of_role[role]


def search_for(role: Role) -> Link | None:
    """Return what the top bar searches, with the field's label; a customer has none."""
    return {
        "operator": Link(label="Search resellers, invoices, calls", url="/search"),
        "reseller": Link(label="Search accounts, numbers, invoices, calls", url="/search"),
        "customer": None,
    }[role]
