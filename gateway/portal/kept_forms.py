"""Pages of the wizard that were sent signed out: kept while their person signs in."""

from typing import Final

from starlette.requests import Request

from contracts.base import Refused
from gateway.portal.forms import Field, form_of

BASIC: Final = "/accounts/new/basic"
PLAN: Final = "/accounts/new/plan"
KEPT: Final = "kept-"
"""Begins the names of the sign-in form's hidden fields that hold what was typed before."""

KEPT_FIELDS_MAX: Final = 300


async def kept_fields(request: Request) -> tuple[Field, ...]:
    """Return what a page of the wizard was sent with; nothing of any other form.

    A script that sends the form keeps its page, and what is typed in it.
    """
    is_page = request.method == "POST" and request.url.path in (BASIC, PLAN)
    if not is_page or "hx-request" in request.headers:
        return ()
    try:
        return (await form_of(request)).fields(count_max=KEPT_FIELDS_MAX)
    except Refused:
        return ()  # no form of ours
