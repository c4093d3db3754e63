"""E-mails about passwords: to the user that the message names, whoever administers the account."""

from contracts.accounts import PasswordChanged
from contracts.base import Done
from contracts.notifications import SendPasswordLink
from services.chassis.annotations import Transaction
from services.notifications.handlers.service import router, write
from services.notifications.model import Email


@router.hears(PasswordChanged)
async def password_changed(event: PasswordChanged, tx: Transaction) -> None:
    """Tell a person that the password was changed; the first one is no news to them."""
    if event.first_password:
        return
    await write(
        tx,
        Email(
            id=tx.new_id("let"),
            trail=tx.trigger.correlation_id,
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


@router.answers(SendPasswordLink)
async def send_password_link(command: SendPasswordLink, tx: Transaction) -> Done:
    """Write an e-mail with a one-time link."""
    await write(
        tx,
        Email(
            id=tx.new_id("let"),
            trail=tx.trigger.correlation_id,
            key=f"{command.kind}:{tx.trigger.message_id}",
            kind=command.kind,
            account_id=command.account_id,
            reseller_id=command.reseller_id,
            reseller_name=command.reseller_name,
            user_id=command.user_id,
            email=command.email,
            first_name=command.first_name,
            account_name=command.account_name,
            realm=command.realm,
            next_try_at=tx.now,
            created_at=tx.now,
        ),
    )
    return Done()
