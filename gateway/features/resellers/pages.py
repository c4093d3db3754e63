"""The operator's pages: resellers, and the numbers that they are given."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from babel.core import get_global
from babel.numbers import get_currency_name
from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import PHONE_CHARACTERS_MAX, Account, ListAccounts
from contracts.base import Refused
from contracts.values import decimal_text
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.list_address import PARAMETERS
from gateway.features.accounts.listing import (
    number_of_rows,
    open_accounts,
    segments_of,
    sort_of_query,
    status_of_query,
)
from gateway.features.accounts.overviews import account_page
from gateway.features.accounts.own_page import show_own_page
from gateway.features.accounts.presenters import administrator
from gateway.features.accounts.views import BasicFields, OverviewPage
from gateway.features.billing_settings.details import (
    details_body,
    stored_details,
    typed_details,
)
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.actions import StockChange, Taken
from gateway.features.numbers.imports import OPERATORS_MODES, send_list
from gateway.features.opening import actions as opening
from gateway.features.opening.draft import BASIC_INFO_FIELDS, CREDIT_FIELDS, read_credit
from gateway.features.opening.plan_page import Quoted
from gateway.features.opening.schemas import AdministratorBody, PlanBody, ResellerBody
from gateway.features.opening.views import PlanFields
from gateway.features.resellers.views import (
    NewResellerPage,
    ResellerFields,
    ResellerRow,
    ResellersPage,
    reseller_columns,
)
from gateway.files.tables import TableOptions
from gateway.identity.caller import Caller, RequestKey
from gateway.portal.browser import OperatorBrowser, see
from gateway.portal.formatting import LOCALE
from gateway.portal.forms import (
    Form,
    FormFields,
    SentForm,
    fields_named,
    form_errors,
    new_request_id,
    seen_total,
    shown_errors,
    status_of,
)
from gateway.portal.presenters import ROWS_PER_PAGE, country_choices, list_query, pager
from gateway.portal.reading import Reading
from gateway.portal.time_zones import time_zone_choices
from gateway.portal.views.parts import Choice

LIST: Final = "/resellers"
NOTHING_CHARGED: Final = "Without a plan and credit, nothing is charged or added."
FIELDS: Final[FormFields] = {
    **BASIC_INFO_FIELDS,
    "/domain": "realm_domain",
    **fields_named("country", "currency", "time_zone"),
    "/plan/name": "plan_name",
    **fields_named("users", "cost_per_user", below="/plan"),
    **CREDIT_FIELDS,
}

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
        if refusal.problem.code != "invalid-cursor":
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


@dataclass(frozen=True, slots=True)
class Typed:
    """The form of a new reseller, as typed."""

    fields: BasicFields
    reseller: ResellerFields
    plan: PlanFields

    @property
    def has_plan(self) -> bool:
        """Whether it is to have a service plan: a number of users alone is none."""
        return bool(self.plan.plan_name or self.plan.cost_per_user)


@router.get("/new")
async def ask_for_reseller(browser: OperatorBrowser) -> Response:
    """Ask who the new reseller is; of one that failed to open, all but the credit is there."""
    typed = await _typed_before(browser.caller, browser.request.query_params.get("again", ""))
    if typed is None:
        nothing = Typed(BasicFields(), ResellerFields(), PlanFields())
        return await browser.show(_new_page(nothing, Quoted()))
    reading = Reading(typed.reseller.currency)
    found = await _quoted(browser.caller, typed, _order(typed, reading), reading)
    return await browser.show(_new_page(typed, found))


async def _typed_before(caller: Caller, account_id: str) -> Typed | None:
    """Return the form of a reseller that failed to open; None when there is none of this ID."""
    if not account_id:
        return None
    try:
        account = await accounts.find_reseller(caller, account_id)
    except Refused as refusal:
        if refusal.problem.code != "not-found":
            raise
        return None
    if account.status != "failed" or account.reseller is None:
        return None
    person, profile, plan = account.administrator, account.reseller, account.plan
    fields = BasicFields(
        name=account.name,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        phone=person.phone,
        billing=stored_details(account),
    )
    reseller = ResellerFields(
        currency=profile.currency,
        country=profile.country,
        time_zone=profile.time_zone,
        realm_domain=profile.domain,
    )
    ordered = PlanFields()
    if plan is not None:
        cost = decimal_text(plan.cost_per_user)
        ordered = PlanFields(plan_name=plan.name, users=str(plan.users), cost_per_user=cost)
    return Typed(fields, reseller, ordered)


def _new_page(
    typed: Typed, found: Quoted, request: str = "", errors: Mapping[str, str] | None = None
) -> NewResellerPage:
    return NewResellerPage(
        fields=typed.fields,
        reseller=typed.reseller,
        plan=typed.plan,
        currencies=_currencies(),
        countries=country_choices(),
        time_zones=time_zone_choices(),
        quote=found.quote,
        quote_missing=found.missing or NOTHING_CHARGED,
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


@router.post("/new")
async def open_reseller(browser: OperatorBrowser, form: SentForm) -> Response:
    """Work out the charge, or open the reseller: once for each time that the form was shown."""
    typed, request = _typed(form), form.request_id()
    reading = Reading(typed.reseller.currency)
    body = _order(typed, reading)
    if form.text("action") == "quote":
        found = await _quoted(browser.caller, typed, body, reading)
        return await browser.show(_new_page(typed, found, request))
    if reading.errors:
        found = await _quoted(browser.caller, typed, body, reading)
        return await browser.show(_new_page(typed, found, request, found.errors), 422)
    body = body.model_copy(update={"expected_total": seen_total(form)})
    key = RequestKey("POST /resellers/new", request)
    try:
        account = await opening.open_reseller(browser.caller, body, key)
    except Refused as refusal:
        found = await _quoted(browser.caller, typed, body, reading)
        page = _new_page(typed, found, request, form_errors(refusal, FIELDS))
        return await browser.show(page, status_of(refusal))
    return await browser.go(f"{LIST}/{account.id}", f"{account.name} is being opened.")


async def _quoted(caller: Caller, typed: Typed, body: ResellerBody, reading: Reading) -> Quoted:
    """Ask what opening it would charge; there is nothing to tell without plan and credit."""
    own = shown_errors(reading.errors, FIELDS)
    try:
        quote = await opening.quote_reseller(caller, body)
    except Refused as refusal:
        return Quoted(errors={**form_errors(refusal, FIELDS), **own})
    told = typed.has_plan or typed.plan.credit_amount
    return Quoted(quote if told and not own else None, own)


def _typed(form: Form) -> Typed:
    fields = BasicFields(
        name=form.text("name"),
        email=form.text("email"),
        first_name=form.text("first_name"),
        last_name=form.text("last_name"),
        phone=form.text("phone", PHONE_CHARACTERS_MAX),
        billing=typed_details(form),
    )
    reseller = ResellerFields(
        currency=form.text("currency"),
        country=form.text("country"),
        time_zone=form.text("time_zone"),
        realm_domain=form.text("realm_domain"),
    )
    plan = PlanFields(
        plan_name=form.text("plan_name"),
        users=form.text("users"),
        cost_per_user=form.text("cost_per_user"),
        credit_amount=form.text("credit_amount"),
        credit_note=form.text("credit_note"),
    )
    return Typed(fields, reseller, plan)


def _order(typed: Typed, reading: Reading) -> ResellerBody:
    def chosen(text: str, choices: tuple[Choice, ...], pointer: str, words: str) -> str:
        return reading.choice(text, [choice.value for choice in choices], pointer, words)

    fields, reseller = typed.fields, typed.reseller
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
        time_zone=chosen(reseller.time_zone, time_zone_choices(), "/time_zone", "a time zone"),
        domain=_domain(reseller.realm_domain, reading),
        plan=_plan(typed.plan, reading) if typed.has_plan else None,
        credit=read_credit(typed.plan.credit_amount, typed.plan.credit_note, reading),
        **details_body(fields.billing),
    )


def _domain(typed: str, reading: Reading) -> str:
    if typed.isascii():
        return typed
    reading.refuse("/domain", "invalid-domain", "Enter a domain such as voice.example.")
    return ""


def _plan(plan: PlanFields, reading: Reading) -> PlanBody:
    users = reading.whole_number(plan.users, "/plan/users", "the number of users", otherwise=1)
    cost = reading.amount(plan.cost_per_user, "/plan/cost_per_user", "the cost per user")
    return PlanBody.model_validate({"name": plan.plan_name, "users": users, "cost_per_user": cost})


# --- one of them --------------------------------------------------------------------------------


@router.get("/{account_id}")
async def show_reseller(account_id: str, browser: OperatorBrowser) -> Response:
    """Show a reseller, whatever its state."""
    account = await accounts.find_reseller(browser.caller, account_id)
    return await show_own_page(browser, account)


@router.post("/{account_id}/numbers")
async def give_numbers(account_id: str, browser: OperatorBrowser, form: SentForm) -> Response:
    """Change the reseller's stock by a file or pasted rows, or check what that would do."""
    caller = browser.caller
    account = await accounts.find_reseller(caller, account_id)
    request = form.request_id()
    key = RequestKey(f"POST /resellers/{account.id}/numbers", request)

    async def act(content: bytes, options: TableOptions, order: StockChange) -> Taken:
        return await numbers.add_numbers_of_file(
            caller, account.id, content, options, request_key=key, order=order
        )

    sent = await send_list(form, OPERATORS_MODES, act)
    page = await account_page(caller, account)
    if isinstance(page, OverviewPage) and page.seller:
        page = replace(
            page,
            seller=replace(page.seller, sending=sent.form),
            request=new_request_id() if sent.is_done else request,
            errors=sent.errors,
        )
    return await browser.show(page, sent.status)
