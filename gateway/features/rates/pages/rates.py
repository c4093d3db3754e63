"""The Rates Manager: rate sheets, their rates, and what a call would cost."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import ListRateSheets, RateSheet
from gateway.features.rates import actions as rates
from gateway.features.rates.schemas import RateSheetBody
from gateway.features.rates.sheet_page import Sent, show_sheet
from gateway.features.rates.views import SheetDialog, SheetRow, SheetsPage
from gateway.files.downloads import csv_response
from gateway.identity.caller import Caller, RequestKey
from gateway.portal.browser import Browser, ResellerBrowser, see
from gateway.portal.forms import (
    Form,
    SentForm,
    fields_named,
    form_errors,
    new_request_id,
    one_of,
    status_of,
)
from gateway.portal.merging import shown_by
from gateway.portal.presenters import ROWS_PER_PAGE, first_pager, list_query

LIST: Final = "/rates"
ARCHIVED: Final = "archived"
DIALOGS: Final[tuple[SheetDialog, ...]] = get_args(SheetDialog)
VERSION_DIGITS_MAX: Final = 9
NAME: Final = fields_named("name")
CONFIRMED: Final = fields_named("confirm_name")

router = APIRouter(include_in_schema=False)


# --- sheets -------------------------------------------------------------------------------------


@router.get(LIST)
async def list_sheets(browser: ResellerBrowser) -> Response:
    """List the rate sheets."""
    wants_new = browser.request.query_params.get("dialog") == "new"
    try:
        return await browser.show(await _sheets_page(browser, dialog="new" if wants_new else ""))
    except Refused as refusal:
        if refusal.problem.code != "invalid-cursor":
            raise
        return see(LIST)


async def _sheets_page(
    browser: Browser,
    *,
    dialog: Literal["", "new"] = "",
    name: str = "",
    request: str = "",
    errors: Mapping[str, str] | None = None,
) -> SheetsPage:
    caller = browser.caller
    query = list_query(browser.request.url.replace(path=LIST), "show", "after")
    archived = query.value("show") == ARCHIVED
    page = await rates.list_rate_sheets(
        caller,
        ListRateSheets(archived=archived, limit=ROWS_PER_PAGE, cursor=query.value("after") or None),
    )
    rows = tuple(_row(sheet) for sheet in page.data)
    return SheetsPage(
        currency=caller.user.currency,
        zone=caller.user.time_zone,
        query=query,
        segments=(
            query.segment("show", "", "For plans"),
            query.segment("show", ARCHIVED, "Archived"),
        ),
        rows=rows,
        pager=first_pager(query, len(rows), "rate sheet", after=page.next),
        name=name,
        request=request or new_request_id(),
        dialog=dialog,
        errors=errors or {},
    )


def _row(sheet: RateSheet) -> SheetRow:
    return SheetRow(
        id=sheet.id,
        name=sheet.name,
        rates=sheet.rates,
        lowest=sheet.lowest_rate,
        highest=sheet.highest_rate,
        lowest_exact=sheet.lowest_rate_exact,
        highest_exact=sheet.highest_rate_exact,
        accounts=sheet.accounts,
        changed_at=sheet.changed_at,
        archived=sheet.archived_at is not None,
    )


@router.post(LIST)
async def make_sheet(browser: ResellerBrowser, form: SentForm) -> Response:
    """Make an empty rate sheet and go on to import its rates."""
    name, request = form.text("name"), form.request_id()
    key = RequestKey("POST /rates", request)
    try:
        sheet = await rates.create_rate_sheet(browser.caller, RateSheetBody(name=name), key)
    except Refused as refusal:
        errors = form_errors(refusal, NAME)
        page = await _sheets_page(browser, dialog="new", name=name, request=request, errors=errors)
        return await browser.show(page, status_of(refusal))
    return await browser.go(f"{LIST}/{sheet.id}", f"{sheet.name} is made; import its rates now.")


# --- one sheet ----------------------------------------------------------------------------------


@router.get(LIST + "/{sheet_id}")
async def show_rates(sheet_id: str, browser: ResellerBrowser) -> Response:
    """Show a sheet's rates, and what a call would cost when that was asked."""
    wanted = browser.request.query_params.get("dialog", "")
    dialog = one_of(DIALOGS, wanted) or ""
    try:
        return await show_sheet(browser, sheet_id, Sent(dialog=dialog))
    except Refused as refusal:
        if refusal.problem.code != "invalid-cursor":
            raise
        return see(f"{LIST}/{sheet_id}")


