"""Opening many accounts from one file: checked, shown with their quote, opened, reported."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import ListRateSheets
from gateway.features.account_imports import actions as account_imports
from gateway.features.account_imports.actions import AccountFile
from gateway.features.account_imports.views import ForAllRows, ImportPage, OpenManyPage
from gateway.features.rates import actions as rates
from gateway.files.tables import MappingNeeded
from gateway.http.problems import RefusedWith
from gateway.identity.caller import RequestKey
from gateway.portal.browser import Browser, ResellerBrowser
from gateway.portal.column_mapping import (
    NOT_KEPT,
    SentTable,
    kept_as_read,
    kept_table,
    kept_when_refused,
    question_of,
    read_as_before,
    sent_table,
)
from gateway.portal.forms import Form, SentForm, form_errors, new_request_id, seen_total, status_of
from gateway.portal.views.parts import Choice

PAGE: Final = "/accounts/import"
REPORTS: Final = "/accounts/imports"
RECENT_MAX: Final = 5

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a form says about a file."""

    file: AccountFile
    table: SentTable
    for_all: ForAllRows
    request: str


@router.get(PAGE)
async def choose_file(browser: ResellerBrowser) -> Response:
    """Show the form for a file, and what became of the last ones."""
    return await browser.show(await _page(browser, ForAllRows(), new_request_id()))


@router.post(PAGE)
async def check_or_open(browser: ResellerBrowser, form: SentForm) -> Response:
    """Check a file and show what its accounts charge, or open them as they were shown."""
    sent = await _read(form)
    if not sent.file.content:
        errors = {"file": "Choose a file that has rows."}
        page = await _page(browser, sent.for_all, sent.request)
        return await browser.show(replace(page, errors=errors), 422)
    try:
        if form.text("action") == "open":
            return await _open(browser, sent, seen_total(form))
        return await _show_check(browser, sent)
    except MappingNeeded as needed:
        return await _ask(browser, sent, needed)
    except Refused as refusal:
        errors = form_errors(refusal, {"": "file"})
        kept = await kept_when_refused(sent.table, account_imports.LIMITS)
        page = await _page(browser, sent.for_all, sent.request)
        return await browser.show(replace(page, kept=kept, errors=errors), status_of(refusal))


async def _open(browser: Browser, sent: _Sent, total: int) -> Response:
    key = RequestKey(f"POST {PAGE}", sent.request)
    try:
        begun = await account_imports.import_accounts(browser.caller, sent.file, total, key)
    except RefusedWith as refusal:
        if "report" not in refusal.members:
            raise
        # what is shown now is what is opened next, under a key of its own
        again = replace(sent, request=new_request_id())
        return await _show_check(browser, again, refusal)
    return await browser.go(f"{REPORTS}/{begun.id}")


async def _show_check(
    browser: Browser, sent: _Sent, refusal: RefusedWith | None = None
) -> Response:
    """Show what opening the accounts would do, below what it was refused for."""
    found, report = await account_imports.read_and_check(browser.caller, sent.file)
    page = await _page(browser, sent.for_all, sent.request)
    kept = kept_as_read(found, sent.file.options.confirmed_encoding)
    said = refusal.problem.detail if refusal else ""
    errors = {"": said} if said and said != report.detail else {}
    if kept is None:
        errors["file"] = "The file is too large to be kept in the page. Split it."
    status = status_of(refusal) if refusal else 200
    before = read_as_before("accounts", report.columns, remembered=report.mapping_remembered)
    shown = replace(page, check=report, kept=kept, read_as_before=before, errors=errors)
    return await browser.show(shown, status)


async def _ask(browser: Browser, sent: _Sent, needed: MappingNeeded) -> Response:
    """Ask what the columns of a file mean; the file stays in the page."""
    kept = kept_table(needed.table) if needed.table else None
    detail = needed.problem.detail if kept else f"{needed.problem.detail} {NOT_KEPT}"
    page = await _page(browser, sent.for_all, sent.request)
    asked = replace(
        page,
        kept=kept,
        question=question_of("accounts", needed),
        errors={"file": detail},
    )
    return await browser.show(asked, status_of(needed))


async def _read(form: Form) -> _Sent:
    for_all = ForAllRows(
        users=form.text("users"),
        cost_per_user=form.text("cost_per_user"),
        rate_sheet_id=form.text("rate_sheet_id"),
        credit_amount=form.text("credit_amount"),
    )
    said = {
        "users": for_all.users,
        "cost_per_user": for_all.cost_per_user,
        "rate_sheet": for_all.rate_sheet_id,
        "credit": for_all.credit_amount,
    }
    table = await sent_table(form)
    stated = {meaning: text for meaning, text in said.items() if text}
    file = AccountFile(table.content, table.options, stated)
    return _Sent(file, table, for_all, form.request_id())


async def _page(browser: Browser, for_all: ForAllRows, request: str) -> OpenManyPage:
    caller = browser.caller
    sheets, recent = await asyncio.gather(
        rates.list_rate_sheets(caller, ListRateSheets(archived=False)),
        account_imports.list_imports(caller),
    )
    return OpenManyPage(
        currency=caller.user.currency,
        zone=caller.user.time_zone,
        rate_sheets=tuple(Choice(value=sheet.id, label=sheet.name) for sheet in sheets.data),
        for_all=for_all,
        request=request,
        recent=recent.data[:RECENT_MAX],
    )


@router.get(REPORTS + "/{import_id}")
async def show_import(import_id: str, browser: ResellerBrowser) -> Response:
    """Show how far the accounts of a file are, and what became of each."""
    found = await account_imports.find_import(browser.caller, import_id)
    return await browser.show(ImportPage(zone=browser.caller.user.time_zone, found=found))
