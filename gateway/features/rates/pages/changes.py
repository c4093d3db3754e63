"""The Rates Manager: imports, copies, versions, and rates changed by hand."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from contracts.base import Refused
from contracts.billing import ImportMode, RateImport
from contracts.exact_rates import FRACTIONS_PER_MICRO, RATE_DECIMALS_MAX, read_exact
from gateway.features.rates import actions as rates
from gateway.features.rates import changes
from gateway.features.rates.pages.rates import LIST, version_of
from gateway.features.rates.schemas import CopyBody, RateBody
from gateway.features.rates.sheet_page import (
    RATE_TEXTS,
    Sent,
    begin_text,
    find_rate,
    form_of_rate,
    head_of,
    rate_texts,
    show_sheet,
)
from gateway.features.rates.views import RateForm, VersionsPage
from gateway.files.downloads import csv_response
from gateway.files.tables import MappingNeeded
from gateway.http.times import Time
from gateway.identity.caller import RequestKey
from gateway.portal.browser import Browser, ResellerBrowser
from gateway.portal.column_mapping import (
    NOT_KEPT,
    kept_table,
    kept_when_refused,
    question_of,
    sent_table,
)
from gateway.portal.days import NOT_A_DAY, day_of, midnight
from gateway.portal.forms import Form, SentForm, fields_named, form_errors, status_of
from gateway.portal.limits import CHARACTERS_MAX
from gateway.portal.merging import SHOWN_CHARACTERS_MAX, merged, shown_by, shown_text
from gateway.portal.presenters import country_choices
from gateway.portal.reading import Reading

WAIT_SECONDS: Final = 0.6
"""A change that takes no longer is shown as it ended; a longer one is watched."""

COPY_SECONDS: Final = 8.0
"""Until a copy has ended its page may vanish again, so it is waited for."""

NUMBER_DIGITS_MAX: Final = 9
COPY_FIELDS: Final = {"/name": "copy_name", "/margin_percent": "margin"}
RATE_FIELDS: Final = {
    "/name": "rate_name",
    **fields_named("prefix", "effective_from", "country", "rate", "connect_fee"),
    **fields_named("min_duration", "increment", "grace"),
}

_TOO_MANY_DECIMALS: Final = re.compile(rf"\.[0-9]{{{RATE_DECIMALS_MAX + 1},}}")
_TIME: Final = TypeAdapter[datetime](Time)

REFUSED_RATE: Final = -FRACTIONS_PER_MICRO
"""Sent when something else can't be read: so every error is shown, and nothing is changed."""

router = APIRouter(include_in_schema=False)


# --- imports ------------------------------------------------------------------------------------


