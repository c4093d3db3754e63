"""Signing in and out, and passwords."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.accounts import (
    PLATFORM_ID,
    ChangePassword,
    Credential,
    FindAccount,
    FindCredentials,
    FindLink,
    LinkOwner,
    RequestPasswordReset,
    SetPassword,
    User,
)
from contracts.base import FieldError, Refused
from contracts.emails import email_key
from contracts.values import realm_key
from gateway.features.people.schemas import (
    Me,
    PasswordByLinkBody,
    PasswordChangeBody,
    PasswordResetBody,
    SignInBody,
)
from gateway.http.problems import RefusedWith
from gateway.identity import throttle
from gateway.identity.caller import Caller, Visitor, action
from gateway.identity.sessions import sha256
from services.chassis.database import Trigger
from services.chassis.principal import Principal

PRODUCT_WORDS: Final = ("accounts manager", "password", "telephony")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a new session."""

    user: User
    token: str
    """Of the session; for the cookie and nothing else."""


# --- sessions ---------------------------------------------------------------------------


async def sign_in(visitor: Visitor, body: SignInBody, old_token: str = "") -> SignedIn:
    """Begin a session, and end the one that the browser had.

    Refused with `invalid-credentials`; with `ambiguous-account` and the realms when e-mail and
    password are right for several accounts and the body names none.
    """
    visitor.begin_changes()
    gateway = visitor.gateway
    email = email_key(body.email)
    gateway.throttle.count(throttle.SIGN_INS_PER_ADDRESS, visitor.address)
    gateway.throttle.count(throttle.FAILED_SIGN_INS_PER_PAIR, email, visitor.address)
    gateway.throttle.count(throttle.FAILED_SIGN_INS_PER_EMAIL, email)
    found = await visitor.ask_for_nobody(FindCredentials(email=body.email))
    realm = realm_key(body.realm or "")
    candidates = [one for one in found.data if realm in ("", realm_key(one.user.realm))]
    users = await _users_with(visitor, candidates, body.password)
    if not users:
        raise Refused("invalid-credentials", "Check the e-mail address and the password.")
    gateway.throttle.forget(throttle.FAILED_SIGN_INS_PER_PAIR, email, visitor.address)
    gateway.throttle.forget(throttle.FAILED_SIGN_INS_PER_EMAIL, email)
    if len(users) > 1:
        raise RefusedWith(
            "ambiguous-account",
            "Choose the account that you want to sign in to.",
            accounts=[{"realm": user.realm, "account_name": user.account_name} for user in users],
        )
    if old_token:
        await gateway.sessions.end(sha256(old_token))
    return SignedIn(users[0], await gateway.sessions.begin(users[0]))


async def _users_with(
    visitor: Visitor, candidates: Sequence[Credential], password: str
) -> list[User]:
    """Return the users whose password it is; the time it takes does not tell of how many."""
    hashes = [one.password_hash for one in candidates]
    found = await visitor.gateway.passwords.which_match(password, hashes)
    return [one.user for one, right in zip(candidates, found, strict=True) if right]


@action("operator", "reseller", "customer", in_person=True)
async def sign_out(caller: Caller) -> None:
    """End the session."""
    assert caller.session is not None, "who acts in person has a session"
    await caller.gateway.sessions.end(caller.session.id)
    caller.gateway.live.end_of_account(caller.account_id)


@action("operator", "reseller", "customer", "switch")
async def find_me(caller: Caller) -> Me:
    """Tell who is signed in, and for which account."""
    account = None
    if caller.role in ("reseller", "customer") and caller.account_id != PLATFORM_ID:
        account = await caller.ask(FindAccount(account_id=caller.account_id))
    return Me(role=caller.role, scope=caller.scope, user=caller.user, account=account)


# --- passwords --------------------------------------------------------------------------


