"""What surrounds a page: the frame of whoever is signed in, and where one may be sent."""

from typing import Final

from starlette.requests import Request

from contracts.accounts import Role, User
from gateway.http.routing import methods_at
from gateway.portal.views.shell import ACCOUNTS, Person, Shell, Theme, entries_for, search_for

SAFE_METHODS: Final = ("GET", "HEAD")
PLATFORM_NAME: Final = "Accounts Manager"
HOMES: Final[dict[Role, str]] = {
    "operator": ACCOUNTS["operator"].url,
    "reseller": ACCOUNTS["reseller"].url,
    "customer": "/my/user",
}
"""The page that each role begins at."""


def shell_of(request: Request, user: User | None, *, spare_numbers: int | None = None) -> Shell:
    """Return the frame of a page: of a signed-in person, or the plain one."""
    if user is None:
        return Shell(address=address_of(request), theme=theme_of(request))
    gateway = request.app.state.gateway
    return Shell(
        address=address_of(request),
        theme=theme_of(request),
        person=_person(user),
        entries=entries_for(user.role, spare_numbers=spare_numbers, demo=gateway.settings.demo),
        search=search_for(user.role),
    )


def account_name_of(user: User) -> str:
    """Return the name of the party that a user belongs to."""
    return "Platform" if user.role == "operator" else user.account_name


def _person(user: User) -> Person:
    brands: dict[Role, str] = {
        "operator": PLATFORM_NAME,
        "reseller": user.account_name,
        "customer": user.parent_name,
    }
    return Person(
        role=user.role,
        name=f"{user.first_name} {user.last_name}",
        account_name=account_name_of(user),
        brand=brands[user.role],
        id=user.id,
    )


def address_of(request: Request) -> str:
    """Return where the page is to be had again: of one that answers a form, the page of the form.

    A form is sent to its page's address or to one below it.
    """
    path, query = request.url.path, request.url.query
    if request.method in SAFE_METHODS:
        return f"{path}?{query}" if query else path
    while path != "/" and "GET" not in methods_at(request.app, path):
        path = path.rpartition("/")[0] or "/"
    return path


def theme_of(request: Request) -> Theme:
    """Return the theme that was chosen; empty when it follows the system."""
    chosen = request.cookies.get("theme", "")
    return "dark" if chosen == "dark" else "light" if chosen == "light" else ""


def own_path(address: str, otherwise: str) -> str:
    """Return an address if it is one of ours to go to; a page of another site never is."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and address.isprintable() else otherwise
