"""Bodies of requests about people: signing in, passwords, API keys."""

from typing import Annotated

from pydantic import Field

from contracts.accounts import Account, LinkPurpose, User
from contracts.base import Answer
from gateway.http.schemas import PASSWORD_CHARACTERS_MAX, Body, Email, Yes
from gateway.identity.keys import KeyScope
from services.chassis.principal import PrincipalRole

Password = Annotated[str, Field(max_length=PASSWORD_CHARACTERS_MAX, repr=False)]
Token = Annotated[str, Field(max_length=200, repr=False)]


class SignInBody(Body):
    """E-mail and password, and which account is meant where there are several."""

    email: Email
    password: Password
    realm: Annotated[str, Field(max_length=300)] | None = None


class PasswordChangeBody(Body):
    """The password as it is and as it shall be."""

    current_password: Password
    new_password: Password
    revoke_keys: Yes = False
    """Whether to revoke every API key that you have made, too."""


class PasswordResetBody(Body):
    """Whose password was forgotten."""

    email: Email


class LinkBody(Body):
    """The token of a one-time link; it travels in bodies only, never in an address."""

    token: Token


class PasswordByLinkBody(Body):
    """The token of a one-time link, and the password that it shall set."""

    token: Token
    password: Password
    revoke_keys: Yes = False
    """Whether to revoke every API key that the person has made, too."""


class Me(Answer):
    """Who is signed in, and for which account."""

    role: PrincipalRole
    """`switch` for a key with the scope `calls`."""

    scope: KeyScope
    user: User
    """The person; of a key, its maker."""

    account: Account | None
    """The own account; operators and the switch have none."""


class NewSession(Answer):
    """Who has just signed in."""

    user: User


class LinkOwnerView(Answer):
    """Whose password a one-time link sets."""

    email: str
    account_name: str
    purpose: LinkPurpose
