"""E-mails about an account's life, and to whom e-mails about it go."""

from datetime import timedelta

from contracts.accounts import (
    AccountActivated,
    AccountChanged,
    AccountClosed,
    AccountDisabled,
    AccountEnabled,
)
from services.chassis.annotations import Transaction
from services.notifications import store
from services.notifications.handlers.service import (
    contact_of,
    notifications,
    router,
    write_about,
    write_to,
)
from services.notifications.model import (
    CLOSED_DAYS,
    contact_after_activation,
    contact_after_change,
    contact_after_closing,
)


@router.hears(AccountActivated)
async def welcome(event: AccountActivated, tx: Transaction) -> None:
    """Welcome the administrator of a new account with a link to set the first password."""
    known = await store.find_contact(tx, event.account_id)
    contact = contact_after_activation(event, known)
    await store.keep_contact(tx, contact)
    if not event.send_welcome or contact.forgotten:
        return
    await write_to(
        tx,
        contact,
        "welcome",
        f"welcome:{event.account_id}",
        reseller_id=event.reseller_id,
        realm=event.realm,
    )


@router.hears(AccountChanged)
async def note_contact(event: AccountChanged, tx: Transaction) -> None:
    """Remember whom e-mails about an account go to from now on."""
    known = await store.find_contact(tx, event.account_id)
    await store.keep_contact(tx, contact_after_change(event, known))


@router.hears(AccountDisabled)
async def account_disabled(event: AccountDisabled, tx: Transaction) -> None:
    """Tell an account's administrator that it is disabled, and why."""
    await write_about(
        tx,
        event,
        "account-disabled",
        f"account-disabled:{event.account_id}:{event.version}",
        disabled_reason=event.reason,
    )


@router.hears(AccountEnabled)
async def account_enabled(event: AccountEnabled, tx: Transaction) -> None:
    """Tell an account's administrator that it works again, and thank for a payment that did it."""
    await write_about(
        tx,
        event,
        "suspension-lifted" if event.after_suspension else "account-enabled",
        f"account-enabled:{event.account_id}:{event.version}",
    )


@router.hears(AccountClosed)
async def account_closed(event: AccountClosed, tx: Transaction) -> None:
    """Tell an account's administrator that it is closed; only its last bills follow."""
    contact = await contact_of(tx, event.account_id)
    if contact.closed:
        return
    await write_to(
        tx,
        contact,
        "account-closed",
        f"account-closed:{event.account_id}",
        reseller_id=event.reseller_id,
    )
    await store.keep_contact(tx, contact_after_closing(contact, tx.now))


@notifications.each_day
async def forget_contacts(tx: Transaction) -> None:
    """Forget whom e-mails about accounts went to that are closed for a month."""
    await store.forget_contacts(tx, tx.now - timedelta(days=CLOSED_DAYS))
