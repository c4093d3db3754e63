"""Calls from files in the portal: upload, question, dry run, report; works without a script."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import FieldError, Refused
from contracts.call_files import FORMATS, Naming
from contracts.calls import DialFormat
from gateway.actions import call_files
from gateway.actions.call_files import ImportedFile
from gateway.call_files import CallFileOptions
from gateway.call_import_bodies import CallImport
from gateway.portal.browser import Browser, SellerBrowser
from gateway.portal.column_mapping import question_of, read_as_before, sent_options
from gateway.portal.dialling import DIAL_FORMAT_CHOICES
from gateway.portal.forms import Form, SentForm, form_errors, one_of, status_of
from gateway.portal.limits import CHARACTERS_MAX
from gateway.portal.time_zones import time_zone_choices
from gateway.portal.views.call_import import CallImportFields, ImportCallsPage
from gateway.portal.views.parts import MappingQuestion, ReadColumn
from gateway.tables import MappingNeeded, as_csv
from services.chassis.tables import Table

PATH: Final = "/calls/import"
KEPT_CHARACTERS_MAX: Final = 2_000_000
"""Of a file that waits in the page until it is imported."""

DIAL_FORMATS: Final[tuple[DialFormat, ...]] = get_args(DialFormat)
NOT_KEPT: Final = "The file is too large to wait here. Choose it again to import it."

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def ask_for_file(browser: SellerBrowser) -> Response:
    """Ask for a file of call records."""
    return await browser.show(_page(CallImportFields()))


@router.post(PATH)
async def import_calls(browser: SellerBrowser, form: SentForm) -> Response:
    """Charge the calls of a file, or only check what would become of them."""
    typed = _typed(form)
    dry_run = form.text("action") != "import"
    file = await form.upload("file")
    content = file or await form.upload("table")
    try:
        options = _options(form, typed, is_file=bool(file))
        if not content:
            raise _wrong("/file", "Choose the file that has the call records.")
        imported = await call_files.import_calls(browser.caller, content, options, dry_run=dry_run)
    except MappingNeeded as needed:
        return await _ask(browser, typed, needed, content)
    except Refused as refusal:
        return await browser.show(await _refused(form, typed, refusal), status_of(refusal))
    return await browser.show(_reported(typed, imported, content))


async def _refused(form: Form, typed: CallImportFields, refusal: Refused) -> ImportCallsPage:
    """Return the page with what is wrong; a file that is text waits in it."""
    file = await form.upload("file")
    try:
        text = (file or await form.upload("table")).decode()
    except UnicodeDecodeError:
        text = ""
    kept = typed
    if text and "\0" not in text and len(text) <= KEPT_CHARACTERS_MAX:
        header = "" if file else one_of(("yes", "no"), form.text("has_header")) or ""
        kept = replace(typed, table=text, has_header=header)
    answers = () if file else tuple(sent_options(form, is_file=False).mapping.items())
    return _page(kept, answers=answers, errors=_errors(refusal))


def _typed(form: Form) -> CallImportFields:
    return CallImportFields(
        call_format=one_of(FORMATS, form.text("call_format")) or "",
        time_zone=form.text("time_zone"),
        dial_format=one_of(DIAL_FORMATS, form.text("dial_format")) or "",
        account_from="caller" if form.text("account_from") == "caller" else "account",
        account=form.text("account"),
        codes=form.text("codes", CHARACTERS_MAX["codes"]),
    )


def _options(form: Form, typed: CallImportFields, *, is_file: bool) -> CallFileOptions:
    table = sent_options(form, is_file=is_file)
    if is_file and form.text("kept_answers"):
        table = replace(table, mapping={})  # they are about another file
    return CallFileOptions(
        table=table,
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


def _errors(refusal: Refused) -> dict[str, str]:
    """Return what is wrong, by field; what is wrong with the file as a whole stands beside it."""
    errors = form_errors(refusal)
    if whole := errors.pop("", ""):
        errors["file"] = whole
    return errors


async def _ask(
    browser: Browser, typed: CallImportFields, needed: MappingNeeded, content: bytes
) -> Response:
    """Show the question for the columns, or for the format that a file seems to have."""
    suggested = one_of(FORMATS, str(needed.members.get("format", "")))
    errors = {"file": needed.problem.detail}
    question = question_of("calls", needed) if needed.columns and not suggested else None
    kept = _kept(typed, needed.table, content) if needed.table or suggested else typed
    if suggested:
        kept = replace(kept, call_format=suggested)
    if not kept.table:
        question, errors = None, {"file": f"{needed.problem.detail} {NOT_KEPT}"}
    return await browser.show(_page(kept, question=question, errors=errors), status_of(needed))


def _kept(typed: CallImportFields, table: Table | None, content: bytes) -> CallImportFields:
    """Return the form with the file in it as text, unless it is too large for a page."""
    text = as_csv(table) if table is not None else content.decode(errors="replace")
    if len(text) > KEPT_CHARACTERS_MAX:
        return replace(typed, table="")
    return replace(typed, table=text, has_header="yes" if table and table.header else "no")


def _reported(typed: CallImportFields, imported: ImportedFile, content: bytes) -> ImportCallsPage:
    """Return the page with a report; what was only checked can be imported from it."""
    if not imported.report.dry_run:
        return _page(replace(typed, table=""), report=imported)
    kept = _kept(typed, imported.file.table, content)
    errors = {} if kept.table else {"file": NOT_KEPT}
    return _page(kept, report=imported, errors=errors)


def _as_before(report: CallImport) -> tuple[ReadColumn, ...]:
    return read_as_before("calls", report.columns, remembered=report.mapping_remembered)


def _answers(imported: ImportedFile) -> tuple[tuple[str, str], ...]:
    """Return what every column means, so that the import reads the file as the check did."""
    mapped = imported.file.mapped
    return tuple(zip(mapped.names, mapped.meanings, strict=True)) if mapped else ()


def _page(
    fields: CallImportFields,
    *,
    question: MappingQuestion | None = None,
    report: ImportedFile | None = None,
    answers: tuple[tuple[str, str], ...] = (),
    errors: Mapping[str, str] | None = None,
) -> ImportCallsPage:
    return ImportCallsPage(
        fields=fields,
        time_zones=time_zone_choices(),
        dial_formats=DIAL_FORMAT_CHOICES,
        question=question,
        report=report.report if report else None,
        read_as_before=_as_before(report.report) if report else (),
        answers=_answers(report) if report else answers,
        errors=errors or {},
    )
