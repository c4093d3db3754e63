"""The Rates Manager: rate sheets, their rates, imports, and what a call would cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import (
    CALL_SECONDS_MAX,
    CallPrice,
    ImportReport,
    ListRates,
    ListRateSheets,
)
from gateway.actions import rates
from gateway.bodies import PriceBody, RateSheetBody
from gateway.caller import Caller, RequestKey
from gateway.portal.browser import Browser, ResellerBrowser, see
from gateway.portal.contents import ROWS_PER_PAGE, list_query
from gateway.portal.formatting import plural
from gateway.portal.forms import (
    Reading,
    SentForm,
    form_errors,
    new_request_id,
    one_of,
    shown_errors,
    status_of,
)
from gateway.portal.views import parts
from gateway.portal.views.parts import ListQuery, Pager, RowRefusal
from gateway.portal.views.rates import PriceBox, SheetDialog, SheetPage, SheetRow, SheetsPage

LIST: Final = "/rates"
DIALOGS: Final[tuple[SheetDialog, ...]] = get_args(SheetDialog)
VERSION_DIGITS_MAX: Final = 9
SECONDS_PER_MINUTE: Final = 60
DESTINATION_CHARACTERS_MAX: Final = 64
MINUTES_SHOWN_FIRST: Final = "1"

Mode = Literal["upsert", "replace"]

router = APIRouter(include_in_schema=False)


# --- sheets -------------------------------------------------------------------------------------


@router.get(LIST)
async def list_sheets(browser: ResellerBrowser) -> Response:
    """List the rate sheets."""
    wants_new = browser.request.query_params.get("dialog") == "new"
    try:
        return await browser.show(await _sheets_page(browser, dialog="new" if wants_new else ""))
    except Refused as refusal:
        if refusal.problem.type != "invalid-cursor":
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
    query = list_query(browser.request.url, "after")
    page = await rates.list_rate_sheets(
        caller, ListRateSheets(limit=ROWS_PER_PAGE, cursor=query.value("after") or None)
    )
    rows = tuple(
        SheetRow(
            id=sheet.id,
            name=sheet.name,
            rates=sheet.rates,
            lowest=sheet.lowest_rate,
            highest=sheet.highest_rate,
            accounts=sheet.accounts,
            changed_at=sheet.changed_at,
        )
        for sheet in page.data
    )
    return SheetsPage(
        currency=caller.user.currency,
        zone=caller.user.time_zone,
        rows=rows,
        pager=_pager(query, len(rows), page.next, "rate sheet"),
        name=name,
        request=request or new_request_id(),
        dialog=dialog,
        errors=errors or {},
    )


def _pager(query: ListQuery, shown: int, after: str | None, noun: str) -> Pager:
    return Pager(
        text=plural(shown, noun),
        first_url=query.url(after="") if query.value("after") else "",
        next_url=query.url(after=after) if after else "",
    )


@router.post(LIST)
async def make_sheet(browser: ResellerBrowser, form: SentForm) -> Response:
    """Make an empty rate sheet and go on to import its rates."""
    name, request = form.text("name"), form.request_id()
    key = RequestKey("POST /rates", request)
    try:
        sheet = await rates.create_rate_sheet(browser.caller, RateSheetBody(name=name), key)
    except Refused as refusal:
        errors = _name_errors(refusal)
        page = await _sheets_page(browser, dialog="new", name=name, request=request, errors=errors)
        return await browser.show(page, status_of(refusal))
    return await browser.go(f"{LIST}/{sheet.id}", f"{sheet.name} is made; import its rates now.")


def _name_errors(refusal: Refused) -> dict[str, str]:
    errors = form_errors(refusal)
    if refusal.problem.type == "rate-sheet-name-taken" and "name" not in errors:
        return {"name": refusal.problem.detail}
    return errors


# --- one sheet ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent to a sheet's page, to be shown again with what came of it."""

    dialog: SheetDialog = ""
    new_name: str = ""
    mode: Mode = "upsert"
    report: parts.ImportReport | None = None
    errors: Mapping[str, str] | None = None


@router.get(LIST + "/{sheet_id}")
async def show_sheet(sheet_id: str, browser: ResellerBrowser) -> Response:
    """Show a sheet's rates, and what a call would cost when that was asked."""
    wanted = browser.request.query_params.get("dialog", "")
    dialog = one_of(DIALOGS, wanted) or ""
    try:
        return await _show(browser, sheet_id, Sent(dialog=dialog))
    except Refused as refusal:
        if refusal.problem.type != "invalid-cursor":
            raise
        return see(f"{LIST}/{sheet_id}")


