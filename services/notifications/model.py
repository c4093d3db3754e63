"""What an e-mail is, and when it is tried again or given up."""

import unicodedata
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

from babel.numbers import format_currency, get_currency_precision
from pydantic import BaseModel, ConfigDict

from contracts.accounts import AccountActivated, AccountChanged
from contracts.billing import InvoiceKind, Receivables
from contracts.notifications import EmailKind
from contracts.values import MICROS_PER_UNIT, Moment

RETRY_SECONDS: Final = (10, 60, 300, 1_800, 7_200, 21_600)
"""Pauses between tries; after the last one the e-mail is given up, some nine hours old."""

TRIES_MAX: Final = len(RETRY_SECONDS) + 1

EMAIL_LEASE: Final = timedelta(seconds=90)
NEXT_TRY_MAX: Final = timedelta(seconds=max(RETRY_SECONDS))
"""So far ahead is the next try of any e-mail, at most."""

"""How long a try may take: longer than making the link, sending and keeping the outcome."""

CLOSED_DAYS: Final = 30
"""How long it is known to whom the last bills of a closed account go."""

EmailState = Literal["waiting", "sent", "failed"]
LINK_PURPOSES: Final[dict[EmailKind, Literal["first-password", "reset-password"]]] = {
    "welcome": "first-password",
    "operator-welcome": "first-password",
    "reset-password": "reset-password",
}
"""The e-mails that carry a one-time link, and what the link is for."""

Lane = Literal["links", "bulk"]
"""People wait for links at the sign-in page, so these never wait behind a month's invoices."""


class Email(BaseModel):
    """One e-mail to one person. Its link is made as it is sent and is never kept.

    A try begins when a mailer takes the e-mail: it counts from then on, so that an e-mail that
    ends its mailer is not tried for ever. A try that fails is followed by the next one after the
    pause of `RETRY_SECONDS`, and a mailer that vanished by another after `LETTER_LEASE`. The
    e-mail is given up after its last try, or at once when it is refused for good.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    key: str
    """What it is about: two e-mails with one key would tell a person the same thing twice."""

    trail: str
    """Correlation id of what caused it."""

    kind: EmailKind
    account_id: str
    reseller_id: str
    reseller_name: str
    user_id: str
    email: str
    first_name: str
    account_name: str = ""
    realm: str = ""
    balance: str = ""
    """What can still be spent, as its reader sees it, such as `$4.20`; likewise the threshold."""

    threshold: str = ""
    invoice_id: str = ""
    """Of the invoice or credit note that the e-mail brings."""

    number: str = ""
    """Of the invoice or credit note that it is about."""

    period: str = ""
    total: str = ""
    due: str = ""
    """Of this invoice; empty when nothing is."""

    due_on: str = ""
    unpaid: str = ""
    """Of all invoices; empty when it is no more than what is due of this one."""

    disabled_reason: str = ""
    state: EmailState = "waiting"
    tries: int = 0
    """How many were begun."""

    next_try_at: Moment
    created_at: Moment
    reason: str = ""
    """Why the last try failed."""

    @property
    def worn_out(self) -> bool:
        """Whether all tries were begun before this one; the last of them ended with its mailer."""
        return self.tries > TRIES_MAX

    def sent(self) -> "Email":
        """Return the e-mail as the mail server has taken it."""
        return self.model_copy(update={"state": "sent", "reason": ""})

    def failed(self, now: datetime, reason: str, *, for_good: bool) -> "Email":
        """Return the e-mail after a failed try: to be tried again, or given up.

        A refusal for good (the address does not exist) ends it at once.
        """
        if for_good or self.tries >= TRIES_MAX:
            return self.model_copy(update={"state": "failed", "reason": reason})
        again = now + timedelta(seconds=RETRY_SECONDS[self.tries - 1])
        return self.model_copy(update={"next_try_at": again, "reason": reason})


class Contact(BaseModel):
    """Whom e-mails about an account go to, as the events of the account have told so far."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    version: int
    """Of the account event that name and person come from."""

    account_name: str
    email: str
    first_name: str
    user_id: str = ""
    """Told, like the reseller's name, when the account was activated."""

    reseller_name: str = ""
    closed: bool = False
    closed_at: Moment | None = None

    @property
    def complete(self) -> bool:
        """Whether the activation, which events of other kinds may overtake, was heard."""
        return bool(self.user_id)

    @property
    def forgotten(self) -> bool:
        """Whether its account is closed for so long that nobody is known any more."""
        return self.closed and not self.email


def contact_after_activation(event: AccountActivated, known: Contact | None) -> Contact:
    """Return the contact of an account that is open now, or was when newer things were heard."""
    told = {"user_id": event.administrator_user_id, "reseller_name": event.reseller_name}
    if known is not None and known.closed:
        return known
    newer = known if known is not None and known.version > event.version else None
    return (newer or Contact(**_person(event))).model_copy(update=told)


def contact_after_change(event: AccountChanged, known: Contact | None) -> Contact:
    """Return the contact of an account whose name or administrator changed."""
    if known is None:
        return Contact(**_person(event))
    if known.version > event.version or known.forgotten:
        return known
    return known.model_copy(update=_person(event))


def contact_after_closing(known: Contact, now: datetime) -> Contact:
    """Return the contact of a closed account: kept for its last bills, for `CLOSED_DAYS`."""
    return known.model_copy(update={"closed": True, "closed_at": now})


def invoice_email_kind(kind: InvoiceKind, *, closed: bool) -> EmailKind:
    """Return which e-mail brings an invoice or a credit note."""
    if kind == "credit-note":
        return "credit-note-issued"
    return "final-invoice" if closed else "invoice-issued"


def what_is_due(due: int, receivables: Receivables, currency: str) -> dict[str, str]:
    """Return what an e-mail tells of an invoice that is to be paid, and of all others."""
    return {
        "due": money_text(due, currency) if due else "",
        "unpaid": money_text(receivables.unpaid, currency) if receivables.unpaid > due else "",
    }


def _person(event: AccountActivated | AccountChanged) -> dict[str, Any]:
    return {
        "account_id": event.account_id,
        "version": event.version,
        "account_name": event.name,
        "email": event.administrator.email,
        "first_name": event.administrator.first_name,
    }


def money_text(amount: int, currency: str) -> str:
    """Return micro-units as people read them, rounded half up to the currency's own decimals."""
    exact = Decimal(amount) / MICROS_PER_UNIT
    step = Decimal(1).scaleb(-get_currency_precision(currency))
    return format_currency(exact.quantize(step, ROUND_HALF_UP), currency, locale="en")


def day_text(day: date) -> str:
    """Return a day as people write it, such as `1 December 2026`."""
    return f"{day.day} {day:%B %Y}"


def period_text(start: date, end: date) -> str:
    """Return the days from `start` up to the one before `end`, as people write them."""
    last = end - timedelta(days=1)
    return f"{day_text(start)} to {day_text(last)}" if last > start else day_text(start)


def one_line(text: str) -> str:
    """Return a text without line ends and other control characters, for a header of an e-mail."""
    return " ".join(
        "".join(
            " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character
            for character in text
        ).split()
    )
