"""Where one comes in: the start, signing in and out, forgotten and first passwords, help."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import TypeAdapter

from contracts.accounts import User
from contracts.base import Refused, Value
from gateway.features.opening.resumed import keep_in_draft
from gateway.features.people import actions as people
from gateway.features.people.new_passwords import repeated_wrongly, revokes_keys
from gateway.features.people.schemas import PasswordByLinkBody, PasswordResetBody, SignInBody
from gateway.http.problems import RefusedWith
from gateway.identity.authentication import session_token, visitor_of
from gateway.identity.caller import Visitor
from gateway.identity.cookies import clear_session, set_session
from gateway.identity.sessions import SessionToast, sha256
from gateway.portal.browser import MaybeCaller, browser_of_caller, see
from gateway.portal.forms import (
    Form,
    SentForm,
    fields_named,
    form_errors,
    status_of,
)
from gateway.portal.frame import HOMES, account_name_of, own_path, shell_of
from gateway.portal.kept_forms import KEPT, KEPT_FIELDS_MAX
from gateway.portal.pages import Page, render
from gateway.portal.views.entry import NOTICES, ForgotPage, HelpPage, LoginPage, ResetPage
from gateway.portal.views.parts import Choice

THEMES: Final = ("light", "dark")
THEME_SECONDS: Final = 31_536_000
TOKEN_CHARACTERS_MAX: Final = 200
RESET_FIELDS: Final = {"/password": "new", "/confirm": "confirm"}

LINK_HEADERS: Final = {"Referrer-Policy": "strict-origin"}
"""The token is in the address: no page that is looked at next may hear of it."""


class AccountToSignInTo(Value):
    """One of several accounts that e-mail and password are right for."""

    realm: str
    account_name: str


_ACCOUNTS: Final = TypeAdapter(list[AccountToSignInTo])

router = APIRouter(include_in_schema=False)

Anyone = Annotated[Visitor, Depends(visitor_of)]


def _plain(request: Request, page: Page, status: int = 200) -> Response:
    """Answer with a page in the frame for people who are not signed in."""
    return HTMLResponse(render(page, shell_of(request, None)), status)


# --- in and out -----------------------------------------------------------------------------


@router.get("/")
async def start(caller: MaybeCaller) -> Response:
    """Redirect to the first page of the role."""
    return see(HOMES[caller.user.role] if caller else "/login")


@router.get("/login")
async def ask_to_sign_in(request: Request, caller: MaybeCaller) -> Response:
    """Ask who it is; whoever is signed in already goes on."""
    wanted = own_path(request.query_params.get("next", ""), "")
    if caller:
        return see(wanted or HOMES[caller.user.role])
    notice = NOTICES.get(request.query_params.get("notice", ""), "")
    return _plain(request, LoginPage(next=wanted, notice=notice))


@router.post("/login")
async def sign_in(visitor: Anyone, form: SentForm, request: Request) -> Response:
    """Sign in, and go on to the page that was asked for."""
    wanted = own_path(form.text("next"), "")
    kept = form.fields(KEPT, KEPT_FIELDS_MAX)
    page = LoginPage(next=wanted, email=form.text("email"), kept=kept)
    body = SignInBody(
        email=page.email,
        password=form.secret("password"),
        realm=form.text("account", characters_max=300) or None,
    )
    try:
        signed_in = await people.sign_in(visitor, body, session_token(request))
    except Refused as refusal:
        answer = _plain(request, _refused_login(page, refusal), status_of(refusal))
        answer.headers.update(refusal.headers if isinstance(refusal, RefusedWith) else {})
        return answer
    if kept:
        await keep_in_draft(visitor, signed_in.user, wanted, kept)
    return _entered(visitor, signed_in, wanted)


def _entered(visitor: Visitor, signed_in: people.SignedIn, wanted: str = "") -> Response:
    answer = see(wanted or HOMES[signed_in.user.role])
    set_session(answer, visitor.gateway.settings, signed_in.token)
    return answer


def _refused_login(page: LoginPage, refusal: Refused) -> LoginPage:
    kind = refusal.problem.code
    accounts: tuple[Choice, ...] = ()
    if kind == "ambiguous-account" and isinstance(refusal, RefusedWith):
        found = _ACCOUNTS.validate_python(refusal.members["accounts"])
        accounts = tuple(
            Choice(value=one.realm, label=f"{one.account_name} ({one.realm})") for one in found
        )
        errors = {"account": "Choose an account and enter the password again."}
    elif kind == "invalid-credentials":
        errors = {"": refusal.problem.detail}
    else:
        errors = form_errors(refusal, fields_named("email", "password"))
    return replace(page, accounts=accounts, errors=errors)


@router.post("/logout")
async def sign_out(caller: MaybeCaller) -> Response:
    """Sign out; whoever was not signed in, is not afterwards either."""
    answer = see("/login?notice=signed-out")
    if caller and caller.session:
        await people.sign_out(caller)
        clear_session(answer, caller.gateway.settings)
    return answer


# --- passwords --------------------------------------------------------------------------------


@router.get("/forgot")
async def ask_for_address(request: Request) -> Response:
    """Ask whose password was forgotten."""
    return _plain(request, ForgotPage())


@router.post("/forgot")
async def send_link(visitor: Anyone, form: SentForm, request: Request) -> Response:
    """Have a one-time link sent; the answer is the same for every address."""
    email = form.text("email")
    if not email:
        errors = {"email": "Enter your e-mail address."}
        return _plain(request, ForgotPage(errors=errors), 422)
    try:
        await people.request_reset(visitor, PasswordResetBody(email=email))
    except Refused as refusal:
        page = ForgotPage(email=email, errors=form_errors(refusal, fields_named("email")))
        return _plain(request, page, status_of(refusal))
    return _plain(request, ForgotPage(email=email, sent=True))


@router.get("/reset/{token}")
async def ask_for_password(token: str, visitor: Anyone, request: Request) -> Response:
    """Ask for the password that a one-time link sets."""
    return await _reset_page(visitor, request, token)


@router.post("/reset/{token}")
async def set_password(token: str, visitor: Anyone, form: SentForm, request: Request) -> Response:
    """Set the password by the one-time link, which is used up, and sign in."""
    body = PasswordByLinkBody(
        token=_cut(token), password=form.secret("new"), revoke_keys=revokes_keys(form)
    )
    try:
        signed_in = await people.enter_by_link(
            visitor, body, session_token(request), repeated_wrongly(form)
        )
    except Refused as refusal:
        errors, status = form_errors(refusal, RESET_FIELDS), status_of(refusal)
        return await _reset_page(visitor, request, token, form, errors=errors, status=status)
    answer = _entered(visitor, signed_in)
    said = SessionToast(text="Your password is set.")
    await visitor.gateway.sessions.add_toast(sha256(signed_in.token), said)
    return answer


async def _reset_page(
    visitor: Visitor,
    request: Request,
    token: str,
    form: Form | None = None,
    *,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    try:
        owner = await people.find_link(visitor, _cut(token))
    except Refused as refusal:
        if refusal.problem.code != "link-expired":
            raise
        page = ResetPage(token=token, email="", account_name="", first=False, usable=False)
        return _plain(request, page, status_of(refusal))
    user: User = owner.user
    page = ResetPage(
        token=token,
        email=user.email,
        account_name=account_name_of(user),
        first=owner.purpose == "first-password",
        keys=await people.count_keys(visitor, user),
        revoke_keys=form is not None and revokes_keys(form),
        errors=errors or {},
    )
    answer = _plain(request, page, status)
    answer.headers.update(LINK_HEADERS)
    return answer


def _cut(token: str) -> str:
    return token[:TOKEN_CHARACTERS_MAX]


# --- help and looks -----------------------------------------------------------------------------


@router.get("/help")
async def show_help(request: Request, caller: MaybeCaller) -> Response:
    """Answer what people of one's role ask, also before they are signed in."""
    if caller is None or caller.session is None:
        return _plain(request, HelpPage(role=""))
    return await browser_of_caller(request, caller).show(HelpPage(role=caller.user.role))


@router.post("/theme")
async def set_theme(visitor: Anyone, form: SentForm) -> Response:
    """Remember whether the portal is light, dark or as the system; no script is needed."""
    answer, theme = see(own_path(form.text("next", characters_max=2_000), "/")), form.text("theme")
    visitor.begin_changes()
    settings = visitor.gateway.settings
    if theme in THEMES:
        answer.set_cookie(
            "theme",
            theme,
            max_age=THEME_SECONDS,
            secure=settings.secure,
            samesite="lax",
        )
    else:
        answer.delete_cookie("theme", secure=settings.secure, samesite="lax")
    return answer
