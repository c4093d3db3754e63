"""A signed-in person's browser: what it may see, and how it is answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from contracts.accounts import Role, User
from contracts.base import Refused
from contracts.numbers import CountNumbers
from gateway.identity.authentication import caller_of
from gateway.identity.caller import Caller
from gateway.identity.sessions import Session, SessionToast
from gateway.portal.forms import shown_errors
from gateway.portal.frame import shell_of
from gateway.portal.pages import FormPage, Page, render, with_errors
from gateway.portal.views.shell import Toast, Undo, account_url


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser of a person who is signed in."""

    request: Request
    caller: Caller
    last_event_id: str
    """Of the newest event before the content was asked for: the stream goes on from there."""

    @property
    def user(self) -> User:
        """Who sits before it."""
        return self.caller.user

    @property
    def wants_part(self) -> bool:
        """Whether a script asked, which takes a part of the page and never shows the frame."""
        return "hx-request" in self.request.headers

    def account_url(self, account_id: str) -> str:
        """Return where the own page of an account is that one has."""
        return account_url(self.user.role, account_id)

    async def show(self, page: Page, status: int = 200) -> Response:
        """Answer with a page, and with what it has to tell once.

        Fields that can't be read are shown beside the other errors.
        """
        page, status = self._with_unread(page, status)
        if self.wants_part:
            return HTMLResponse(render(page, shell_of(self.request, self.user)), status)
        session = self._session
        if session.toasts:
            await self.caller.gateway.sessions.drop_toasts(session.id)
        shell = replace(
            shell_of(self.request, self.user, spare_numbers=await self._spare_numbers()),
            toasts=tuple(_toast(kept) for kept in session.toasts),
            last_event_id=self.last_event_id,
        )
        return HTMLResponse(render(page, shell), status)

    def _with_unread(self, page: Page, status: int) -> tuple[Page, int]:
        if self.caller.unread and not isinstance(page, FormPage):
            self.caller.begin_changes()
        if not self.caller.unread or not isinstance(page, FormPage):
            return page, status
        errors = {**page.errors, **shown_errors(self.caller.unread, {})}
        return with_errors(page, errors), max(status, HTTPStatus.UNPROCESSABLE_ENTITY)

    @property
    def _session(self) -> Session:
        assert self.caller.session is not None, "a browser has a session"
        return self.caller.session

    async def _spare_numbers(self) -> int | None:
        if self.user.role != "reseller":
            return None
        try:
            return (await self.caller.ask(CountNumbers())).available
        except Refused as refusal:
            if refusal.problem.code != "unavailable":
                raise
            return None  # the page is worth showing without this figure

    async def go(
        self, address: str, said: str = "", *, undo: Undo | None = None, bad: bool = False
    ) -> Response:
        """Answer a form that worked: go to another page, which says what just happened."""
        self.caller.begin_changes()
        if said:
            toast = SessionToast(
                text=said,
                tone="bad" if bad else "ok",
                undo_url=undo.url if undo else "",
                undo_fields=undo.fields if undo else (),
            )
            await self.caller.gateway.sessions.add_toast(self._session.id, toast)
        return see(address)


def _toast(kept: SessionToast) -> Toast:
    undo = Undo(url=kept.undo_url, fields=kept.undo_fields) if kept.undo_url else None
    return Toast(text=kept.text, tone=kept.tone, undo=undo)


def for_the(*roles: Role) -> Callable[[Request], Awaitable[Browser]]:
    """Return the dependency of a page for people of these roles."""

    async def browser_of(request: Request) -> Browser:
        caller = await caller_of(request)
        if caller.session is None:
            raise Refused("forbidden", "The portal is for people; a key uses the API under /v1.")
        if caller.user.role not in roles:
            raise Refused("forbidden", "This page is for another role.")
        return browser_of_caller(request, caller)

    return browser_of


def browser_of_caller(request: Request, caller: Caller) -> Browser:
    """Return the browser of a person who is signed in."""
    return Browser(request, caller, caller.gateway.live.last_id)


OperatorBrowser = Annotated[Browser, Depends(for_the("operator"))]
ResellerBrowser = Annotated[Browser, Depends(for_the("reseller"))]
AccountBrowser = Annotated[Browser, Depends(for_the("reseller", "customer"))]
SellerBrowser = Annotated[Browser, Depends(for_the("operator", "reseller"))]
AnyBrowser = Annotated[Browser, Depends(for_the("operator", "reseller", "customer"))]


def see(address: str) -> Response:
    """Send the browser to another page (303, so that a reload sends nothing again)."""
    return RedirectResponse(address, 303)


async def _caller_or_none(request: Request) -> Caller | None:
    try:
        return await caller_of(request)
    except Refused as refusal:
        if refusal.problem.code not in ("not-signed-in", "api-key-expired"):
            raise
        return None


MaybeCaller = Annotated[Caller | None, Depends(_caller_or_none)]
