"""The settings of one's own account: the same pages for reseller and customer."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from gateway.features.accounts import actions as accounts
from gateway.features.billing_settings.details import shown_details
from gateway.features.people import actions as people
from gateway.features.people.heads import own_head, settings_head
from gateway.features.people.new_passwords import repeated_wrongly, revokes_keys
from gateway.features.people.schemas import PasswordChangeBody
from gateway.features.people.views import AccountTab, UserTab
from gateway.identity.cookies import set_session
from gateway.identity.sessions import SessionToast, sha256
from gateway.portal.browser import AccountBrowser, AnyBrowser, Browser, see
from gateway.portal.forms import SentForm, form_errors, status_of
from gateway.portal.frame import PLATFORM_NAME

FIELDS: Final = {"/current_password": "current", "/new_password": "new", "/confirm": "confirm"}

router = APIRouter(include_in_schema=False)


@router.get("/my")
async def begin() -> Response:
    """Lead to the first tab."""
    return see("/my/user")


@router.get("/my/user")
async def show_user(browser: AnyBrowser) -> Response:
    """Show who one is, with the password masked, or ask for another password."""
    changing = browser.request.query_params.get("change") == "password"
    return await browser.show(await _user_tab(browser, changing=changing))


async def _user_tab(
    browser: Browser,
    *,
    changing: bool,
    errors: Mapping[str, str] | None = None,
    revoke_keys: bool = False,
) -> UserTab:
    user = browser.user
    return UserTab(
        head=await own_head(browser),
        name=f"{user.first_name} {user.last_name}",
        email=user.email,
        zone=user.time_zone,
        password_set_at=None,
        changing=changing,
        keys=await people.count_keys(browser.caller, user) if changing else 0,
        revoke_keys=revoke_keys,
        errors=errors or {},
    )


@router.post("/my/user/password")
async def change_password(browser: AnyBrowser, form: SentForm) -> Response:
    """Change the password: every other session ends."""
    revoke_keys = revokes_keys(form)
    body = PasswordChangeBody(
        current_password=form.secret("current"),
        new_password=form.secret("new"),
        revoke_keys=revoke_keys,
    )
    try:
        signed_in = await people.change_password(browser.caller, body, repeated_wrongly(form))
    except Refused as refusal:
        errors = form_errors(refusal, FIELDS)
        page = await _user_tab(browser, changing=True, errors=errors, revoke_keys=revoke_keys)
        return await browser.show(page, status_of(refusal))
    answer = see("/my/user")
    gateway = browser.caller.gateway
    set_session(answer, gateway.settings, signed_in.token)
    said = SessionToast(text="Password changed. You’re signed out everywhere else.")
    await gateway.sessions.add_toast(sha256(signed_in.token), said)
    return answer


@router.get("/my/account")
async def show_own_account(browser: AccountBrowser) -> Response:
    """Show what is kept about one's account; its administrator changes the billing details."""
    account = await accounts.find_own_account(browser.caller)
    return await browser.show(
        AccountTab(
            head=await settings_head(browser, account),
            email=account.administrator.email,
            phone=account.administrator.phone,
            parent=account.parent_name or PLATFORM_NAME,
            billing=shown_details(account.billing_details),
        )
    )


# --- the head of all tabs -----------------------------------------------------------------------
