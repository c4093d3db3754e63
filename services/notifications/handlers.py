"""Which letters are written; the mailer sends them, so nobody waits for a mail server."""

from contracts.accounts import AccountActivated, AccountChanged, AccountClosed, PasswordChanged
from contracts.base import Done
from contracts.billing import BalanceLow
from contracts.notifications import NoticeFailed, NoticeSent, SendLinkLetter
from services.chassis.database import Transaction
from services.chassis.service import Service
from services.notifications import store
from services.notifications.model import (
    Letter,
    contact_after_activation,
    contact_after_change,
    contact_after_closing,
    money_text,
)

notifications = Service("notifications", sends=(NoticeSent, NoticeFailed))
notifications.prepare(store.prepare)


@notifications.hears(AccountActivated)
async def welcome(event: AccountActivated, tx: Transaction) -> None:
    """Welcome the administrator of a new account with a link to set the first password."""
    known = await store.find_contact(tx, event.account_id)
    await store.keep_contact(tx, contact_after_activation(event, known))
    if not event.send_welcome:
        return
    person = event.administrator
    await _write(
        tx,
        Letter(
            id=tx.new_id("let"),
            trail=tx.cause.correlation_id,
            key=f"welcome:{event.account_id}",
            kind="welcome",
            account_id=event.account_id,
            reseller_id=event.reseller_id,
            reseller_name=event.reseller_name,
            user_id=event.administrator_user_id,
            email=person.email,
            first_name=person.first_name,
            account_name=event.name,
            realm=event.realm,
            next_try_at=tx.now,
            created_at=tx.now,
        ),
    )


@notifications.hears(PasswordChanged)
async def password_changed(event: PasswordChanged, tx: Transaction) -> None:
    """Tell a person that the password was changed; the first one is no news to them."""
    if event.first_password:
        return
    await _write(
        tx,
        Letter(
            id=tx.new_id("let"),
            trail=tx.cause.correlation_id,
            key=f"password-changed:{event.user_id}:{event.password_version}",
            kind="password-changed",
            account_id=event.account_id,
            reseller_id=event.reseller_id,
            reseller_name=event.reseller_name,
            user_id=event.user_id,
            email=event.email,
            first_name=event.first_name,
            next_try_at=tx.now,
            created_at=tx.now,
        ),
    )


@notifications.hears(AccountChanged)
async def note_contact(event: AccountChanged, tx: Transaction) -> None:
    """Remember whom letters about an account go to from now on."""
    known = await store.find_contact(tx, event.account_id)
    await store.keep_contact(tx, contact_after_change(event, known))


@notifications.hears(AccountClosed)
async def forget_contact(event: AccountClosed, tx: Transaction) -> None:
    """Forget whom letters about a closed account went to."""
    await store.keep_contact(tx, contact_after_closing(event))


@notifications.hears(BalanceLow)
async def warn_of_low_balance(event: BalanceLow, tx: Transaction) -> None:
    """Tell an account's administrator that its balance is low, once each time that it falls."""
    contact = await store.find_contact(tx, event.account_id)
    if contact is not None and contact.closed:
        return
    if contact is None or not contact.complete:
        # tried again, and a dead letter if it stays so: nobody is left unwarned in silence
        raise LookupError(f"the activation of {event.account_id} is still to be heard")
    await _write(
        tx,
        Letter(
            id=tx.new_id("let"),
            trail=tx.cause.correlation_id,
            key=f"balance-low:{event.account_id}:{event.seq}",
            kind="balance-low",
            account_id=event.account_id,
            reseller_id=event.reseller_id,
            reseller_name=contact.reseller_name,
            user_id=contact.user_id,
            email=contact.email,
            first_name=contact.first_name,
            account_name=contact.account_name,
            balance=money_text(event.balance_after, event.currency),
            threshold=money_text(event.threshold, event.currency),
            next_try_at=tx.now,
            created_at=tx.now,
        ),
    )


@notifications.answers(SendLinkLetter)
async def send_link_letter(command: SendLinkLetter, tx: Transaction) -> Done:
    """Write a letter with a one-time link."""
    await _write(
        tx,
        Letter(
            id=tx.new_id("let"),
            trail=tx.cause.correlation_id,
            key=f"{command.kind}:{tx.cause.message_id}",
            kind=command.kind,
            account_id=command.account_id,
            reseller_id=command.reseller_id,
            reseller_name=command.reseller_name,
            user_id=command.user_id,
            email=command.email,
            first_name=command.first_name,
            next_try_at=tx.now,
            created_at=tx.now,
        ),
    )
    return Done()


async def _write(tx: Transaction, letter: Letter) -> None:
    if not await store.is_written(tx, letter.key):
        await store.add_letter(tx, letter)