@router.post(LIST + "/{sheet_id}/import")
async def import_rates(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Import a file, all rows or none, or only check what it would do."""
    mode: ImportMode = "replace" if form.text("mode") == "replace" else "upsert"
    caller, checked, sent = browser.caller, form.text("checked"), await sent_table(form)
    try:
        if checked:
            job = await changes.import_checked(caller, sheet_id, checked)
        elif not sent.content:
            errors = {"file": "Choose a file that has rows."}
            return await show_sheet(browser, sheet_id, Sent(mode=mode, errors=errors), 422)
        else:
            dry_run = form.text("action") == "check"
            job = await changes.start_import(
                caller, sheet_id, sent.content, sent.options, mode=mode, dry_run=dry_run
            )
    except MappingNeeded as needed:
        return await show_sheet(browser, sheet_id, _asked(needed, mode), status_of(needed))
    except Refused as refusal:
        if checked and refusal.problem.code == "not-found":
            errors = {"file": refusal.problem.detail}
        else:
            errors = form_errors(refusal, {"": "file"})
        kept = await kept_when_refused(sent, changes.LIMITS)
        shown = Sent(mode=mode, kept=kept, errors=errors)
        return await show_sheet(browser, sheet_id, shown, status_of(refusal))
    return await _follow(browser, job)


def _asked(needed: MappingNeeded, mode: ImportMode) -> Sent:
    """Return what to show of a file whose columns must be explained first."""
    kept = kept_table(needed.table) if needed.table else None
    detail = needed.problem.detail if kept else f"{needed.problem.detail} {NOT_KEPT}"
    return Sent(
        mode=mode, question=question_of("rates", needed), kept=kept, errors={"file": detail}
    )


async def _follow(browser: Browser, job: RateImport) -> Response:
    """Go to the page that shows what becomes of a change."""
    await changes.wait_for(browser.caller, job, WAIT_SECONDS)
    return await browser.go(f"{LIST}/{job.rate_sheet_id}?job={job.id}")


@router.get(LIST + "/{sheet_id}/refused/{import_id}")
async def export_refused(sheet_id: str, import_id: str, browser: ResellerBrowser) -> Response:
    """Send the rows that an import refused as a file."""
    lines = await changes.export_refused(browser.caller, sheet_id, import_id)
    return csv_response(lines, "refused.csv")


# --- copies and versions --------------------------------------------------------------------------


@router.post(LIST + "/{sheet_id}/copy")
async def copy_sheet(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Make a new sheet with these rates, dearer or cheaper."""
    name, margin, request = form.text("copy_name"), _margin(form), form.request_id()
    key = RequestKey(f"POST {LIST}/{sheet_id}/copy", request)
    try:
        body = CopyBody(name=name, margin_percent=margin or "0")
        job = await changes.copy_rate_sheet(browser.caller, sheet_id, body, key)
        job = await changes.wait_for(browser.caller, job, COPY_SECONDS)
        changes.refuse_unless_done(job)
    except Refused as refusal:
        errors = form_errors(refusal, COPY_FIELDS)
        if refusal.problem.code == "import-refused":
            errors = {"margin": refusal.problem.detail}
        sent = Sent(dialog="copy", request=request, new_name=name, margin=margin, errors=errors)
        return await show_sheet(browser, sheet_id, sent, status_of(refusal))
    return await browser.go(f"{LIST}/{job.rate_sheet_id}?job={job.id}", f"{name} is made.")


def _margin(form: Form) -> str:
    return form.text("margin", CHARACTERS_MAX["margin"])


@router.get(LIST + "/{sheet_id}/versions")
async def list_versions(sheet_id: str, browser: ResellerBrowser) -> Response:
    """Show what the sheet contained, and the way back."""
    wanted = browser.request.query_params.get("restore", "")
    return await browser.show(await _versions_page(browser, sheet_id, _number(wanted)))


async def _versions_page(
    browser: Browser, sheet_id: str, restore: int, errors: dict[str, str] | None = None
) -> VersionsPage:
    caller = browser.caller
    sheet = await rates.find_rate_sheet(caller, sheet_id)
    revisions = await changes.list_revisions(caller, sheet_id)
    earlier = {one.number for one in revisions.data[1:]}
    return VersionsPage(
        sheet=head_of(caller, sheet),
        actor=caller.principal.id,
        rows=revisions.data,
        restore=restore if restore in earlier else 0,
        errors=errors or {},
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX else 0


@router.post(LIST + "/{sheet_id}/restore")
async def restore_revision(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Go back to an earlier version."""
    revision = _number(form.text("revision"))
    try:
        job = await changes.restore_revision(browser.caller, sheet_id, revision)
    except Refused as refusal:
        page = await _versions_page(browser, sheet_id, revision, form_errors(refusal, {}))
        return await browser.show(page, status_of(refusal))
    return await _follow(browser, job)


# --- one rate -------------------------------------------------------------------------------------


@router.post(LIST + "/{sheet_id}/rate")
async def change_rate(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Change a rate, or add one."""
    caller = browser.caller
    typed = _typed_rate(form)
    reading = Reading(caller.user.currency)
    body = _read_rate(typed, reading)
    begin = _begin(typed, reading, caller.user.time_zone)
    try:
        if reading.errors:
            body = body.model_copy(update={"rate": REFUSED_RATE})
        job = await reading.ask(
            changes.change_rate(
                caller,
                sheet_id,
                version_of(typed.version),
                body,
                prefix=typed.prefix,
                effective_from=begin,
            ),
            forced="/rate",
        )
        job = await changes.wait_for(caller, job, WAIT_SECONDS)
        changes.refuse_unless_done(job)
    except Refused as refusal:
        if refusal.problem.code == "version-conflict":
            both = await _with_stored(browser, sheet_id, typed, begin)
            sent = Sent(dialog="rate", rate=both)
        else:
            sent = Sent(dialog="rate", rate=typed, errors=form_errors(refusal, RATE_FIELDS))
        return await show_sheet(browser, sheet_id, sent, status_of(refusal))
    if changes.is_open(job):
        return await browser.go(f"{LIST}/{sheet_id}?job={job.id}")
    said = "is added" if typed.is_new else "is changed"
    return await browser.go(f"{LIST}/{sheet_id}", f"The rate of the prefix {typed.prefix} {said}.")


async def _with_stored(
    browser: Browser, sheet_id: str, typed: RateForm, begin: datetime | None
) -> RateForm:
    """Return the form as it was typed, over the rate as it is stored now."""
    rate = await find_rate(browser.caller, sheet_id, typed.prefix, begin_text(begin))
    shown = shown_by(Form.of([("shown", typed.shown)]))
    stored = shown if rate is None else rate_texts(form_of_rate(rate))
    both = merged(rate_texts(typed), shown, stored)
    blocked = both.pop("blocked", "") == "yes"
    return replace(
        typed,
        **{name: both[name] for name in RATE_TEXTS if name in both},
        blocked=blocked,
        version="",
        shown=shown_text(stored),
        overtaken=True,
    )


def _typed_rate(form: Form) -> RateForm:
    is_new, begin = form.text("is_new") == "yes", form.text("effective_from")
    return RateForm(
        prefix=form.text("prefix"),
        effective_from=begin,
        begins_at=None if is_new else _moment_of(begin),
        country=form.text("country"),
        name=form.text("rate_name"),
        rate=form.text("rate"),
        connect_fee=form.text("connect_fee"),
        min_duration=form.text("min_duration"),
        increment=form.text("increment"),
        grace=form.text("grace"),
        blocked="blocked" in form,
        is_new=is_new,
        version=str(version_of(form.text("version"))),
        shown=form.text("shown", SHOWN_CHARACTERS_MAX),
    )


def _read_rate(typed: RateForm, reading: Reading) -> RateBody:
    countries = ("", *(choice.value for choice in country_choices()))
    return RateBody.model_validate(
        {
            "rate": _read_price(typed.rate, reading),
            "country": reading.choice(typed.country, countries, "/country", "a country") or None,
            "name": typed.name,
            "connect_fee": reading.amount(
                typed.connect_fee or "0", "/connect_fee", "the connect fee"
            ),
            **{
                name: reading.whole_number(
                    getattr(typed, name), f"/{name}", "the seconds", otherwise=0
                )
                for name in ("min_duration", "increment", "grace")
            },
            "blocked": typed.blocked,
        }
    )


def _read_price(text: str, reading: Reading) -> str:
    """Return a price per minute, which may have more decimals than other money."""
    if _TOO_MANY_DECIMALS.search(text):
        detail = f"Enter the rate with at most {RATE_DECIMALS_MAX} decimals."
        reading.refuse("/rate", "too-many-decimals", detail)
        return "0"
    return reading.amount(text, "/rate", "the rate", read=read_exact)


def _begin(typed: RateForm, reading: Reading, zone: str) -> datetime | None:
    """Return when a rate begins: a day's midnight, or of a rate that is there its own moment."""
    if not typed.effective_from:
        return None
    if not typed.is_new:
        begin = _moment_of(typed.effective_from)
    else:
        day = day_of(typed.effective_from)
        begin = midnight(day, ZoneInfo(zone)) if day else None
    if begin is None:
        reading.refuse("/effective_from", "not-a-day", NOT_A_DAY)
    return begin


def _moment_of(text: str) -> datetime | None:
    try:
        return _TIME.validate_python(text)
    except ValidationError:
        return None


@router.post(LIST + "/{sheet_id}/remove")
async def remove_rate(sheet_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Take a rate out of the sheet."""
    caller, prefix = browser.caller, form.text("prefix")
    rate = await find_rate(caller, sheet_id, prefix, form.text("effective_from"))
    if rate is None:
        return await browser.go(f"{LIST}/{sheet_id}", f"The prefix {prefix} has no such rate.")
    try:
        job = await changes.remove_rate(
            caller,
            sheet_id,
            version_of(form.text("version")),
            prefix=rate.prefix,
            effective_from=rate.effective_from,
        )
    except Refused as refusal:
        typed = RateForm(
            prefix=rate.prefix,
            effective_from=begin_text(rate.effective_from),
            begins_at=rate.effective_from,
            is_new=False,
        )
        sent = Sent(dialog="remove", rate=typed, errors=form_errors(refusal, {}))
        return await show_sheet(browser, sheet_id, sent, status_of(refusal))
    job = await changes.wait_for(caller, job, WAIT_SECONDS)
    if changes.is_open(job):
        return await browser.go(f"{LIST}/{sheet_id}?job={job.id}")
    return await browser.go(f"{LIST}/{sheet_id}", f"The rate of the prefix {prefix} is removed.")
