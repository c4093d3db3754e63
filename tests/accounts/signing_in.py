"""Users of accounts that tests open: their links, passwords, and who signs in."""

import hashlib
import uuid

from contracts.accounts import (
    Account,
    FindCredentials,
    LinkPurpose,
    RegisterLink,
    SetPassword,
    User,
)
from services.chassis.principal import Principal
from tests.harness import Harness

EMAIL = "ann@acme.example"
HASH, OTHER_HASH = "$argon2id$v=19$m=19456$first", "$argon2id$v=19$m=19456$other"


async def link(harness: Harness, user_id: str, purpose: LinkPurpose = "first-password") -> str:
    """Register a one-time link; return the hash of its token."""
    token_sha256 = hashlib.sha256(uuid.uuid4().bytes).hexdigest()
    await harness.ask(RegisterLink(user_id=user_id, token_sha256=token_sha256, purpose=purpose))
    return token_sha256


async def set_password(harness: Harness, user_id: str, password_hash: str = HASH) -> User:
    """Set a password by a link."""
    token_sha256 = await link(harness, user_id)
    return await harness.ask(SetPassword(token_sha256=token_sha256, password_hash=password_hash))


async def signs_in_as(harness: Harness, email: str = EMAIL) -> list[str]:
    """Return the ids of the accounts that an address may sign in to."""
    credentials = await harness.ask(FindCredentials(email=email))
    return [credential.user.account_id for credential in credentials.data]


def person(user_id: str, account: Account) -> Principal:
    return Principal(
        id=user_id, account_id=account.id, parent_id=account.parent_id, role="customer"
    )
