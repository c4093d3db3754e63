"""API keys of programs."""

from collections.abc import Mapping
from typing import Final, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from gateway.actions import keys
from gateway.answers import NewKey
from gateway.bodies import KeyBody
from gateway.keys import KeyScope
from gateway.portal.browser import Browser, SellerBrowser
from gateway.portal.forms import SentForm, new_request_id, one_of, status_of
from gateway.portal.views.parts import Choice
from gateway.portal.views.settings import KeyRow, KeysPage

NAME_CHARACTERS_MAX: Final = 64
SCOPES: Final[tuple[KeyScope, ...]] = get_args(KeyScope)
SCOPE_LABELS: Final[Mapping[KeyScope, str]] = {
    "account": "Everything that you may do here",
    "calls": "Calls only, for the switch",
}

router = APIRouter(prefix="/keys", include_in_schema=False)


@router.get("")
async def list_keys(browser: SellerBrowser) -> Response:
    """List the keys of one's account."""
    dialog = browser.request.query_params.get("dialog", "")[:NAME_CHARACTERS_MAX]
    return await browser.show(await _page(browser, dialog=dialog))


async def _page(
    browser: Browser,
    *,
    dialog: str = "",
    made: NewKey | None = None,
    name: str = "",
    scope: str = "",
    errors: Mapping[str, str] | None = None,
) -> KeysPage:
    found = await keys.list_keys(browser.caller)
    rows = tuple(
        KeyRow(
            id=key.id,
            name=key.name,
            scope=key.scope,
            hint=key.hint,
            made_at=key.created_at,
            used_at=key.used_at,
        )
        for key in found.data
    )
    return KeysPage(
        zone=browser.user.time_zone,
        rows=rows,
        scopes=tuple(Choice(value=one, label=SCOPE_LABELS[one]) for one in SCOPES),
        request=new_request_id(),
        secret=made.secret if made else "",
        secret_name=made.name if made else "",
        name=name,
        scope=scope,
        dialog=dialog,
        errors=errors or {},
    )


@router.post("")
async def make_key(browser: SellerBrowser, form: SentForm) -> Response:
    """Make a key and show its secret, this once."""
    name = form.text("name", NAME_CHARACTERS_MAX)
    scope = one_of(SCOPES, form.text("scope")) or SCOPES[0]
    errors: dict[str, str] = {} if name else {"name": "Enter a name that tells what uses it."}
    status = 422
    if not errors:
        try:
            made = await keys.make_key(browser.caller, KeyBody(name=name, scope=scope))
        except Refused as refusal:
            # the only thing that a session's owner is forbidden here is one key too many
            errors, status = {"": refusal.problem.detail}, status_of(refusal)
        else:
            return await browser.show(await _page(browser, made=made))
    page = await _page(browser, dialog="new", name=name, scope=scope, errors=errors)
    return await browser.show(page, status)


@router.post("/{key_id}/revoke")
async def revoke_key(key_id: str, browser: SellerBrowser) -> Response:
    """Delete a key: programs that use it are locked out at once."""
    try:
        await keys.delete_key(browser.caller, key_id)
    except Refused as refusal:
        if refusal.problem.type != "not-found":
            raise
        return await browser.go("/keys", "That key was revoked before.")
    return await browser.go("/keys", "The key is revoked.")
