"""Users, passwords and one-time links. Plaintext passwords and tokens never come here."""

from typing import Literal

from contracts import accounts as contracts
from contracts.accounts import (
    LINK_LIFETIMES,
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
    SendWelcome,
    SetPassword,
)
from contracts.base import Done, Refused
from contracts.notifications import SendPasswordLink
from services.accounts import store
from services.accounts.handlers.service import accounts, own_account_below, router
from services.accounts.model import checks
from services.accounts.model.accounts import (
    PLATFORM_COUNTRY,
    PLATFORM_NAME,
    Link,
    User,
    user_view,
)
from services.chassis import changes
from services.chassis.annotations import Transaction
from services.chassis.changes import SYSTEM, Actor
from services.chassis.database import Reader

MAY_SIGN_IN = ("active", "disabled", "suspended")
"""States of an account whose administrator may sign in: a disabled one still pays."""


async def _view(db: Reader, user: User) -> contracts.User | None:
    """Return the user as others see it; None when its account does not let it sign in."""
    if user.account_id == PLATFORM_ID:
        return user_view(user, None)
    account = await store.find_account(db, user.account_id)
    if account is None or account.status not in MAY_SIGN_IN:
        return None
    return user_view(user, account, await store.parent_name(db, account))


def _email(
    kind: Literal["welcome", "reset-password", "operator-welcome"], to: contracts.User
) -> SendPasswordLink:
    return SendPasswordLink(
        kind=kind,
        user_id=to.id,
        account_id=to.account_id,
        reseller_id=to.parent_id or PLATFORM_ID,
        reseller_name=to.parent_name or PLATFORM_NAME,
        email=to.email,
        first_name=to.first_name,
        account_name=to.account_name,
        realm=to.realm,
    )


@router.answers(CreateOperator)
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
        raise checks.refusal(errors)
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
        await _record(tx, "operator.created", user, by=SYSTEM)
    view = user_view(user, None)
    tx.tell(_email("operator-welcome", view))
    return view


@accounts.replies(FindCredentials)
async def find_credentials(query: FindCredentials, db: Reader) -> Credentials:
    """Tell the gateway whom an e-mail address may mean, with the hashes it checks against."""
    found = [
        Credential(user=view, password_hash=user.password_hash)
        for user in await store.users_of_email(db, query.email)
        if (view := await _view(db, user)) is not None
    ]
    return Credentials(data=tuple(found))


@accounts.replies(FindUser)
async def find_user(query: FindUser, db: Reader) -> contracts.User:
    """Tell who a session belongs to; refused once the user may no longer sign in."""
    user = await store.find_user(db, query.user_id)
    view = await _view(db, user) if user else None
    if view is None:
        raise _no_such_user()
    return view


@router.answers(RequestPasswordReset)
async def request_password_reset(command: RequestPasswordReset, tx: Transaction) -> Done:
    """Send a link to each user of the address; the answer is the same when there is none."""
    for user in await store.users_of_email(tx, command.email):
        if (view := await _view(tx, user)) is not None:
            tx.tell(_email("reset-password", view))
    return Done()


@router.answers(SendWelcome)
async def send_welcome(command: SendWelcome, tx: Transaction) -> Done:
    """Send the welcome e-mail again, to whoever administers an account of the asker now."""
    account = await own_account_below(tx, command.account_id)
    user = await store.find_user(tx, account.administrator_user_id)
    view = await _view(tx, user) if user else None
    if user is None or view is None:
        raise Refused("account-not-active", f"The account is {account.status}.")
    if user.password_version:
        raise Refused("password-set", f"{user.email} can use “Forgot password” to get a new link.")
    tx.tell(_email("welcome", view))
    return Done()


@router.answers(RegisterLink)
async def register_link(command: RegisterLink, tx: Transaction) -> Done:
    """Make a link valid that the mailer is about to send."""
    user = await store.find_user(tx, command.user_id)
    if user is None:
        raise _no_such_user()
    if command.email not in {"", user.email}:
        # an e-mail that waited for its mail server must not let in whoever reads the old address
        raise Refused("not-found", "The user’s e-mail address has changed.")
    await store.add_link(
        tx,
        Link(
            token_sha256=command.token_sha256,
            user_id=user.id,
            purpose=command.purpose,
            expires_at=tx.now + LINK_LIFETIMES[command.purpose],
        ),
    )
    return Done()


async def _user_of_link(db: Reader, token_sha256: str) -> tuple[User, LinkOwner]:
    link = await store.find_link(db, token_sha256)
    user = await store.find_user(db, link.user_id) if link and link.usable(db.now) else None
    view = await _view(db, user) if user else None
    if link is None or user is None or view is None:
        raise Refused("link-expired", "Ask for a new link with “Forgot password”.")
    return user, LinkOwner(user=view, purpose=link.purpose)


@accounts.replies(FindLink)
async def find_link(query: FindLink, db: Reader) -> LinkOwner:
    """Tell whose password a link sets."""
    _, owner = await _user_of_link(db, query.token_sha256)
    return owner


@router.answers(SetPassword)
async def set_password(command: SetPassword, tx: Transaction) -> contracts.User:
    """Set the password by a link, which is used up with every other link of the user."""
    user, _ = await _user_of_link(tx, command.token_sha256)
    action = "password.reset" if user.password_version else "password.set"
    # whoever has the link acts as its user; nobody is signed in
    await _record(tx, action, user, by=Actor(user.id, user.account_id))
    return await _save_password(tx, user, command.password_hash)


@router.answers(ChangePassword)
async def change_password(command: ChangePassword, tx: Transaction) -> contracts.User:
    """Change the password that the gateway has checked, unless it changed meanwhile."""
    if tx.principal.id != command.user_id:
        raise Refused("forbidden", "A password is changed by its owner only.")
    user = await store.find_user(tx, command.user_id)
    if user is None:
        raise _no_such_user()
    if user.password_version != command.password_version:
        raise Refused("version-conflict", "Your password has changed. Sign in again.")
    await _record(tx, "password.changed", user)
    return await _save_password(tx, user, command.password_hash)


async def _save_password(tx: Transaction, user: User, password_hash: str) -> contracts.User:
    changed = user.model_copy(
        update={"password_hash": password_hash, "password_version": user.password_version + 1}
    )
    view = await _view(tx, changed)
    if view is None:
        raise _no_such_user()
    await store.save_user(tx, changed)
    await store.use_up_links(tx, user.id, tx.now)
    tx.announce(
        PasswordChanged(
            account_id=view.account_id,
            reseller_id=view.parent_id or PLATFORM_ID,
            user_id=view.id,
            email=view.email,
            first_name=view.first_name,
            reseller_name=view.parent_name or PLATFORM_NAME,
            password_version=view.password_version,
            first_password=user.password_version == 0,
        )
    )
    return view


async def _record(tx: Transaction, action: str, user: User, *, by: Actor | None = None) -> None:
    """Keep in the audit trail that something of a user changed; never the password."""
    account = await store.find_account(tx, user.account_id)
    await changes.record(
        tx,
        action,
        account_id=user.account_id,
        parent_id=account.parent_id if account else "",
        subject=user.email,
        by=by,
    )


def _no_such_user() -> Refused:
    return Refused("not-found", "There is no such user.")
