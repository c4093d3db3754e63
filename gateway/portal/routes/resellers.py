"""The operator's pages: resellers, and the numbers that they are given."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_currency_name
from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account, ListAccounts
from contracts.base import Refused
from contracts.numbers import StockCounts, StockReport
from gateway.actions import accounts, numbers, opening
from gateway.bodies import AdministratorBody, ResellerBody
from gateway.caller import RequestKey
from gateway.portal.browser import Browser, OperatorBrowser, see
from gateway.portal.contents import (
    ROWS_PER_PAGE,
    administrator,
    country_choices,
    list_query,
    pager,
)
from gateway.portal.draft import PHONE_CHARACTERS_MAX
from gateway.portal.formatting import LOCALE
from gateway.portal.forms import (
    Form,
    Reading,
    SentForm,
    form_errors,
    new_request_id,
    shown_errors,
    status_of,
)
from gateway.portal.routes.accounts import (
    PARAMETERS,
    REASON_CHARACTERS_MAX,
    number_of_rows,
    open_accounts,
    segments_of,
    sort_of_query,
    status_of_query,
)
from gateway.portal.routes.overview import enabled_text
from gateway.portal.views.accounts import BasicFields
from gateway.portal.views.parts import Choice, ImportReport, Kpi, RowRefusal
from gateway.portal.views.resellers import (
    NewResellerPage,
    ResellerFields,
    ResellerPage,
    ResellerRow,
    ResellersPage,
    reseller_columns,
)

LIST: Final = "/resellers"
REFUSED_ROWS_SHOWN: Final = 100
AREAS: Final = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")

router = APIRouter(prefix=LIST, include_in_schema=False)


# --- the list -----------------------------------------------------------------------------------


@router.get("")
async def list_resellers(browser: OperatorBrowser) -> Response:
    """List the resellers."""
    caller = browser.caller
    query = list_query(browser.request.url, *PARAMETERS)
    wanted = ListAccounts(
        search=query.value("q"),
        status=status_of_query(query),
        sort=sort_of_query(query),
        limit=ROWS_PER_PAGE,
        cursor=query.value("after") or None,
    )
    try:
        page, counts, everything = await asyncio.gather(
            accounts.list_resellers(caller, wanted),
            accounts.count_accounts(caller, query.value("q")),
            accounts.count_accounts(caller),
        )
    except Refused as refusal:
        if refusal.problem.type != "invalid-cursor":
            raise
        return see(query.url(after=""))
    total = number_of_rows(query, counts)
    return await browser.show(
        ResellersPage(
            query=query,
            segments=segments_of(query, counts),
            columns=reseller_columns(query),
            rows=tuple(_row(account) for account in page.data),
            pager=pager(
                query, len(page.data), total, "reseller", after=page.next, before=page.previous
            ),
            any_reseller=bool(open_accounts(everything) or everything.closed),
        )
    )


def _row(account: Account) -> ResellerRow:
    profile = account.reseller
    assert profile is not None, "the platform's accounts are resellers"
    return ResellerRow(
        id=account.id,
        name=account.name,
        domain=profile.domain,
        country=profile.country,
        currency=profile.currency,
        administrator=administrator(account.administrator),
        opened_at=account.created_at,
        status=account.status,
    )


# --- a new one ----------------------------------------------------------------------------------


@router.get("/new")
async def ask_for_reseller(browser: OperatorBrowser) -> Response:
    """Ask who the new reseller is."""
    return await browser.show(_new_page(BasicFields(), ResellerFields()))


def _new_page(
    fields: BasicFields,
    reseller: ResellerFields,
    request: str = "",
    errors: Mapping[str, str] | None = None,
) -> NewResellerPage:
    return NewResellerPage(
        fields=fields,
        reseller=reseller,
        currencies=_currencies(),
        countries=country_choices(),
        time_zones=_time_zones(),
        request=request or new_request_id(),
        errors=errors or {},
    )


@cache
def _currencies() -> tuple[Choice, ...]:
    """Return the currencies that are legal tender somewhere today."""
    used = get_global("territory_currencies")
    codes = {
        code
        for periods in used.values()
        for code, _begin, end, tender in periods
        if tender and end is None
    }
    return tuple(
        Choice(value=code, label=f"{code}, {get_currency_name(code, locale=LOCALE)}")
        for code in sorted(codes)
    )


@cache
def _time_zones() -> tuple[Choice, ...]:
    names = sorted(name for name in available_timezones() if name.partition("/")[0] in AREAS)
    return tuple(Choice(value=name, label=name.replace("_", " ")) for name in (*names, "UTC"))


@router.post("/new")
async def open_reseller(browser: OperatorBrowser, form: SentForm) -> Response:
    """Open the reseller, once for each time that the form was shown."""
    fields, reseller = _typed(form)
    request = form.request_id()
    reading = Reading()
    body = _order(fields, reseller, reading)
    errors = shown_errors(reading.errors)
    try:
        if errors:
            await opening.quote_reseller(browser.caller, body)  # for the errors of other fields
            page = _new_page(fields, reseller, request, errors)
            return await browser.show(page, 422)
        key = RequestKey("POST /resellers/new", request)
        account = await opening.open_reseller(browser.caller, body, key)
    except Refused as refusal:
        errors = {**form_errors(refusal), **errors}
        page = _new_page(fields, reseller, request, errors)
        return await browser.show(page, status_of(refusal))
    return await browser.go(f"{LIST}/{account.id}", f"{account.name} is being opened.")


def _typed(form: Form) -> tuple[BasicFields, ResellerFields]:
    fields = BasicFields(
        name=form.text("name"),
        email=form.text("email"),
        first_name=form.text("first_name"),
        last_name=form.text("last_name"),
        phone=form.text("phone", PHONE_CHARACTERS_MAX),
    )
    reseller = ResellerFields(
        currency=form.text("currency"),
        country=form.text("country"),
        time_zone=form.text("time_zone"),
        realm_domain=form.text("realm_domain"),
    )
    return fields, reseller


def _order(fields: BasicFields, reseller: ResellerFields, reading: Reading) -> ResellerBody:
    def chosen(text: str, choices: tuple[Choice, ...], pointer: str, words: str) -> str:
        return reading.choice(text, [choice.value for choice in choices], pointer, words)

    return ResellerBody(
        name=fields.name,
        administrator=AdministratorBody(
            email=fields.email,
            first_name=fields.first_name,
            last_name=fields.last_name,
            phone=fields.phone,
        ),
        currency=chosen(reseller.currency, _currencies(), "/currency", "a currency"),
        country=chosen(reseller.country, country_choices(), "/country", "a country"),
        time_zone=chosen(reseller.time_zone, _time_zones(), "/time_zone", "a time zone"),
        domain=reseller.realm_domain.lower(),
    )


# --- one of them --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent to a reseller's page, to be shown again with what came of it."""

    dialog: Literal["", "disable", "enable"] = ""
    reason: str = ""
    request: str = ""
    csv: str = ""
    report: ImportReport | None = None
    errors: Mapping[str, str] | None = None


