"""Page 1 of the wizard that opens an account, and which draft the wizard goes on with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from gateway.features.accounts.views import BasicFields
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.schemas import ReservationBody
from gateway.features.opening import actions as opening
from gateway.features.opening.draft import (
    BASIC_INFO_FIELDS,
    Draft,
    account_of,
    change_draft,
    drop_draft,
    find_draft,
    keep_draft,
    new_draft,
)
from gateway.features.opening.views import BasicPage
from gateway.identity.caller import Caller, RequestKey
from gateway.portal.browser import Browser, ResellerBrowser, see
from gateway.portal.forms import SentForm, new_request_id, shown_errors
from gateway.portal.kept_forms import BASIC, PLAN
from gateway.portal.presenters import country_choices

LIST: Final = "/accounts"

router = APIRouter(include_in_schema=False)


@router.get(BASIC)
async def show_basic_info(browser: ResellerBrowser) -> Response:
    """Ask who the customer is."""
    draft, _ = await current_draft(browser.caller)
    asks = browser.request.query_params.get("dialog") == "discard"
    return await browser.show(replace(basic_page(draft), dialog="discard" if asks else ""))


@router.post(BASIC)
async def keep_basic_info(browser: ResellerBrowser, form: SentForm) -> Response:
    """Keep page 1 and go on to page 2, if every field is in order."""
    caller = browser.caller
    draft, _ = await current_draft(caller)
    if form.text("action") == "discard":
        return await discard(browser, draft)
    draft = draft.typed_basic(form)
    errors = await opening.check_basic_info(caller, draft.basic_info)
    errors = (*form.unread, *errors)
    draft = draft.model_copy(update={"checked": not errors})
    await keep_draft(caller, draft)
    if errors:
        return await browser.show(basic_page(draft, shown_errors(errors, BASIC_INFO_FIELDS)), 422)
    return see(PLAN)


def basic_page(draft: Draft, errors: Mapping[str, str] | None = None) -> BasicPage:
    """Return page 1 of a draft."""
    fields = BasicFields(
        name=draft.name,
        email=draft.email,
        first_name=draft.first_name,
        last_name=draft.last_name,
        phone=draft.phone,
        billing=draft.billing,
    )
    return BasicPage(
        fields=fields,
        countries=country_choices(),
        send_welcome=draft.send_welcome,
        errors=errors or {},
    )


async def current_draft(caller: Caller) -> tuple[Draft, Account | None]:
    """Return the draft to go on with, and the account that the one before it became, if it did.

    A draft whose account failed to open is a draft again; one that became an account makes room.
    """
    draft = await find_draft(caller)
    if draft is None:
        return new_draft(), None
    account = await account_of(caller, draft.request)
    if account is None:
        return draft, None
    if account.status == "failed":
        return await change_draft(caller, draft, request=new_request_id()), None
    return new_draft(), account


async def discard(browser: Browser, draft: Draft) -> Response:
    """Forget the draft and let go of the numbers that were held for it."""
    if draft.numbers:
        key = RequestKey("POST /numbers/reservations", new_request_id())
        body = ReservationBody(numbers=(), reservation_id=draft.reservation_id)
        await numbers.reserve_numbers(browser.caller, body, key)
    await drop_draft(browser.caller)
    return await browser.go(LIST, "Draft discarded. Nothing was opened.")
