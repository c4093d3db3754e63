"""Pages without sign-in: sign-in, forgotten and first password, help, errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from gateway.portal.views.parts import Choice, Link, no_errors

NOTICES: Mapping[str, str] = {
    "signed-out": "You are signed out.",
    "session-ended": "Your session has ended. Sign in to continue.",
    "typed-kept": "Your session has ended. Sign in to continue: what you typed is kept.",
}
"""What the sign-in page says first, by the word in its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """`/login`. `next` is a path of ours; `accounts` asks which one is meant when several match."""

    template: ClassVar[str] = "entry/login.html"
    title: str = "Sign in"
    section: str = ""
    next: str = ""
    email: str = ""
    accounts: tuple[Choice, ...] = ()
    notice: str = ""
    kept: tuple[tuple[str, str], ...] = ()
    """Fields of a page of the wizard that was sent after its session had ended."""

    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgotPage:
    """`/forgot`. `sent` gives the same answer for every address."""

    template: ClassVar[str] = "entry/forgot.html"
    title: str = "Forgotten password"
    section: str = ""
    email: str = ""
    sent: bool = False
    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPage:
    """`/reset/{token}`. `usable` is False for a link that was used or is too old."""

    template: ClassVar[str] = "entry/reset.html"
    title: str = "Set a password"
    section: str = ""
    token: str
    email: str
    account_name: str
    first: bool
    usable: bool = True
    keys: int = 0
    """How many API keys the person has made; they can be revoked together with the password."""

    revoke_keys: bool = False
    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpPage:
    """`/help`: answers for one's role, and the keys."""

    template: ClassVar[str] = "entry/help.html"
    title: str = "Help"
    section: str = "help"
    role: Literal["operator", "reseller", "customer", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """Any error page: the status, what it means, what to do and where to go."""

    template: ClassVar[str] = "entry/error.html"
    section: str = ""
    status: int
    heading: str
    text: str
    back: Link
    correlation_id: str = ""

    @property
    def title(self) -> str:
        """The heading."""
        return self.heading


_WORDS: Mapping[int, tuple[str, str]] = {
    403: (
        "This page isn’t for your role",
        "You’re signed in, but this page is for another role.",
    ),
    404: (
        "There’s nothing here",
        "The page may have moved, or the account or number isn’t yours.",
    ),
    405: ("That can’t be done here", "Go back and use the buttons of the page."),
    413: ("The file is too large", "Split it into smaller files and import them one by one."),
    429: ("Too many tries", "Wait a minute, then try again."),
    500: (
        "Something went wrong on our side",
        "We’ve recorded it. Reload this page to try again; nothing is done twice.",
    ),
    503: (
        "Part of the system isn’t answering",
        "It’s usually back within a minute. Reload this page then; nothing is done twice.",
    ),
}


def error_page(status: int, back: Link, correlation_id: str = "") -> ErrorPage:
    """Return the page of a status; a status without a text of its own is shown as 500."""
    heading, text = _WORDS.get(status, _WORDS[500])
    return ErrorPage(
        status=status, heading=heading, text=text, back=back, correlation_id=correlation_id
    )
