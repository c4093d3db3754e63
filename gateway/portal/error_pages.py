"""Refusals and failures as pages, for whoever asked with a browser."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from contracts.problems import PROBLEMS
from gateway.portal.frame import HOMES, SAFE_METHODS, address_of, shell_of
from gateway.portal.pages import render
from gateway.portal.views.entry import error_page
from gateway.portal.views.parts import Link

API_PREFIX: Final = "/v1"
OWN_WORDS: Final = ("forbidden", "not-found", "method-not-allowed", "internal-error", "unavailable")
"""Kinds that the page tells in words of its own; any other one is told in the refusal's words."""


def wanted(request: Request) -> bool:
    """Tell whether the client is a browser that would show a page, and does not call the API.

    Of the API it shows what a link leads to, such as the PDF of an invoice.
    """
    accept = request.headers.get("accept", "")
    shows_pages = "text/html" in accept and "text/event-stream" not in accept
    follows_link = request.headers.get("sec-fetch-dest") == "document"
    return shows_pages and (follows_link or not request.url.path.startswith(API_PREFIX))


def respond(request: Request, kind: str, detail: str, headers: Mapping[str, str]) -> Response:
    """Return the page of a refusal; whoever is not signed in is led to where that is done."""
    if kind == "not-signed-in":
        return _sign_in_first(request)
    status, title = PROBLEMS[kind]
    caller = getattr(request.state, "caller", None)
    user = caller.user if caller else None
    back = Link(label="Go to the start", url=HOMES[user.role] if user else "/login")
    page = error_page(status, back, request.state.request_id)
    if kind not in OWN_WORDS:
        page = replace(page, heading=title, text=detail)
    return HTMLResponse(render(page, shell_of(request, user)), status, dict(headers))


def _sign_in_first(request: Request) -> Response:
    address = address_of(request) if request.method in SAFE_METHODS else ""
    known = address not in ("", "/")
    return RedirectResponse(f"/login?next={quote(address)}" if known else "/login", 303)
