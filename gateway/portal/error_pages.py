"""Refusals and failures as pages, for whoever asked with a browser."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from contracts.problems import PROBLEMS
from gateway.portal.frame import HOMES, SAFE_METHODS, address_of, shell_of
from gateway.portal.kept_forms import kept_fields
from gateway.portal.pages import render
from gateway.portal.views.entry import NOTICES, LoginPage, error_page
from gateway.portal.views.parts import Link

API_PREFIX: Final = "/v1"
OWN_WORDS: Final = ("forbidden", "not-found", "method-not-allowed", "internal-error", "unavailable")
"""Kinds with a text of their own; every other page shows the detail of its refusal."""


def wanted(request: Request) -> bool:
    """Tell whether the client is a browser that would show a page, and does not call the API.

    Of the API it shows what a link leads to, such as the PDF of an invoice.
    """
    accept = request.headers.get("accept", "")
    shows_pages = "text/html" in accept and "text/event-stream" not in accept
    follows_link = request.headers.get("sec-fetch-dest") == "document"
    return shows_pages and (follows_link or not request.url.path.startswith(API_PREFIX))


def respond(request: Request, kind: str, detail: str, headers: Mapping[str, str]) -> Response:
    """Return the page of a refusal."""
    status, title = PROBLEMS[kind]
    caller = getattr(request.state, "caller", None)
    user = caller.user if caller else None
    back = Link(label="Go to the start", url=HOMES[user.role] if user else "/login")
    page = error_page(status, back, request.state.request_id)
    if kind not in OWN_WORDS:
        page = replace(page, heading=title, text=detail)
    return HTMLResponse(render(page, shell_of(request, user)), status, dict(headers))


async def sign_in_first(request: Request) -> Response:
    """Lead people who must sign in to the sign-in page, and back afterwards.

    After a form was sent, they return to its page. A page of the wizard stays in the sign-in form.
    """
    if kept := await kept_fields(request):
        page = LoginPage(next=address_of(request), kept=kept, notice=NOTICES["typed-kept"])
        return HTMLResponse(render(page, shell_of(request, None)), HTTPStatus.UNAUTHORIZED)
    address = address_of(request)
    wanted = {"next": address} if address != "/" else {}
    if request.method not in SAFE_METHODS:
        wanted["notice"] = "session-ended"
    return RedirectResponse(
        f"/login?{urlencode(wanted, quote_via=quote, safe='/')}".rstrip("?"), 303
    )
