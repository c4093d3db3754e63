"""The first service plan of an account that was opened without one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import PlanChangeQuote
from gateway.features.accounts import actions as accounts
from gateway.features.opening.plan_page import usable_sheets
from gateway.features.opening.views import PlanFields
from gateway.features.plans import actions as plans
from gateway.features.plans.plan_change import UNSEEN, Quoted, charged, quoted, shown_quote
from gateway.features.plans.schemas import NewPlanBody
from gateway.features.plans.summary import find_plan
from gateway.features.plans.views import StartPlanPage
from gateway.identity.caller import RequestKey
from gateway.portal.browser import Browser, SellerBrowser, see
from gateway.portal.forms import (
    Form,
    SentForm,
    fields_named,
    form_errors,
    new_request_id,
    shown_errors,
    status_of,
)
from gateway.portal.limits import RATE_SHEET_ID_CHARACTERS_MAX
from gateway.portal.reading import Reading
from gateway.portal.views.parts import Choice

NOTHING_YET: Final = "Enter a plan to see what it costs today."
FIELDS: Final = {
    "/name": "plan_name",
    **fields_named("users", "cost_per_user", "rate_sheet_id"),
}

router = APIRouter(prefix="/accounts/{account_id}/plan/new", include_in_schema=False)


@router.get("")
async def ask_for_plan(account_id: str, browser: SellerBrowser) -> Response:
    """Ask what the account gets and pays; one that has a plan changes that."""
    account = await accounts.find_account(browser.caller, account_id)
    if await find_plan(browser.caller, account.id) is not None:
        return see(f"/accounts/{account.id}/plan")
    return await _Starting(browser, account, PlanFields()).show(Quoted())


@router.post("")
async def start_plan(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Work out the charge, or start the plan: once for each time that the form was shown."""
    account = await accounts.find_account(browser.caller, account_id)
    starting = _Starting(browser, account, _typed(form))
    reading = Reading(account.currency)
    body = starting.body(reading)
    found = await _quoted(browser, account, body, reading)
    request = form.request_id()
    if form.text("action") != "start":
        return await starting.show(found, request)
    if found.errors:
        return await starting.show(found, request, found.errors, 422)
    if found.quote is None or form.text("seen") != found.seen:
        return await starting.show(found, request, {"": UNSEEN}, 422)
    body = body.model_copy(update={"expected_total": found.quote.total})
    key = RequestKey(f"POST /accounts/{account.id}/plan", request)
    try:
        plan = await plans.start_plan(browser.caller, account.id, body, key)
    except Refused as refusal:
        return await starting.show(found, request, form_errors(refusal, FIELDS), status_of(refusal))
    said = f"{plan.name} is in effect.{charged(found.quote)}"
    return await browser.go(browser.account_url(account.id), said)


def _typed(form: Form) -> PlanFields:
    return PlanFields(
        plan_name=form.text("plan_name"),
        users=form.text("users"),
        cost_per_user=form.text("cost_per_user"),
        rate_sheet_id=form.text("rate_sheet_id", RATE_SHEET_ID_CHARACTERS_MAX),
    )


async def _quoted(
    browser: Browser, account: Account, body: NewPlanBody, reading: Reading
) -> Quoted:
    ask = plans.quote_new_plan(browser.caller, account.id, body)
    return await quoted(ask, FIELDS, own=shown_errors(reading.errors, FIELDS))


@dataclass(frozen=True, slots=True)
class _Starting:
    """The page while one of its buttons is answered."""

    browser: Browser
    account: Account
    typed: PlanFields

    def body(self, reading: Reading) -> NewPlanBody:
        """Return the plan as it is typed; `reading` notes what cannot be understood."""
        typed = self.typed
        return NewPlanBody.model_validate(
            {
                "name": typed.plan_name,
                "users": reading.whole_number(
                    typed.users, "/users", "the number of users", otherwise=1
                ),
                "cost_per_user": reading.amount(
                    typed.cost_per_user, "/cost_per_user", "the cost per user"
                ),
                "rate_sheet_id": typed.rate_sheet_id,
            }
        )

    async def show(
        self,
        found: Quoted,
        request: str = "",
        errors: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        """Answer with the page as it is typed."""
        sheets = await usable_sheets(self.browser.caller)
        currency = self.account.currency
        page = StartPlanPage(
            id=self.account.id,
            name=self.account.name,
            currency=currency,
            fields=self.typed,
            sheets=tuple(
                Choice(value=one.id, label=one.name) for one in sheets if one.currency == currency
            ),
            request=request or new_request_id(),
            shown=shown_quote(found, _doing, NOTHING_YET),
            errors=errors or {},
        )
        return await self.browser.show(page, status)


def _doing(_: PlanChangeQuote | None) -> str:
    return "Start plan"