@router.get("/{account_id}")
async def show_reseller(account_id: str, browser: OperatorBrowser) -> Response:
    """Show a reseller, whatever its state."""
    account = await accounts.find_reseller(browser.caller, account_id)
    wanted = browser.request.query_params.get("dialog")
    dialog = "disable" if wanted == "disable" else "enable" if wanted == "enable" else ""
    return await _show(browser, account, Sent(dialog=dialog))


async def _show(browser: Browser, account: Account, sent: Sent, status: int = 200) -> Response:
    profile = account.reseller
    assert profile is not None, "find_reseller refuses other accounts"
    failure = account.failure
    page = ResellerPage(
        id=account.id,
        name=account.name,
        realm=account.realm,
        status=account.status,
        status_reason=failure.detail if failure else account.disabled_reason or "",
        opened_at=account.created_at,
        administrator=administrator(account.administrator),
        fields=ResellerFields(
            currency=profile.currency,
            country=profile.country,
            time_zone=profile.time_zone,
            realm_domain=profile.domain,
        ),
        stock=_stock_figures(await numbers.count_numbers_of(browser.caller, account.id)),
        request=sent.request or new_request_id(),
        csv=sent.csv,
        report=sent.report,
        dialog=sent.dialog,
        reason=sent.reason,
        errors=sent.errors or {},
    )
    return await browser.show(page, status)


def _stock_figures(counts: StockCounts) -> tuple[Kpi, ...]:
    return (
        Kpi(label="Spare numbers", value=counts.available),
        Kpi(label="Held", value=counts.held),
        Kpi(label="Assigned", value=counts.assigned),
        Kpi(label="Resting", value=counts.quarantine),
    )


@router.post("/{account_id}/disable")
async def disable_reseller(account_id: str, browser: OperatorBrowser, form: SentForm) -> Response:
    """Make a reseller and all its accounts inoperative."""
    account = await accounts.find_reseller(browser.caller, account_id)
    reason = form.text("reason", REASON_CHARACTERS_MAX)
    try:
        await accounts.disable_reseller(browser.caller, account.id, reason)
    except Refused as refusal:
        sent = Sent(dialog="disable", reason=reason, errors=form_errors(refusal))
        return await _show(browser, account, sent, status_of(refusal))
    return await browser.go(f"{LIST}/{account.id}", f"{account.name} is disabled.")


@router.post("/{account_id}/enable")
async def enable_reseller(account_id: str, browser: OperatorBrowser) -> Response:
    """Make a disabled reseller and its accounts work again."""
    account = await accounts.find_reseller(browser.caller, account_id)
    try:
        enabled = await accounts.enable_reseller(browser.caller, account.id)
    except Refused as refusal:
        sent = Sent(dialog="enable", errors=form_errors(refusal))
        return await _show(browser, account, sent, status_of(refusal))
    return await browser.go(f"{LIST}/{account.id}", enabled_text(enabled))


@router.post("/{account_id}/numbers")
async def give_numbers(account_id: str, browser: OperatorBrowser, form: SentForm) -> Response:
    """Give the reseller numbers from a file or pasted rows, and report each row refused."""
    account = await accounts.find_reseller(browser.caller, account_id)
    request = form.request_id()
    pasted = await form.table("csv")
    try:
        text = await form.table("file", "csv")
        if not text:
            errors = {"csv": "Choose a file or paste rows, one number a line."}
            return await _show(browser, account, Sent(request=request, errors=errors), 422)
        key = RequestKey(f"POST /resellers/{account.id}/numbers", request)
        rows = numbers.rows_of_csv(text)
        report = await numbers.add_numbers(browser.caller, account.id, rows, key)
    except Refused as refusal:
        errors = {"csv" if pasted else "file": " ".join(form_errors(refusal).values())}
        sent = Sent(request=request, csv=pasted, errors=errors)
        return await _show(browser, account, sent, status_of(refusal))
    kept = pasted if report.refused else ""
    return await _show(browser, account, Sent(csv=kept, report=_report(report)))


def _report(report: StockReport) -> ImportReport:
    return ImportReport(
        outcome="imported" if report.added else "refused",
        added=report.added,
        refusals=len(report.refused),
        refused=tuple(
            RowRefusal(line=row.line, content=row.number, reason=row.detail)
            for row in report.refused[:REFUSED_ROWS_SHOWN]
        ),
    )
