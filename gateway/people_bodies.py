"""Bodies of requests about people: signing in, passwords, API keys."""

from typing import Annotated, Final

from pydantic import Field

from contracts.calls import DialFormat
from gateway.bodies import Body, Email, Yes
from gateway.keys import KeyScope
from gateway.times import Time

PASSWORD_CHARACTERS_MAX: Final = 1_000
"""Of what is tried; a password that is set is shorter by far."""

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


class KeyBody(Body):
    """A new API key."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["Provisioning"])]
    scope: KeyScope = "account"
    """`account`: all that your account may do. `calls`: what the switch does, nothing else."""

    dial_format: DialFormat | None = None
    """How the switch writes destinations, for the scope `calls` only; without it: `national`.

    `national`: `+…`, or as dialled in the account's country. `e164`: always international, with
    or without `+` or `00`.
    """

    expires_at: Time | None = None
    """When the key stops working, at most ten years from now; without it: never."""
