"""What notifications owns: the e-mails that the platform sends."""

from typing import Literal

from contracts.base import Command, Done, Event

EmailKind = Literal[
    "welcome",
    "reset-password",
    "password-changed",
    "operator-welcome",
    "balance-low",
    "invoice-issued",
    "final-invoice",
    "credit-note-issued",
    "invoice-reminder",
    "account-suspended",
    "suspension-lifted",
    "account-disabled",
    "account-enabled",
    "account-closed",
]


class SendPasswordLink(Command[Done], topic="notifications.send-password-link.v1"):
    """Send a user an e-mail with a one-time link; the mailer makes the link as it sends."""

    kind: Literal["welcome", "reset-password", "operator-welcome"]
    user_id: str
    account_id: str
    reseller_id: str
    reseller_name: str
    email: str
    first_name: str
    account_name: str = ""
    realm: str = ""
    """The kind `welcome` covers both."""


class EmailSent(Event, topic="notifications.email-sent.v1"):
    """An e-mail was handed to the mail server."""

    email_id: str
    account_id: str
    reseller_id: str
    kind: str
    """A `EmailKind`, or one that is added later."""


class EmailFailed(Event, topic="notifications.email-failed.v1"):
    """An e-mail was given up after its last try."""

    email_id: str
    account_id: str
    reseller_id: str
    kind: str
    """A `EmailKind`, or one that is added later."""

    reason: str
