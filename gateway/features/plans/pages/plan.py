"""The service plan of an account, as its parent changes it; the form itself keeps what is typed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import COUNTRIES_PER_PLAN_MAX, Plan, PlanChangeQuote, RateSheet
from gateway.features.accounts import actions as accounts
from gateway.features.opening.plan_page import (
    lowest_rates,
    open_country,
    sheet_summary,
    usable_sheets,
)
from gateway.features.plans import actions as plans
from gateway.features.plans.plan_change import (
    Quoted,
    Typed,
    charged,
    plan_fields,
    quoted_change,
    refusals_of,
    seen_patch,
    shown_quote,
    texts_of,
    typed_form,
    typed_plan,
)
from gateway.features.plans.schemas import PlanPatch
from gateway.features.plans.summary import assigned_numbers
from gateway.features.plans.views import ChangePlanPage
from gateway.identity.caller import RequestKey
from gateway.portal.browser import Browser, SellerBrowser
from gateway.portal.formatting import country_name, is_country, place_in_list, rate
from gateway.portal.forms import Form, SentForm, form_errors, new_request_id, status_of
from gateway.portal.merging import merged, shown_by, shown_text, version_of
from gateway.portal.views.parts import Choice

NOTHING_YET: Final = "Make a change to see what it costs today."

router = APIRouter(prefix="/accounts/{account_id}/plan", include_in_schema=False)


@router.get("")
async def show_plan(account_id: str, browser: SellerBrowser) -> Response:
    """Show the plan in a form, which remembers the version that it shows."""
    caller = browser.caller
    account, plan = await asyncio.gather(
        accounts.find_account(caller, account_id), plans.find_plan(caller, account_id)
    )
    stored = typed_plan(plan)
    return await _Changing(browser, account, plan, stored, texts_of(stored)).show(Quoted())


@router.post("")
async def change_plan(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Open or close a country, work out the charge, or change the plan, as the button says."""
    caller = browser.caller
    account, plan = await asyncio.gather(
        accounts.find_account(caller, account_id), plans.find_plan(caller, account_id)
    )
    typed = _with_countries(typed_form(form), form)
    changing = _Changing(browser, account, plan, typed, shown_by(form))
    if form.text("action") == "change":
        return await changing.change(form)
    found = await changing.quote()
    return await changing.show(found, request=form.request_id(), version=version_of(form))


def _with_countries(typed: Typed, form: Form) -> Typed:
    action, _, country = form.text("action").partition(":")
    countries = dict(typed.countries)
    if action == "close-country":
        countries.pop(country, None)
    opened = form.text("open_country")
    if action == "open-country" and is_country(opened):
        countries.setdefault(opened, "")
    by_name = sorted(countries.items(), key=lambda item: place_in_list(item[0]))
    return Typed(typed.fields, dict(by_name[:COUNTRIES_PER_PLAN_MAX]))


@dataclass(frozen=True, slots=True)
class _Changing:
    """The page while one of its buttons is answered."""

    browser: Browser
    account: Account
    plan: Plan
    typed: Typed
    shown: Mapping[str, str]
    """What the form began with."""

    async def quote(self) -> Quoted:
        """Return what the change would charge."""
        fields = plan_fields(self.typed.countries)
        return await quoted_change(self.browser.caller, self.typed, self.plan, fields)

    async def change(self, form: Form) -> Response:
        """Change the plan, once, if the charge is the one that was seen."""
        request, version = form.request_id(), version_of(form)
        found = await self.quote()
        patch = seen_patch(form)
        if version == self.plan.version or patch is None:
            errors = refusals_of(found, form)
            if errors or patch is None:
                return await self.show(
                    found, request=request, version=version, errors=errors, status=422
                )
        return await self._change(found, patch, request, version)

    async def _change(
        self, found: Quoted, patch: PlanPatch, request: str, version: int
    ) -> Response:
        key = RequestKey(f"PATCH /accounts/{self.account.id}/plan", request)
        try:
            await plans.change_plan(self.browser.caller, self.account.id, version, patch, key)
        except Refused as refusal:
            if refusal.problem.code == "version-conflict":
                return await self._show_both(request, status_of(refusal))
            if refusal.problem.code == "quote-changed":
                found = await self.quote()
            errors = form_errors(refusal, plan_fields(self.typed.countries))
            return await self.show(
                found, request=request, version=version, errors=errors, status=status_of(refusal)
            )
        said = f"The service plan is changed.{charged(found.quote)}"
        return await self.browser.go(self.browser.account_url(self.account.id), said)

    async def _show_both(self, request: str, status: int) -> Response:
        """Show what was typed over the plan as someone else has changed it, with a new quote."""
        stored = texts_of(typed_plan(self.plan))
        both = typed_form(Form.of(merged(texts_of(self.typed), self.shown, stored).items()))
        again = replace(self, typed=both, shown=stored)
        return await again.show(
            await again.quote(),
            request=request,
            version=self.plan.version,
            status=status,
            overtaken=True,
        )

    async def show(
        self,
        found: Quoted,
        *,
        request: str = "",
        version: int = 0,
        errors: Mapping[str, str] | None = None,
        status: int = 200,
        overtaken: bool = False,
    ) -> Response:
        """Answer with the page as it is typed."""
        caller, plan, fields = self.browser.caller, self.plan, self.typed.fields
        sheets, lowest = await asyncio.gather(
            usable_sheets(caller), lowest_rates(caller, fields.rate_sheet_id)
        )
        sheet = next((one for one in sheets if one.id == fields.rate_sheet_id), None)
        page = ChangePlanPage(
            id=self.account.id,
            name=self.account.name,
            plan_name=plan.name,
            currency=plan.currency,
            version=str(version or plan.version),
            request=request or new_request_id(),
            shown_fields=shown_text(self.shown),
            fields=fields,
            countries=tuple(
                open_country(country, minutes, lowest)
                for country, minutes in self.typed.countries.items()
            ),
            closed=_closed(self.typed, lowest, plan.currency),
            sheets=_choices(sheets, plan),
            sheet=sheet_summary(sheet) if sheet else None,
            numbers=assigned_numbers(plan),
            scheduled_changes=plan.scheduled_changes,
            next_renewal=plan.next_renewal,
            shown=shown_quote(found, _doing, NOTHING_YET),
            overtaken=overtaken,
            errors=errors or {},
        )
        return await self.browser.show(page, status)


def _doing(_: PlanChangeQuote | None) -> str:
    return "Change plan"


def _choices(sheets: list[RateSheet], plan: Plan) -> tuple[Choice, ...]:
    """Return the sheets that may be chosen, and the plan's own though it is archived."""
    priced = [one for one in sheets if one.currency == plan.currency]
    choices = [Choice(value=one.id, label=one.name) for one in priced]
    if plan.rate_sheet_id and all(one.id != plan.rate_sheet_id for one in sheets):
        label = f"{plan.rate_sheet_name} (archived)"
        choices.append(Choice(value=plan.rate_sheet_id, label=label))
    return tuple(choices)


def _closed(
    typed: Typed, lowest: Mapping[str, tuple[int, int | None]], currency: str
) -> tuple[Choice, ...]:
    codes = sorted((code for code in lowest if code not in typed.countries), key=place_in_list)
    return tuple(
        Choice(
            value=code,
            label=f"{country_name(code)}, from {rate(lowest[code][0], currency, lowest[code][1])}",
        )
        for code in codes
    )
