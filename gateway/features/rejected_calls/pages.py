"""Rejected calls in the portal: their reseller, or an operator, corrects, retries, dismisses."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ValidationError

from contracts.base import FieldError, Refused
from contracts.billing import (
    CorrectRejectedCall,
    DismissRejectedCall,
    ListRejectedCalls,
    RejectedCall,
    RejectedCallStatus,
    RejectionReason,
)
from gateway.features.rejected_calls import actions as rejected_calls
from gateway.features.rejected_calls.views import (
    RejectedCallFields,
    RejectedCallPage,
    RejectedCallRow,
    RejectedCallsPage,
)
from gateway.portal.browser import Browser, SellerBrowser, see
from gateway.portal.bulk_actions import each
from gateway.portal.formatting import plural
from gateway.portal.forms import SentForm, fields_named, form_errors, one_of, status_of
from gateway.portal.merging import merged, shown_by, shown_text, version_of
from gateway.portal.presenters import ROWS_PER_PAGE, first_pager, list_query

LIST: Final = "/rejected-calls"
PARAMETERS: Final = ("status", "reason", "after")
STATUSES: Final[tuple[RejectedCallStatus, ...]] = get_args(RejectedCallStatus)
FIELDS: Final = {
    "/account_id": "account",
    "/realm": "account",
    **fields_named("call_id", "caller", "destination", "answered_at", "seconds"),
}
REASONS: Final[tuple[RejectionReason, ...]] = get_args(RejectionReason)
BACK_CHARACTERS_MAX: Final = 2_200
RETRYING: Final = "The call is being retried."

router = APIRouter(include_in_schema=False)


@router.get("/repairs")
async def show_former_address(browser: SellerBrowser) -> Response:
    """Lead from the address that this list had before."""
    query = list_query(browser.request.url, "status")
    return see(f"{LIST}?status={query.value('status')}" if query.value("status") else LIST)


@router.get(LIST)
async def list_rejected_calls(browser: SellerBrowser) -> Response:
    """List records that could not be charged, the oldest first; those that wait unless asked."""
    query = list_query(browser.request.url, *PARAMETERS)
    wanted = query.value("status")
    status = None if wanted == "all" else one_of(STATUSES, wanted) or "waiting"
    asked = ListRejectedCalls(
        status=status,
        reason=one_of(REASONS, query.value("reason")),
        limit=ROWS_PER_PAGE,
        cursor=query.value("after") or None,
    )
    try:
        page = await rejected_calls.list_rejected_calls(browser.caller, asked)
    except Refused as refusal:
        if refusal.problem.code != "invalid-cursor":
            raise
        return see(query.url(after=""))
    return await browser.show(
        RejectedCallsPage(
            query=query,
            zone=browser.user.time_zone,
            segments=(
                query.segment("status", "", "Waiting"),
                query.segment("status", "retrying", "Retrying"),
                query.segment("status", "charged", "Charged"),
                query.segment("status", "dismissed", "Dismissed"),
                query.segment("status", "all", "All"),
            ),
            rows=tuple(_row(rejected) for rejected in page.data),
            pager=first_pager(query, len(page.data), "call", after=page.next),
        )
    )


@router.post(f"{LIST}/retry")
async def retry_several(browser: SellerBrowser, form: SentForm) -> Response:
    """Retry the selected calls."""
    back = form.text("back", BACK_CHARACTERS_MAX)
    if not (back == LIST or back.startswith((f"{LIST}?", f"{LIST}/"))):
        back = LIST
    selected = form.texts("rejected_call", ROWS_PER_PAGE)
    if not selected:
        return await browser.go(back, "Select the calls first.", bad=True)
    several = await each(selected, partial(rejected_calls.retry_rejected_call, browser.caller))
    sent = f"{plural(len(several.done), 'call')} sent to be retried."
    said = f"{sent} {several.why_not({})}".strip()
    return await browser.go(back, said, bad=bool(several.refused))


@router.get(f"{LIST}/{{rejected_call_id}}")
async def show_rejected_call(browser: SellerBrowser, rejected_call_id: str) -> Response:
    """Show one rejected call with what can be done about it."""
    rejected = await rejected_calls.find_rejected_call(browser.caller, rejected_call_id)
    return await browser.show(_page(browser, rejected, _fields(browser, rejected)))


@router.post(f"{LIST}/{{rejected_call_id}}/correct")
async def correct_rejected_call(
    browser: SellerBrowser, rejected_call_id: str, form: SentForm
) -> Response:
    """Change the fields that differ from what was shown, and retry the call."""
    rejected = await rejected_calls.find_rejected_call(browser.caller, rejected_call_id)
    typed = RejectedCallFields(
        **{name: form.text(name) for name in RejectedCallFields.__dataclass_fields__}
    )
    shown = {**asdict(_fields(browser, rejected)), **shown_by(form)}
    version = version_of(form)
    try:
        command = _correction(browser, rejected.id, typed, shown, version)
        await rejected_calls.correct_rejected_call(browser.caller, command)
    except Refused as refusal:
        page = _page(browser, rejected, typed)
        if refusal.problem.code == "version-conflict":
            fields = merged(asdict(typed), shown, asdict(_fields(browser, rejected)))
            page = replace(page, fields=RejectedCallFields(**fields), overtaken=True)
        else:
            errors = form_errors(refusal, FIELDS)
            page = replace(page, version=version, shown=shown_text(shown), errors=errors)
        return await browser.show(page, status_of(refusal))
    return await browser.go(f"{LIST}/{rejected_call_id}", f"Corrected. {RETRYING}")


@router.post(f"{LIST}/{{rejected_call_id}}/dismiss")
async def dismiss_rejected_call(
    browser: SellerBrowser, rejected_call_id: str, form: SentForm
) -> Response:
    """Close a rejected call without charging it."""
    reason = form.text("reason")
    command = DismissRejectedCall(rejected_call_id=rejected_call_id, reason=reason)
    try:
        await rejected_calls.dismiss_rejected_call(browser.caller, command)
    except Refused as refusal:
        rejected = await rejected_calls.find_rejected_call(browser.caller, rejected_call_id)
        fields, errors = _fields(browser, rejected), form_errors(refusal, fields_named("reason"))
        page = _page(browser, rejected, fields, reason=reason, errors=errors)
        return await browser.show(page, status_of(refusal))
    return await browser.go(LIST, "Call dismissed. Its record is kept with the reason.")


def _correction(
    browser: Browser,
    rejected_call_id: str,
    typed: RejectedCallFields,
    shown: Mapping[str, str],
    version: int,
) -> CorrectRejectedCall:
    """Return the command that changes what was typed; Refused when something can't be read."""
    changed: dict[str, Any] = {}
    readers: dict[str, Callable[[str], Any]] = {
        "call_id": str,
        "caller": str,
        "destination": str,
        "answered_at": partial(_moment, zone=ZoneInfo(browser.user.time_zone)),
        "seconds": int,
    }
    errors: list[FieldError] = []
    for name, read in readers.items():
        text = getattr(typed, name)
        if text == shown[name]:
            continue
        try:
            changed[name] = read(text)
        except (ValueError, OverflowError):
            errors.append(_unreadable(name))
    if typed.account != shown["account"]:
        changed["realm" if "." in typed.account else "account_id"] = typed.account
    try:
        command = CorrectRejectedCall(rejected_call_id=rejected_call_id, version=version, **changed)
    except ValidationError as error:
        errors += [_unreadable(str(fault["loc"][0])) for fault in error.errors()]
    else:
        if not errors:
            return command
    raise Refused("invalid-fields", "Correct the fields.", tuple(errors))


