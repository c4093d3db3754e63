"""What the pages of a rate sheet show: its rates, a change of them, and what a call would cost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import (
    CALL_SECONDS_MAX,
    PREFIX_CHARACTERS_MAX,
    CallPrice,
    ImportMode,
    ListRates,
    Rate,
    RateImport,
    RateSheet,
    RevisionKind,
)
from contracts.exact_rates import rate_text
from contracts.values import decimal_text
from gateway.features.rates import actions as rates
from gateway.features.rates import changes
from gateway.features.rates.schemas import PriceBody
from gateway.features.rates.views import (
    ChangeDone,
    ChangeUnderWay,
    PriceBox,
    RateForm,
    SheetDialog,
    SheetHead,
    SheetPage,
)
from gateway.identity.caller import Caller
from gateway.portal.browser import Browser
from gateway.portal.column_mapping import read_as_before
from gateway.portal.formatting import plural
from gateway.portal.forms import form_errors, new_request_id, shown_errors
from gateway.portal.merging import shown_text
from gateway.portal.presenters import ROWS_PER_PAGE, country_choices, first_pager, list_query
from gateway.portal.reading import Reading
from gateway.portal.views.parts import KeptTable, MappingQuestion, Step

RATE_TEXTS: Final = (
    *("country", "name", "rate", "connect_fee"),
    *("min_duration", "increment", "grace"),
)
PRICE_FIELDS: Final = {"": "destination", "/minutes": "minutes"}
SECONDS_PER_MINUTE: Final = 60
TYPED_CHARACTERS_MAX: Final = 64
MINUTES_SHOWN_FIRST: Final = "1"
_HEADINGS: Final[Mapping[RevisionKind, str]] = {
    "import": "Importing rates",
    "copy": "Copying the rates",
    "restore": "Going back",
    "edit": "Changing a rate",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent to a sheet's page, to be shown again with what came of it."""

    dialog: SheetDialog = ""
    request: str = ""
    new_name: str = ""
    confirm_name: str = ""
    margin: str = "0"
    rate: RateForm | None = None
    mode: ImportMode = "upsert"
    question: MappingQuestion | None = None
    kept: KeptTable | None = None
    errors: Mapping[str, str] | None = None


async def show_sheet(browser: Browser, sheet_id: str, sent: Sent, status: int = 200) -> Response:
    """Answer with the page of a sheet."""
    caller = browser.caller
    sheet = await rates.find_rate_sheet(caller, sheet_id)
    job = await _job(browser, sheet)
    if job:
        # read after the job, or a page that says "done" could show the rates of before it
        sheet = await rates.find_rate_sheet(caller, sheet_id)
    head = head_of(caller, sheet)
    query = list_query(browser.request.url.replace(path=head.url), "q", "after")
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
        sheet=head,
        query=query,
        rows=page.data,
        pager=first_pager(
            query,
            len(page.data),
            "rate",
            after=page.next,
            total=None if query.value("q") else sheet.rates,
        ),
        price=await _price_box(browser, sheet.id),
        dialog=sent.dialog,
        request=sent.request or new_request_id(),
        new_name=sent.new_name or (sheet.name if sent.dialog != "copy" else ""),
        confirm_name=sent.confirm_name,
        margin=sent.margin,
        countries=country_choices(),
        rate=sent.rate or await _rate_form(browser, sheet),
        mode=sent.mode,
        question=sent.question,
        kept=sent.kept,
        under_way=_under_way(job) if job and changes.is_open(job) else None,
        done=_done(job) if job and not changes.is_open(job) else None,
        errors=sent.errors or {},
    )
    return await browser.show(view, status)


def head_of(caller: Caller, sheet: RateSheet) -> SheetHead:
    """Return what all pages of a sheet begin with."""
    return SheetHead(
        id=sheet.id,
        name=sheet.name,
        version=str(sheet.version),
        currency=sheet.currency,
        zone=caller.user.time_zone,
        rates=sheet.rates,
        accounts=sheet.accounts,
        archived=sheet.archived_at is not None,
        shown=shown_text({"name": sheet.name}),
    )


# --- a change of rates --------------------------------------------------------------------------


async def _job(browser: Browser, sheet: RateSheet) -> RateImport | None:
    """Return the change of rates that the address asks for, or the one that is under way."""
    wanted = browser.request.query_params.get("job", "")[:TYPED_CHARACTERS_MAX] or sheet.import_id
    if not wanted:
        return None
    try:
        return await changes.find_rate_import(browser.caller, sheet.id, wanted)
    except Refused as refusal:
        if refusal.problem.code != "not-found":
            raise
        return None


