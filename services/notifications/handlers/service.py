"""The notifications service, and how an e-mail is written: once, to whom events have told."""

from typing import Final, Protocol

from contracts.notifications import EmailFailed, EmailKind, EmailSent
from services.chassis.database import Reader, Transaction
from services.chassis.service import Service
from services.notifications import store
from services.notifications.model import Contact, Email

notifications: Final = Service("notifications", sends=(EmailSent, EmailFailed))
router: Final = notifications.router()
"""Of its commands and events, each handled in a transaction."""

notifications.prepare(store.prepare)


class AboutAccount(Protocol):
    """An event of an account."""

    @property
    def account_id(self) -> str:
        """The account."""
        ...

    @property
    def reseller_id(self) -> str:
        """Its parent."""
        ...


async def write(tx: Transaction, email: Email) -> None:
    """Keep an e-mail for the mailer, unless one with its key was written before."""
    if not await store.is_written(tx, email.key):
        await store.add_email(tx, email)


async def contact_of(db: Reader, account_id: str) -> Contact:
    """Return whom e-mails about an account go to; LookupError before its activation was heard.

    The event is tried again then, and is a dead letter if it stays so: nobody is left without
    their e-mail in silence.
    """
    contact = await store.find_contact(db, account_id)
    if contact is None or not contact.complete:
        raise LookupError(f"the activation of {account_id} is still to be heard")
    return contact


async def write_about(
    tx: Transaction, event: AboutAccount, kind: EmailKind, key: str, **told: str
) -> None:
    """Write to the administrator of the account of an event, unless the account is closed."""
    contact = await contact_of(tx, event.account_id)
    if not contact.closed:
        await write_to(tx, contact, kind, key, reseller_id=event.reseller_id, **told)


async def write_to(
    tx: Transaction, contact: Contact, kind: EmailKind, key: str, *, reseller_id: str, **told: str
) -> None:
    """Write to an account's administrator; `key` is the fact, of which one e-mail tells."""
    email = {
        "id": tx.new_id("let"),
        "trail": tx.trigger.correlation_id,
        "key": key,
        "kind": kind,
        "account_id": contact.account_id,
        "reseller_id": reseller_id,
        "reseller_name": contact.reseller_name,
        "user_id": contact.user_id,
        "email": contact.email,
        "first_name": contact.first_name,
        "account_name": contact.account_name,
        "next_try_at": tx.now,
        "created_at": tx.now,
        **told,
    }
    await write(tx, Email.model_validate(email))
