"""Which letters are written; the mailer sends them, so nobody waits for a mail server."""

from contracts.accounts import AccountActivated, PasswordChanged
from contracts.base import Done
from contracts.notifications import NoticeFailed, NoticeSent, SendLinkLetter
from services.chassis.database import Transaction
from services.chassis.service import Service
from services.notifications import store
from services.notifications.model import Letter

notifications = Service("notifications", sends=(NoticeSent, NoticeFailed))
notifications.prepare(store.prepare)


@notifications.hears(AccountActivated)
async def welcome(event: AccountActivated, tx: Transaction) -> None:
    """Welcome the administrator of a new account with a link to set the first password."""
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