async def _show(browser: Browser, sheet_id: str, sent: Sent, status: int = 200) -> Response:
    caller = browser.caller
    sheet = await rates.find_rate_sheet(caller, sheet_id)
    query = list_query(browser.request.url.replace(path=f"{LIST}/{sheet.id}"), "q", "after")
    page = await rates.list_rates(
        caller,
        ListRates(
            rate_sheet_id=sheet.id,
            search=query.value("q"),
            limit=ROWS_PER_PAGE,
            cursor=query.value("after") or None,
        ),
    )
    view = SheetPage(
        id=sheet.id,
        name=sheet.name,
        version=str(sheet.version),
        currency=sheet.currency,
        zone=caller.user.time_zone,
        rates=sheet.rates,
        accounts=sheet.accounts,
        query=query,
        rows=page.data,
        pager=_pager(query, len(page.data), page.next, "rate"),
        price=await _price_box(browser, sheet.id),
        dialog=sent.dialog,
        new_name=sent.new_name or sheet.name,
        mode=sent.mode,
        report=sent.report,
        errors=sent.errors or {},
    )
    return await browser.show(view, status)


@router.post(LIST + "/{sheet_id}/rename")
async def rename_sheet(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Give the sheet another name."""
    name, seen = form.text("name"), form.text("version")
    version = int(seen) if seen.isdecimal() and len(seen) <= VERSION_DIGITS_MAX else 0
    try:
        sheet = await rates.rename_rate_sheet(browser.caller, sheet_id, version, name)
    except Refused as refusal:
        sent = Sent(dialog="rename", new_name=name, errors=_name_errors(refusal))
        return await _show(browser, sheet_id, sent, status_of(refusal))
    return await browser.go(f"{LIST}/{sheet.id}", f"The sheet is called {sheet.name} now.")


@router.post(LIST + "/{sheet_id}/delete")
async def delete_sheet(sheet_id: str, browser: ResellerBrowser) -> Response:
    """Delete a sheet that no plan uses."""
    sheet = await rates.find_rate_sheet(browser.caller, sheet_id)
    try:
        await rates.delete_rate_sheet(browser.caller, sheet.id)
    except Refused as refusal:
        sent = Sent(dialog="delete", errors=form_errors(refusal))
        return await _show(browser, sheet.id, sent, status_of(refusal))
    return await browser.go(LIST, f"{sheet.name} is deleted.")


@router.post(LIST + "/{sheet_id}/import")
async def import_rates(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Import a CSV file, all rows or none, or only check what it would do."""
    mode: Mode = "replace" if form.text("mode") == "replace" else "upsert"
    checking = form.text("action") == "check"
    try:
        text = await form.table("file")
        if not text:
            errors = {"file": "Choose a CSV file that has rows."}
            return await _show(browser, sheet_id, Sent(mode=mode, errors=errors), 422)
        report = await rates.import_rates(
            browser.caller, sheet_id, text, mode=mode, dry_run=checking
        )
    except Refused as refusal:
        errors = {"file": " ".join(form_errors(refusal).values())}
        return await _show(browser, sheet_id, Sent(mode=mode, errors=errors), status_of(refusal))
    failed = report.refused_count > 0 and not checking
    return await _show(
        browser, sheet_id, Sent(mode=mode, report=_report(report)), 422 if failed else 200
    )


def _report(report: ImportReport) -> parts.ImportReport:
    done = "refused" if report.refused_count else "imported"
    return parts.ImportReport(
        outcome="checked" if report.dry_run else done,
        added=report.added,
        changed=report.changed,
        removed=report.removed,
        refusals=report.refused_count,
        refused=tuple(
            RowRefusal(line=row.line, content=f"{row.column}: {row.value}", reason=row.detail)
            for row in report.refused
        ),
    )


# --- what a call would cost ----------------------------------------------------------------------


async def _price_box(browser: Browser, sheet_id: str) -> PriceBox:
    """Answer what the page's address asks: a number to call, and for how many minutes."""
    parameters = browser.request.query_params
    destination = parameters.get("destination", "").strip()[:DESTINATION_CHARACTERS_MAX]
    minutes = parameters.get("minutes", MINUTES_SHOWN_FIRST).strip()[:DESTINATION_CHARACTERS_MAX]
    if not destination:
        return PriceBox(minutes=minutes)
    reading = Reading()
    whole = reading.whole_number(minutes, "/minutes", "the length of the call", otherwise=0)
    if reading.errors:
        errors = shown_errors(reading.errors)
        return PriceBox(destination=destination, minutes=minutes, errors=errors)
    try:
        price = await _price(browser.caller, sheet_id, destination, whole)
    except Refused as refusal:
        errors = {"destination": " ".join(form_errors(refusal).values())}
        return PriceBox(destination=destination, minutes=minutes, errors=errors)
    return PriceBox(destination=destination, minutes=minutes, price=price)


async def _price(caller: Caller, sheet_id: str, destination: str, minutes: int) -> CallPrice:
    seconds = minutes * SECONDS_PER_MINUTE
    if seconds > CALL_SECONDS_MAX:
        hours = CALL_SECONDS_MAX // 3_600
        raise Refused("invalid-fields", f"A call lasts {hours} hours at most.")
    return await rates.price_call(
        caller, sheet_id, PriceBody(destination=destination, seconds=seconds)
    )
