"""Users, passwords and one-time links. Plaintext passwords and tokens never come here."""

from datetime import timedelta

from contracts import accounts as contracts
from contracts.accounts import (
    PLATFORM_ID,
    ChangePassword,
    CreateOperator,
    Credential,
    Credentials,
    FindCredentials,
    FindLink,
    FindUser,
    LinkOwner,
    PasswordChanged,
    RegisterLink,
    RequestPasswordReset,
    SetPassword,
)
from contracts.base import Done, Refused
from contracts.notifications import SendLinkLetter
from services.accounts import store
from services.accounts.handlers.service import accounts
from services.accounts.model import checks
from services.accounts.model.accounts import (
    LINK_MINUTES,
    PLATFORM_COUNTRY,
    PLATFORM_NAME,
    Account,
    Link,
    User,
    user_view,
)
from services.chassis.database import Reader, Transaction

MAY_SIGN_IN = ("active", "disabled", "suspended")
"""States of an account whose administrator may sign in: a disabled one still pays."""


async def _account_of(tx: Reader, user: User) -> Account | None:
    return await store.find_account(tx, user.account_id)


async def _may_sign_in(tx: Reader, user: User) -> bool:
    if user.account_id == PLATFORM_ID:
        return True
    account = await _account_of(tx, user)
    return account is not None and account.status in MAY_SIGN_IN


def _letter(kind: str, user: User, account: Account | None) -> SendLinkLetter:
    return SendLinkLetter.model_validate(
        {
            "kind": kind,
            "user_id": user.id,
            "account_id": user.account_id,
            "reseller_id": account.parent_id if account else PLATFORM_ID,
            "reseller_name": account.parent_name if account else PLATFORM_NAME,
            "email": user.email,
            "first_name": user.first_name,
        }
    )


@accounts.answers(CreateOperator)
async def create_operator(command: CreateOperator, tx: Transaction) -> contracts.User:
    """Make an operator, or find the one with this address, and send a link to set the password."""
    order = contracts.AdministratorOrder(
        email=command.email,
        first_name=command.first_name,
        last_name=command.last_name,
        phone=checks.EXAMPLE_PHONE,
    )
    person, errors = checks.check_administrator(order, PLATFORM_COUNTRY)
    if person is None:
        raise Refused("invalid-fields", checks.joined(errors), tuple(errors))
    user = await store.operator_of_email(tx, PLATFORM_ID, person.email)
    if user is None:
        user = User(
            id=tx.new_id("usr"),
            account_id=PLATFORM_ID,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            created_at=tx.now,
        )
        await store.add_user(tx, user)
    tx.tell(_letter("operator-welcome", user, None))
    return user_view(user, None)


@accounts.replies(FindCredentials)
async def find_credentials(query: FindCredentials, tx: Reader) -> Credentials:
    """Tell the gateway whom an e-mail address may mean, with the hashes it checks against."""
    return Credentials(
        data=tuple(
            [
                Credential(
                    user=user_view(user, await _account_of(tx, user)),
                    password_hash=user.password_hash,
                )
                for user in await store.users_of_email(tx, query.email)
                if await _may_sign_in(tx, user)
            ]
        )
    )


@accounts.replies(FindUser)
async def find_user(query: FindUser, tx: Reader) -> contracts.User:
    """Tell who a session belongs to; refused once the user may no longer sign in."""
    user = await store.find_user(tx, query.user_id)
    if user is None or not await _may_sign_in(tx, user):
        raise Refused("not-found", "There is no such user.")
    return user_view(user, await _account_of(tx, user))


@accounts.answers(RequestPasswordReset)
async def request_password_reset(command: RequestPasswordReset, tx: Transaction) -> Done:
    """Send a link to each user of the address; the answer is the same when there is none."""
    for user in await store.users_of_email(tx, command.email):
        if await _may_sign_in(tx, user):
            tx.tell(_letter("reset-password", user, await _account_of(tx, user)))
    return Done()


@accounts.answers(RegisterLink)
async def register_link(command: RegisterLink, tx: Transaction) -> Done:
    """Make a link valid that the mailer is about to send."""
    user = await store.find_user(tx, command.user_id)
    if user is None:
        raise Refused("not-found", "There is no such user.")
    await store.save_link(
        tx,
        Link(
            token_sha256=command.token_sha256,
            user_id=user.id,
            purpose=command.purpose,
            expires_at=tx.now + timedelta(minutes=LINK_MINUTES),
        ),
    )
    return Done()


async def _user_of_link(tx: Reader, token_sha256: str) -> tuple[User, Link]:
    link = await store.find_link(tx, token_sha256)
    user = await store.find_user(tx, link.user_id) if link and link.usable(tx.now) else None
    if link is None or user is None or not await _may_sign_in(tx, user):
        raise Refused("link-expired", "Ask for a new link with “Forgot password”.")
    return user, link


@accounts.replies(FindLink)
async def find_link(query: FindLink, tx: Reader) -> LinkOwner:
    """Tell whose password a link sets."""
    user, link = await _user_of_link(tx, query.token_sha256)
    return LinkOwner(user=user_view(user, await _account_of(tx, user)), purpose=link.purpose)


@accounts.answers(SetPassword)
async def set_password(command: SetPassword, tx: Transaction) -> contracts.User:
    """Set the password by a link, which is used up with every other link of the user."""
    user, _ = await _user_of_link(tx, command.token_sha256)
    await store.use_up_links(tx, user.id, tx.now)
    return await _save_password(tx, user, command.password_hash)


@accounts.answers(ChangePassword)
async def change_password(command: ChangePassword, tx: Transaction) -> contracts.User:
    """Change the password that the gateway has checked, unless it changed meanwhile."""
    if tx.principal.id != command.user_id:
        raise Refused("forbidden", "A password is changed by its owner only.")
    user = await store.find_user(tx, command.user_id)
    if user is None or not await _may_sign_in(tx, user):
        raise Refused("not-found", "There is no such user.")
    if user.password_version != command.password_version:
        raise Refused("changed-meanwhile", "The password was changed meanwhile; sign in again.")
    await store.use_up_links(tx, user.id, tx.now)
    return await _save_password(tx, user, command.password_hash)


async def _save_password(tx: Transaction, user: User, password_hash: str) -> contracts.User:
    account = await _account_of(tx, user)
    changed = user.model_copy(
        update={"password_hash": password_hash, "password_version": user.password_version + 1}
    )
    await store.save_user(tx, changed)
    tx.announce(
        PasswordChanged(
            account_id=user.account_id,
            reseller_id=account.parent_id if account else PLATFORM_ID,
            user_id=user.id,
            email=user.email,
            first_name=user.first_name,
            reseller_name=account.parent_name if account else PLATFORM_NAME,
            password_version=changed.password_version,
            first_password=user.password_version == 0,
        )
    )
    return user_view(changed, account)