@router.post(LIST + "/{sheet_id}/rename")
async def rename_sheet(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Give the sheet another name."""
    name = form.text("name")
    try:
        sheet = await _renamed(browser.caller, sheet_id, name, form)
    except Refused as refusal:
        sent = Sent(dialog="rename", new_name=name, errors=form_errors(refusal, NAME))
        return await show_sheet(browser, sheet_id, sent, status_of(refusal))
    return await browser.go(f"{LIST}/{sheet.id}", f"The sheet is called {sheet.name} now.")


async def _renamed(caller: Caller, sheet_id: str, name: str, form: Form) -> RateSheet:
    """Return the renamed sheet; refused when someone else has renamed it since it was shown."""
    try:
        version = version_of(form.text("version"))
        return await rates.rename_rate_sheet(caller, sheet_id, version, name)
    except Refused as refusal:
        if refusal.problem.code != "version-conflict":
            raise
    now = await rates.find_rate_sheet(caller, sheet_id)
    if now.name != shown_by(form).get("name"):
        detail = f"Someone else renamed it to {now.name}. Save again to use your name instead."
        raise Refused("version-conflict", detail)
    # only its rates have changed, which the new name leaves as they are
    return await rates.rename_rate_sheet(caller, sheet_id, now.version, name)


def version_of(text: str) -> int:
    """Return the version that a form was made for; 0, which no sheet has, when it names none."""
    return int(text) if text.isdecimal() and len(text) <= VERSION_DIGITS_MAX else 0


@router.post(LIST + "/{sheet_id}/archive")
async def archive_sheet(sheet_id: str, browser: ResellerBrowser) -> Response:
    """Keep new plans from choosing the sheet."""
    return await _archive(sheet_id, browser, archived=True)


@router.post(LIST + "/{sheet_id}/unarchive")
async def unarchive_sheet(sheet_id: str, browser: ResellerBrowser) -> Response:
    """Let new plans choose the sheet again."""
    return await _archive(sheet_id, browser, archived=False)


async def _archive(sheet_id: str, browser: Browser, *, archived: bool) -> Response:
    try:
        sheet = await rates.archive_rate_sheet(browser.caller, sheet_id, archived=archived)
    except Refused as refusal:
        sent = Sent(dialog="archive", errors=form_errors(refusal, {}))
        return await show_sheet(browser, sheet_id, sent, status_of(refusal))
    said = "is archived" if archived else "can be chosen again"
    return await browser.go(f"{LIST}/{sheet.id}", f"{sheet.name} {said}.")


@router.post(LIST + "/{sheet_id}/delete")
async def delete_sheet(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Delete a sheet that no plan uses, if its name was typed."""
    sheet = await rates.find_rate_sheet(browser.caller, sheet_id)
    typed = form.text("confirm_name")
    try:
        await rates.delete_rate_sheet(browser.caller, sheet.id, typed)
    except Refused as refusal:
        sent = Sent(dialog="delete", confirm_name=typed, errors=form_errors(refusal, CONFIRMED))
        return await show_sheet(browser, sheet.id, sent, status_of(refusal))
    return await browser.go(LIST, f"{sheet.name} is deleted.")


@router.get(LIST + "/{sheet_id}/export")
async def export_sheet(sheet_id: str, browser: ResellerBrowser) -> Response:
    """Send all rates as a file."""
    return csv_response(await rates.export_rates(browser.caller, sheet_id), "rates.csv")