@action("operator", "reseller", "customer", in_person=True)
async def change_password(
    caller: Caller, body: PasswordChangeBody, noted: Sequence[FieldError] = ()
) -> SignedIn:
    """Change the own password; every session ends, and a new one begins for the caller.

    The API keys that the caller has made are revoked too if the body says so. `noted` is what the
    form found wrong, which is refused together with all else.
    """
    gateway = caller.gateway
    gateway.throttle.count(throttle.WRONG_PASSWORDS_PER_USER, caller.user.id)
    user = await gateway.users.find(caller.user.id, fresh=True, correlation_id=caller.request_id)
    found = await caller.ask_for_nobody(FindCredentials(email=user.email))
    mine = [one for one in found.data if one.user.id == user.id]
    right = await _users_with(caller, mine, body.current_password)
    errors: list[FieldError] = []
    if right:
        gateway.throttle.forget(throttle.WRONG_PASSWORDS_PER_USER, user.id)
    else:
        detail = "This is not your current password."
        errors.append(FieldError(pointer="/current_password", type="wrong-password", detail=detail))
    errors += await _weaknesses(caller, user, body.new_password, "/new_password")
    if right and body.new_password == body.current_password:
        detail = "This is your current password. Choose a different one."
        errors.append(FieldError(pointer="/new_password", type="unchanged", detail=detail))
    _refuse([*errors, *noted])
    caller.begin_changes()
    if body.revoke_keys:
        await _revoke_keys(caller, user)
    changed = await caller.ask(
        ChangePassword(
            user_id=user.id,
            password_version=right[0].password_version,
            password_hash=await gateway.passwords.hash(body.new_password),
        )
    )
    await _end_sessions(caller, changed)
    return SignedIn(changed, await gateway.sessions.begin(changed))


async def request_reset(visitor: Visitor, body: PasswordResetBody) -> None:
    """Request a one-time link. The answer doesn't reveal whether the address is known."""
    visitor.begin_changes()
    email = email_key(body.email)
    visitor.gateway.throttle.count(throttle.RESETS_PER_ADDRESS, visitor.address)
    visitor.gateway.throttle.count(throttle.RESETS_PER_EMAIL, email)
    await visitor.ask_for_nobody(RequestPasswordReset(email=body.email))


async def find_link(visitor: Visitor, token: str) -> LinkOwner:
    """Tell whose password a one-time link sets; refused with `link-expired`."""
    visitor.gateway.throttle.count(throttle.LINKS_PER_ADDRESS, visitor.address)
    return await visitor.ask_for_nobody(FindLink(token_sha256=sha256(token)))


async def set_password(
    visitor: Visitor, body: PasswordByLinkBody, found: Sequence[FieldError] = ()
) -> User:
    """Set a password by a one-time link, which is used up; every session of the user ends.

    The API keys that the user has made are revoked too if the body says so.
    """
    owner = await find_link(visitor, body.token)
    _refuse([*await _weaknesses(visitor, owner.user, body.password, "/password"), *found])
    visitor.begin_changes()
    if body.revoke_keys:
        await _revoke_keys(visitor, owner.user)
    password_hash = await visitor.gateway.passwords.hash(body.password)
    command = SetPassword(token_sha256=sha256(body.token), password_hash=password_hash)
    user = await visitor.ask_for_nobody(command)
    await _end_sessions(visitor, user)
    return user


async def enter_by_link(
    visitor: Visitor, body: PasswordByLinkBody, old_token: str, found: Sequence[FieldError] = ()
) -> SignedIn:
    """Set a password by a one-time link and begin a session, in place of the browser's old one.

    `found` is what the form found wrong, which is refused together with all else.
    """
    user = await set_password(visitor, body, found)
    sessions = visitor.gateway.sessions
    if old_token:
        await sessions.end(sha256(old_token))
    return SignedIn(user, await sessions.begin(user))


async def count_keys(visitor: Visitor, user: User) -> int:
    """Return how many API keys a user has made and not deleted."""
    return await visitor.gateway.keys.count_of_user(user.id)


async def _revoke_keys(visitor: Visitor, user: User) -> None:
    """Revoke every API key of a user, in the user's name.

    This comes before the password: if it fails, nothing else has happened and the person tries
    again. The other way round, keys could survive that the person believes revoked.
    """
    principal = Principal(
        id=user.id, account_id=user.account_id, parent_id=user.parent_id, role=user.role
    )
    trigger = Trigger(
        message_id=uuid.uuid4().hex, correlation_id=visitor.request_id, principal=principal
    )
    await visitor.gateway.keys.delete_of_user(user.id, trigger)


async def _end_sessions(visitor: Visitor, user: User) -> None:
    gateway = visitor.gateway
    gateway.users.forget(user.account_id)
    await gateway.sessions.end_of_user(user.id, before_password_version=user.password_version)
    gateway.live.end_of_account(user.account_id)


async def _weaknesses(
    visitor: Visitor, user: User, password: str, pointer: str
) -> list[FieldError]:
    words = [
        *PRODUCT_WORDS,
        user.email,
        user.email.partition("@")[0],
        user.first_name,
        user.last_name,
        user.account_name,
        user.realm,
        user.parent_name,
    ]
    weakness = await visitor.gateway.passwords.weakness(password, words, pointer)
    return [weakness] if weakness else []


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Refused("invalid-fields", " ".join(one.detail for one in errors), tuple(errors))
