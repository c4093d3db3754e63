"""What of a request is only checked: whether it is at all, and what of its form can't be read."""

from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from contracts.base import FieldError

_CHECKS_ONLY: Final = "accounts_manager.checks_only"
_UNREAD: Final = "accounts_manager.unread"


def as_check(scope: Scope) -> Scope:
    """Return the scope of a request whose sender changes nothing by it."""
    return {**scope, _CHECKS_ONLY: True}


def is_check(request: Request) -> bool:
    """Tell whether a request is to change nothing."""
    return _CHECKS_ONLY in request.scope


def unread_in(request: Request) -> list[FieldError]:
    """Return the fields of a request's form that can't be read; it grows as the form is read."""
    unread: list[FieldError] = request.scope.setdefault(_UNREAD, [])
    return unread
