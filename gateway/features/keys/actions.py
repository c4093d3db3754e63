"""API keys: made, listed and deleted by people."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from contracts.base import FieldError, Refused
from contracts.billing import SLICE_SECONDS
from contracts.values import is_blank, is_readable
from gateway.features.keys.schemas import KeyBody, KeyList, NewKey, key_view
from gateway.identity.caller import Caller, action
from gateway.identity.keys import KeyOrder

EXPIRY_YEARS_MAX: Final = 10
EXPIRY_MAX: Final = timedelta(days=366 * EXPIRY_YEARS_MAX)


@action("operator", "reseller", changes=True, in_person=True)
async def make_key(caller: Caller, body: KeyBody, found: Sequence[FieldError] = ()) -> NewKey:
    """Make a key; its secret is in this answer and nowhere else.

    Refused with `invalid-fields` for an expiry that isn't in the next ten years, and for what only
    the scope `calls` has without it; together with `found`, what a form found wrong.
    """
    told = {error.pointer for error in found}
    wrong = (error for error in _wrong_fields(caller, body) if error.pointer not in told)
    if errors := [*found, *wrong]:
        raise Refused("invalid-fields", " ".join(one.detail for one in errors), tuple(errors))
    order = KeyOrder(
        name=body.name,
        scope=body.scope,
        dial_format=body.dial_format or "national",
        slice_seconds=body.slice_seconds or SLICE_SECONDS,
        expires_at=body.expires_at,
    )
    key, secret = await caller.gateway.keys.make(caller.user, order, caller.new_trigger())
    return NewKey(**key_view(key).model_dump(), secret=secret)


def _wrong_fields(caller: Caller, body: KeyBody) -> list[FieldError]:
    errors: list[FieldError] = []
    now = caller.gateway.clock()
    if is_blank(body.name) or not is_readable(body.name):
        detail = "Enter a name that people can read."
        errors.append(FieldError(pointer="/name", type="invalid-characters", detail=detail))
    if body.dial_format is not None and body.scope != "calls":
        detail = "Only a key with the scope calls has a dial format."
        errors.append(FieldError(pointer="/dial_format", type="not-for-scope", detail=detail))
    if body.slice_seconds is not None and body.scope != "calls":
        detail = "Only a key with the scope calls holds seconds of calls."
        errors.append(FieldError(pointer="/slice_seconds", type="not-for-scope", detail=detail))
    if body.expires_at is not None and not now < body.expires_at <= now + EXPIRY_MAX:
        detail = f"Choose an expiry in the future, at most {EXPIRY_YEARS_MAX} years from now."
        errors.append(FieldError(pointer="/expires_at", type="out-of-range", detail=detail))
    return errors


@action("operator", "reseller", in_person=True)
async def list_keys(caller: Caller) -> KeyList:
    """List the keys of the caller's account."""
    keys = await caller.gateway.keys.of_account(caller.account_id)
    return KeyList(data=tuple(key_view(key) for key in keys))


@action("operator", "reseller", in_person=True)
async def delete_key(caller: Caller, key_id: str) -> None:
    """Delete a key of the caller's account; programs that use it are locked out at once."""
    if not await caller.gateway.keys.delete(caller.account_id, key_id, caller.new_trigger()):
        raise Refused("not-found", "There is no such key.")
    caller.gateway.live.end_of_account(caller.account_id)
