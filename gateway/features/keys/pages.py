"""API keys of programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, get_args
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import SLICE_SECONDS
from contracts.calls import DialFormat
from gateway.features.keys import actions as keys
from gateway.features.keys.schemas import KeyBody, KeyView, NewKey
from gateway.features.keys.views import KeyRow, KeysPage
from gateway.identity.keys import KeyScope
from gateway.portal.browser import Browser, SellerBrowser
from gateway.portal.days import DAY, NOT_A_DAY, day_of, midnight
from gateway.portal.dialling import (
    DIAL_FORMAT_CHOICES,
    DIAL_FORMAT_LABELS,
    DIAL_FORMATS,
    slice_seconds_of,
)
from gateway.portal.forms import (
    Form,
    SentForm,
    fields_named,
    form_errors,
    new_request_id,
    one_of,
    status_of,
)
from gateway.portal.limits import KEY_NAME_CHARACTERS_MAX
from gateway.portal.reading import Reading
from gateway.portal.views.parts import Choice

SCOPES: Final[tuple[KeyScope, ...]] = get_args(KeyScope)
SCOPE_LABELS: Final[Mapping[KeyScope, str]] = {
    "account": "Everything you can do here",
    "calls": "Calls only, for the switch",
}
FIELDS: Final = {
    **fields_named("name", "scope", "dial_format", "slice_seconds"),
    "/expires_at": "expires_on",
}
A_SECOND: Final = timedelta(seconds=1)

router = APIRouter(prefix="/keys", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class TypedKey:
    """The form of a new key, as typed."""

    name: str = ""
    scope: KeyScope = SCOPES[0]
    dial_format: DialFormat = DIAL_FORMATS[0]
    slice_seconds: str = str(SLICE_SECONDS)
    expires_on: str = ""

    def body(self, zone: ZoneInfo, reading: Reading) -> KeyBody:
        """Return the key to make; `reading` notes what of the form cannot be understood."""
        if not self.name:
            reading.refuse("/name", "required", "Enter a name that says what uses the key.")
        reading.length(self.name, KEY_NAME_CHARACTERS_MAX, "/name")
        body = KeyBody(
            name=self.name[:KEY_NAME_CHARACTERS_MAX] or "key",
            scope=self.scope,
            dial_format=self.dial_format if self.scope == "calls" else None,
            slice_seconds=self._slice_seconds(reading),
        )
        return body.model_copy(update={"expires_at": self._expires_at(zone, reading)})

    def _slice_seconds(self, reading: Reading) -> int | None:
        """Return how much of a call is held at a time, where calls are what the key is for."""
        if self.scope != "calls" or not self.slice_seconds:
            return None
        return slice_seconds_of(self.slice_seconds, reading)

    def _expires_at(self, zone: ZoneInfo, reading: Reading) -> datetime | None:
        """Return the last second of the day that was typed."""
        if not self.expires_on:
            return None
        day = day_of(self.expires_on)
        if day is None:
            reading.refuse("/expires_at", "not-a-day", NOT_A_DAY)
            return None
        return midnight(day + DAY, zone) - A_SECOND


def _typed(form: Form) -> TypedKey:
    return TypedKey(
        name=form.text("name"),
        scope=one_of(SCOPES, form.text("scope")) or SCOPES[0],
        dial_format=one_of(DIAL_FORMATS, form.text("dial_format")) or DIAL_FORMATS[0],
        slice_seconds=form.text("slice_seconds"),
        expires_on=form.text("expires_on"),
    )


@router.get("")
async def list_keys(browser: SellerBrowser) -> Response:
    """List the keys of one's account."""
    dialog = browser.request.query_params.get("dialog", "")[:KEY_NAME_CHARACTERS_MAX]
    return await browser.show(await _page(browser, TypedKey(), dialog=dialog))


async def _page(
    browser: Browser,
    typed: TypedKey,
    *,
    dialog: str = "",
    made: NewKey | None = None,
    errors: Mapping[str, str] | None = None,
) -> KeysPage:
    found = await keys.list_keys(browser.caller)
    now = browser.caller.gateway.clock()
    return KeysPage(
        zone=browser.user.time_zone,
        rows=tuple(_row(key, now) for key in found.data),
        scopes=tuple(Choice(value=one, label=SCOPE_LABELS[one]) for one in SCOPES),
        dial_formats=DIAL_FORMAT_CHOICES,
        request=new_request_id(),
        secret=made.secret if made else "",
        secret_name=made.name if made else "",
        name=typed.name,
        scope=typed.scope,
        dial_format=typed.dial_format,
        slice_seconds=typed.slice_seconds,
        expires_on=typed.expires_on,
        dialog=dialog,
        errors=errors or {},
    )


def _row(key: KeyView, now: datetime) -> KeyRow:
    return KeyRow(
        id=key.id,
        name=key.name,
        scope=key.scope,
        hint=key.hint,
        made_at=key.created_at,
        used_at=key.used_at,
        expires_at=key.expires_at,
        expired=key.expires_at is not None and key.expires_at <= now,
        dial_format=DIAL_FORMAT_LABELS[key.dial_format] if key.dial_format else "",
        slice_seconds=key.slice_seconds,
    )


@router.post("")
async def make_key(browser: SellerBrowser, form: SentForm) -> Response:
    """Make a key and show its secret, this once."""
    typed, reading = _typed(form), Reading()
    body = typed.body(ZoneInfo(browser.user.time_zone), reading)
    try:
        made = await keys.make_key(browser.caller, body, reading.errors)
    except Refused as refusal:
        page = await _page(browser, typed, dialog="new", errors=_errors_of(refusal))
        return await browser.show(page, status_of(refusal))
    return await browser.show(await _page(browser, TypedKey(), made=made))


def _errors_of(refusal: Refused) -> Mapping[str, str]:
    # the only thing that a session's owner is forbidden here is one key too many
    if refusal.problem.code == "forbidden":
        return {"": refusal.problem.detail}
    return form_errors(refusal, FIELDS)


@router.post("/{key_id}/revoke")
async def revoke_key(key_id: str, browser: SellerBrowser) -> Response:
    """Delete a key: programs that use it are locked out at once."""
    try:
        await keys.delete_key(browser.caller, key_id)
    except Refused as refusal:
        if refusal.problem.code != "not-found":
            raise
        return await browser.go("/keys", "That key was revoked before.")
    return await browser.go("/keys", "The key is revoked.")