def _unreadable(name: str) -> FieldError:
    details = {
        "answered_at": "Enter a date and a time.",
        "seconds": "Enter whole seconds, from 1 to 86,400.",
        "account_id": "Enter the account's ID or its realm.",
        "realm": "Enter the account's ID or its realm.",
        "call_id": "Enter the call's ID, up to 128 characters.",
    }
    detail = details.get(name, "Enter up to 64 characters.")
    return FieldError(pointer=f"/{name}", type="invalid", detail=detail)


def _page(
    browser: Browser,
    rejected: RejectedCall,
    fields: RejectedCallFields,
    *,
    reason: str = "",
    errors: dict[str, str] | None = None,
) -> RejectedCallPage:
    return RejectedCallPage(
        row=_row(rejected),
        version=rejected.version,
        zone=browser.user.time_zone,
        fields=fields,
        shown=shown_text(asdict(_fields(browser, rejected))),
        corrections=_json(rejected.corrections) if rejected.corrections else "",
        retried_at=rejected.retried_at,
        closed_at=rejected.closed_at,
        dismissed_because=rejected.dismissed_because,
        reason=reason,
        errors=errors or {},
    )


def _fields(browser: Browser, rejected: RejectedCall) -> RejectedCallFields:
    """Return the fields as the form shows them: as corrected, or as they came."""
    seconds = _told(rejected, "seconds", int | float)
    return RejectedCallFields(
        call_id=_text(rejected, "call_id"),
        account=_text(rejected, "account_id") or _text(rejected, "realm"),
        caller=_text(rejected, "caller"),
        destination=_text(rejected, "destination"),
        answered_at=_local(_text(rejected, "answered_at"), ZoneInfo(browser.user.time_zone)),
        seconds="" if seconds is None else str(seconds),
    )


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """Return a time as it was typed: in the zone of the page unless it names another."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _local(text: str, zone: ZoneInfo) -> str:
    """Return a time as a date-and-time field takes it; empty for what is no time."""
    try:
        return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError):
        return ""


def _row(rejected: RejectedCall) -> RejectedCallRow:
    seconds = _told(rejected, "seconds", int)
    return RejectedCallRow(
        id=rejected.id,
        reason=rejected.reason,
        detail=rejected.detail,
        call_id=rejected.call_id,
        account_id=rejected.account_id,
        caller=_text(rejected, "caller"),
        destination=_text(rejected, "destination"),
        seconds=seconds if isinstance(seconds, int) and seconds >= 0 else None,
        record=_json(rejected.record),
        status=rejected.status,
        received_at=rejected.received_at,
    )


def _told(rejected: RejectedCall, name: str, kind: Any) -> Any:  # noqa: ANN401 - a record may hold anything
    """Return a field of a record as corrected; None when it's of another kind."""
    value = {**rejected.record, **rejected.corrections}.get(name)
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def _text(rejected: RejectedCall, name: str) -> str:
    return _told(rejected, name, str) or ""


def _json(record: object) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False)
