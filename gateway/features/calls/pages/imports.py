"""Calls from files in the portal: upload, question, dry run, report; works without a script."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import FieldError, Refused
from contracts.call_files import FORMATS, Naming
from contracts.calls import DialFormat
from gateway.features.calls import imports
from gateway.features.calls.files import LIMITS, RECORD_FORMATS, CallFileOptions, record_text
from gateway.features.calls.import_schemas import CallImport
from gateway.features.calls.import_views import CallImportFields, ImportCallsPage
from gateway.features.calls.imports import ImportedFile
from gateway.files.tables import MappingNeeded
from gateway.portal.browser import Browser, SellerBrowser
from gateway.portal.column_mapping import (
    NOT_KEPT,
    SentTable,
    fits,
    kept_as_read,
    kept_table,
    kept_when_refused,
    question_of,
    read_as_before,
    sent_table,
)
from gateway.portal.dialling import DIAL_FORMAT_CHOICES
from gateway.portal.forms import Form, SentForm, fields_named, form_errors, one_of, status_of
from gateway.portal.limits import CHARACTERS_MAX
from gateway.portal.time_zones import time_zone_choices
from gateway.portal.views.parts import KeptTable, MappingQuestion, ReadColumn

PATH: Final = "/calls/import"
DIAL_FORMATS: Final[tuple[DialFormat, ...]] = get_args(DialFormat)
FIELDS: Final = {
    "": "file",
    "/format": "call_format",
    **fields_named("time_zone", "dial_format"),
    "/account_id": "account",
    "/realm": "account",
    "/accounts": "codes",
}
TOO_LARGE: Final = "The file is too large to wait here. Choose it again to import it."

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def ask_for_file(browser: SellerBrowser) -> Response:
    """Ask for a file of call records."""
    return await browser.show(_page(CallImportFields()))


@router.post(PATH)
async def import_calls(browser: SellerBrowser, form: SentForm) -> Response:
    """Charge the calls of a file, or only check what would become of them."""
    typed, sent = _typed(form), await sent_table(form)
    dry_run = form.text("action") != "import"
    try:
        options = _options(sent, typed)
        if not sent.content:
            raise _wrong("", "Choose the file that has the call records.")
        imported = await imports.import_calls(
            browser.caller, sent.content, options, dry_run=dry_run
        )
    except MappingNeeded as needed:
        return await _ask(browser, typed, needed, sent)
    except Refused as refusal:
        kept = await _kept_when_refused(sent, typed)
        page = _page(typed, kept=kept, errors=form_errors(refusal, FIELDS))
        return await browser.show(page, status_of(refusal))
    return await browser.show(_reported(typed, imported, sent))


def _typed(form: Form) -> CallImportFields:
    return CallImportFields(
        call_format=one_of(FORMATS, form.text("call_format")) or "",
        time_zone=form.text("time_zone"),
        dial_format=one_of(DIAL_FORMATS, form.text("dial_format")) or "",
        account_from="caller" if form.text("account_from") == "caller" else "account",
        account=form.text("account"),
        codes=form.text("codes", CHARACTERS_MAX["codes"]),
    )


def _options(sent: SentTable, typed: CallImportFields) -> CallFileOptions:
    return CallFileOptions(
        table=sent.options,
        format=one_of(FORMATS, typed.call_format) or "",
        time_zone=typed.time_zone,
        dial_format=one_of(DIAL_FORMATS, typed.dial_format),
        naming=Naming(
            by="caller" if typed.account_from == "caller" else "account",
            account=typed.account,
            codes=_codes(typed.codes),
        ),
    )


def _codes(text: str) -> dict[str, str]:
    """Return what codes of accounts mean: one a line, with an equals sign."""
    codes: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        code, sign, account = (part.strip() for part in line.partition("="))
        if not (code and sign and account):
            raise _wrong("/accounts", f"Write “{line.strip()[:40]}” as code = account.")
        codes[code] = account
    return codes


def _wrong(pointer: str, detail: str) -> Refused:
    return Refused("invalid-fields", detail, (FieldError(pointer=pointer, type="", detail=detail),))


async def _ask(
    browser: Browser, typed: CallImportFields, needed: MappingNeeded, sent: SentTable
) -> Response:
    """Show the question for the columns, or for the format that a file seems to have."""
    suggested = one_of(FORMATS, str(needed.members.get("format", "")))
    fields = replace(typed, call_format=suggested) if suggested else typed
    question = question_of("calls", needed) if needed.columns and not suggested else None
    if needed.table is None:
        kept = _kept_records(sent)
    else:
        kept = kept_table(needed.table, None if question else {})
    detail = needed.problem.detail if kept else f"{needed.problem.detail} {NOT_KEPT}"
    page = _page(fields, question=question, kept=kept, errors={"file": detail})
    return await browser.show(page, status_of(needed))


def _kept_records(sent: SentTable) -> KeptTable | None:
    """Return a file that is no table as it stays in its form."""
    try:
        text = record_text(sent.content)
    except Refused:
        return None
    return KeptTable(text=text) if fits(text) else None


async def _kept_when_refused(sent: SentTable, typed: CallImportFields) -> KeptTable | None:
    if typed.call_format in RECORD_FORMATS:
        return _kept_records(sent)
    return await kept_when_refused(sent, LIMITS)


def _reported(typed: CallImportFields, imported: ImportedFile, sent: SentTable) -> ImportCallsPage:
    """Return the page with a report; what was only checked can be imported from it."""
    if not imported.report.dry_run:
        return _page(typed, report=imported.report)
    file, encoding = imported.file, sent.options.confirmed_encoding
    if file.mapped is not None:
        kept = kept_as_read(file.mapped, encoding)
    elif file.table is not None:
        kept = kept_table(file.table, {}, encoding)
    else:
        kept = _kept_records(sent)
    errors = {} if kept else {"file": TOO_LARGE}
    return _page(typed, report=imported.report, kept=kept, errors=errors)


def _as_before(report: CallImport) -> tuple[ReadColumn, ...]:
    return read_as_before("calls", report.columns, remembered=report.mapping_remembered)


def _page(
    fields: CallImportFields,
    *,
    question: MappingQuestion | None = None,
    report: CallImport | None = None,
    kept: KeptTable | None = None,
    errors: Mapping[str, str] | None = None,
) -> ImportCallsPage:
    return ImportCallsPage(
        fields=fields,
        time_zones=time_zone_choices(),
        dial_formats=DIAL_FORMAT_CHOICES,
        question=question,
        report=report,
        read_as_before=_as_before(report) if report else (),
        kept=kept,
        errors=errors or {},
    )
