"""Users, their passwords and one-time links."""

from datetime import timedelta
from typing import Final, Literal

from pydantic import Field

from contracts.accounts.accounts import AccountStatus
from contracts.base import Answer, Command, Done, Event, Query, Value
from contracts.values import Country, Currency

Role = Literal["operator", "reseller", "customer"]
LinkPurpose = Literal["first-password", "reset-password"]

LINK_LIFETIMES: Final[dict[LinkPurpose, timedelta]] = {
    "first-password": timedelta(days=7),
    "reset-password": timedelta(minutes=30),
}
"""How long a one-time link works: a welcome may wait in a mailbox over a holiday, a reset is
opened by who has just asked for it."""


class User(Answer):
    """A person who signs in: the administrator of exactly one account."""

    id: str
    account_id: str
    account_name: str
    parent_id: str
    parent_name: str
    role: Role
    realm: str
    email: str
    first_name: str
    last_name: str
    time_zone: str
    currency: Currency
    country: Country
    account_status: AccountStatus
    password_version: int
    """Grows with each change of the password; 0 = no password yet."""


class CreateOperator(Command[User], topic="accounts.create-operator.v1"):
    """Make an operator; an e-mail with a one-time link to set the password goes out."""

    email: str = Field(max_length=320)
    first_name: str = Field(max_length=200)
    last_name: str = Field(max_length=200)


class Credential(Value):
    """One user that an e-mail address may mean, with the password's hash."""

    user: User
    password_hash: str = Field(repr=False)
    """Argon2; empty = no password yet."""


class Credentials(Answer):
    """The users of an e-mail address; empty when there are none."""

    data: tuple[Credential, ...]


class FindCredentials(Query[Credentials], topic="accounts.find-credentials.v1"):
    """Whom an e-mail address may mean (at most 10). The gateway checks the password itself."""

    email: str = Field(max_length=320)


class FindUser(Query[User], topic="accounts.find-user.v1"):
    """One user, for a session that is being used."""

    user_id: str


class RequestPasswordReset(Command[Done], topic="accounts.request-password-reset.v1"):
    """Send a one-time link to each user of this address; the answer never tells if there is one."""

    email: str = Field(max_length=320)


class SendWelcome(Command[Done], topic="accounts.send-welcome.v1"):
    """Send the welcome e-mail again to an administrator who has not set a password yet."""

    account_id: str


class RegisterLink(Command[Done], topic="accounts.register-link.v1"):
    """Make a one-time link valid for as long as its purpose needs. Only its hash is kept."""

    user_id: str
    token_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    purpose: LinkPurpose
    email: str = ""
    """Where the link is sent: refused once the user has another address. Empty: not said."""


class LinkOwner(Answer):
    """Whose password a one-time link sets."""

    user: User
    purpose: LinkPurpose


class FindLink(Query[LinkOwner], topic="accounts.find-link.v1"):
    """Whose password a one-time link sets; refused when it was used or has expired."""

    token_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SetPassword(Command[User], topic="accounts.set-password.v1"):
    """Set the password by a one-time link, which is used up."""

    token_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    password_hash: str = Field(min_length=20, max_length=500, repr=False)


class ChangePassword(Command[User], topic="accounts.change-password.v1"):
    """Change a password whose current one the gateway has checked."""

    user_id: str
    password_version: int
    """The version that was checked: a change in between is refused."""

    password_hash: str = Field(min_length=20, max_length=500, repr=False)


class PasswordChanged(Event, topic="accounts.password-changed.v1"):
    """A user's password was set or changed; sessions begun before end."""

    account_id: str
    reseller_id: str
    user_id: str
    email: str
    first_name: str
    reseller_name: str
    password_version: int
    first_password: bool