def _under_way(job: RateImport) -> ChangeUnderWay:
    writing = job.of > 0
    steps = [
        Step(label="Read and compare", state="done" if writing else "now"),
        Step(
            label="Write what changes",
            state="now" if writing else "next",
            note=f"{job.done:,} of {plural(job.of, 'row')}" if writing else "",
        ),
        Step(label="Put all of it into use at once", state="next"),
    ]
    heading = "Checking the file" if job.dry_run else _HEADINGS[job.kind]
    shown = steps[:1] if job.dry_run else steps
    return ChangeUnderWay(
        import_id=job.id, heading=heading, steps=tuple(shown), done=job.done, of=job.of
    )


def _done(job: RateImport) -> ChangeDone:
    state, report = "checked" if job.dry_run else "changed", job.report
    return ChangeDone(
        import_id=job.id,
        kind=job.kind,
        outcome=state if job.state == "done" else "failed" if job.state == "failed" else "refused",
        report=report,
        detail=job.detail,
        revision=job.revision,
        read_as_before=read_as_before("rates", report.columns, remembered=report.mapping_remembered)
        if report
        else (),
    )


# --- one rate -----------------------------------------------------------------------------------


async def _rate_form(browser: Browser, sheet: RateSheet) -> RateForm:
    """Return the form of the rate that the address names, by prefix and beginning, or a new one."""
    parameters = browser.request.query_params
    prefix = parameters.get("prefix", "").strip()[:TYPED_CHARACTERS_MAX]
    if not prefix.isdecimal():
        return RateForm()
    begin = parameters.get("from", "")[:TYPED_CHARACTERS_MAX]
    rate = await find_rate(browser.caller, sheet.id, prefix, begin)
    return RateForm() if rate is None else form_of_rate(rate)


def form_of_rate(rate: Rate) -> RateForm:
    """Return the form of a rate that is there."""
    form = RateForm(
        prefix=rate.prefix,
        effective_from=begin_text(rate.effective_from),
        begins_at=rate.effective_from,
        country=rate.country or "",
        name=rate.name,
        rate=rate_text(rate.rate, rate.rate_exact),
        connect_fee=decimal_text(rate.connect_fee),
        min_duration=str(rate.min_duration),
        increment=str(rate.increment),
        grace=str(rate.grace),
        blocked=rate.blocked,
        is_new=False,
    )
    return replace(form, shown=shown_text(rate_texts(form)))


def rate_texts(form: RateForm) -> dict[str, str]:
    """Return what of a rate can be changed, by name, as texts."""
    texts: dict[str, str] = {name: getattr(form, name) for name in RATE_TEXTS}
    return {**texts, "blocked": "yes" if form.blocked else ""}


async def find_rate(caller: Caller, sheet_id: str, prefix: str, begin: str) -> Rate | None:
    """Return the rate of a prefix that begins at a moment, written as `begin_text` writes it."""
    if len(prefix) > PREFIX_CHARACTERS_MAX:
        return None
    # rates of one prefix stand before those of longer ones
    page = await rates.list_rates(caller, ListRates(rate_sheet_id=sheet_id, search=prefix))
    same = (rate for rate in page.data if rate.prefix == prefix)
    return next((rate for rate in same if begin_text(rate.effective_from) == begin), None)


def begin_text(begin: datetime | None) -> str:
    """Return the beginning of a rate as addresses and forms carry it."""
    return begin.isoformat() if begin else ""


# --- what a call would cost ----------------------------------------------------------------------


async def _price_box(browser: Browser, sheet_id: str) -> PriceBox:
    """Answer what the page's address asks: a number to call, and for how many minutes."""
    parameters = browser.request.query_params
    destination = parameters.get("destination", "").strip()[:TYPED_CHARACTERS_MAX]
    minutes = parameters.get("minutes", MINUTES_SHOWN_FIRST).strip()[:TYPED_CHARACTERS_MAX]
    if not destination:
        return PriceBox(minutes=minutes)
    reading = Reading()
    whole = reading.whole_number(minutes, "/minutes", "the length of the call", otherwise=0)
    if reading.errors:
        errors = shown_errors(reading.errors, PRICE_FIELDS)
        return PriceBox(destination=destination, minutes=minutes, errors=errors)
    try:
        price = await _price(browser.caller, sheet_id, destination, whole)
    except Refused as refusal:
        errors = form_errors(refusal, PRICE_FIELDS)
        return PriceBox(destination=destination, minutes=minutes, errors=errors)
    return PriceBox(destination=destination, minutes=minutes, price=price)


async def _price(caller: Caller, sheet_id: str, destination: str, minutes: int) -> CallPrice:
    seconds = minutes * SECONDS_PER_MINUTE
    if seconds > CALL_SECONDS_MAX:
        hours = CALL_SECONDS_MAX // 3_600
        raise Refused("invalid-fields", f"A call lasts {hours} hours at most.")
    return await rates.rate_call(
        caller, sheet_id, PriceBody(destination=destination, seconds=seconds)
    )
