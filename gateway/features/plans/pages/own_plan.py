"""The service plan of one's own account: looked at, and users bought or given back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import Plan, PlanChangeQuote
from gateway.features.accounts import actions as accounts
from gateway.features.people.heads import settings_head
from gateway.features.plans import actions as plans
from gateway.features.plans.plan_change import (
    Quoted,
    Typed,
    charged,
    quoted_change,
    refusals_of,
    seen_patch,
    shown_quote,
    typed_plan,
)
from gateway.features.plans.schemas import PlanPatch
from gateway.features.plans.summary import find_plan, plan_bundles, plan_summary
from gateway.features.plans.views import PlanTab, ServiceLine
from gateway.identity.caller import RequestKey
from gateway.portal.browser import AccountBrowser, Browser
from gateway.portal.formatting import phone, plural
from gateway.portal.forms import (
    Form,
    SentForm,
    fields_named,
    form_errors,
    new_request_id,
    status_of,
)
from gateway.portal.frame import PLATFORM_NAME
from gateway.portal.merging import version_of

PATH: Final = "/my/plan"
NOTHING_YET: Final = "Change the number of users to see today’s charge."
FIELDS: Final = fields_named("users")

router = APIRouter(prefix=PATH, include_in_schema=False)


@router.get("")
async def show_own_plan(browser: AccountBrowser) -> Response:
    """Show what one's account pays each month, and the minutes left of its bundles."""
    account = await accounts.find_own_account(browser.caller)
    plan = await find_plan(browser.caller, account.id)
    if plan is None:
        parent = account.parent_name or PLATFORM_NAME
        head = await settings_head(browser, account)
        return await browser.show(PlanTab(head=head, parent=parent, plan=None))
    return await _Tab(browser, account, plan, typed_plan(plan)).show(Quoted())


@router.post("")
async def change_users(browser: AccountBrowser, form: SentForm) -> Response:
    """Work out what another number of users charges, or change it, as the button says."""
    caller = browser.caller
    account = await accounts.find_own_account(caller)
    plan = await plans.find_plan(caller, account.id)
    as_it_is = typed_plan(plan)
    typed = replace(as_it_is, fields=replace(as_it_is.fields, users=form.text("users")))
    tab = _Tab(browser, account, plan, typed)
    found = await quoted_change(caller, typed, plan, FIELDS)
    if form.text("action") != "change":
        return await tab.show(found, request=form.request_id(), version=version_of(form))
    return await tab.change(found, form)


@dataclass(frozen=True, slots=True)
class _Tab:
    """The tab while one of its buttons is answered."""

    browser: Browser
    account: Account
    plan: Plan
    typed: Typed

    async def change(self, found: Quoted, form: Form) -> Response:
        """Change the number of users, once, if the charge is the one that was seen."""
        request, version, seen = form.request_id(), version_of(form), seen_patch(form)
        if version == self.plan.version or seen is None:
            errors = refusals_of(found, form)
            if errors or seen is None:
                return await self.show(found, request, version, errors=errors, status=422)
        bound = {"expected_total": seen.expected_total}  # micro-units: a person would write text
        patch = PlanPatch(users=seen.users).model_copy(update=bound)
        key = RequestKey(f"PATCH /accounts/{self.account.id}/plan", request)
        try:
            plan = await plans.change_plan(
                self.browser.caller, self.account.id, version, patch, key
            )
        except Refused as refusal:
            if refusal.problem.code == "quote-changed":
                found = await quoted_change(self.browser.caller, self.typed, self.plan, FIELDS)
            overtaken = refusal.problem.code == "version-conflict"
            return await self.show(
                found,
                request,
                self.plan.version if overtaken else version,
                errors={} if overtaken else form_errors(refusal, FIELDS),
                status=status_of(refusal),
                overtaken=overtaken,
            )
        said = f"You have {plural(plan.users, 'user')} now.{charged(found.quote)}"
        return await self.browser.go(PATH, said)

    async def show(
        self,
        found: Quoted,
        request: str = "",
        version: int = 0,
        *,
        errors: Mapping[str, str] | None = None,
        status: int = 200,
        overtaken: bool = False,
    ) -> Response:
        """Answer with the tab as it is typed."""
        plan = self.plan
        head = await settings_head(self.browser, self.account)
        page = PlanTab(
            head=head,
            parent=self.account.parent_name or PLATFORM_NAME,
            plan=plan_summary(plan),
            lines=(
                ServiceLine(text="Users", quantity=plan.users, unit_cost=plan.cost_per_user),
                *(
                    ServiceLine(text=phone(one.number), quantity=1, unit_cost=one.monthly_fee)
                    for one in plan.numbers
                ),
            ),
            bundles=plan_bundles(plan),
            users=self.typed.fields.users,
            changeable=self.account.status == "active",
            version=str(version or plan.version),
            request=request or new_request_id(),
            shown=shown_quote(found, self._doing, NOTHING_YET),
            overtaken=overtaken,
            errors=errors or {},
        )
        return await self.browser.show(page, status)

    def _doing(self, quote: PlanChangeQuote | None) -> str:
        typed = self.typed.fields.users
        if quote is None or not typed.isdecimal():
            return "Change users"
        more = int(typed) - self.plan.users
        return f"{'Add' if more > 0 else 'Remove'} {plural(abs(more), 'user')}"
