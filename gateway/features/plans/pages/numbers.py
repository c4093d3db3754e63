"""The numbers of an account, as its parent adds spare ones and takes them away."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import NUMBERS_PER_PLAN_MAX, Plan, PlanChangeQuote
from contracts.numbers import ListNumbers, StockNumber, StockPage
from contracts.values import PAGE_ITEMS_MAX
from gateway.features.accounts import actions as accounts
from gateway.features.numbers import actions as numbers
from gateway.features.opening.views import SpareNumber
from gateway.features.plans import actions as plans
from gateway.features.plans.plan_change import (
    UNSEEN,
    Quoted,
    charged,
    quoted,
    quoted_total,
    shown_quote,
)
from gateway.features.plans.schemas import NumbersOrderBody
from gateway.features.plans.summary import assigned_numbers
from gateway.features.plans.views import AccountNumbersPage
from gateway.http.schemas import NUMBER_CHARACTERS_MAX
from gateway.identity.caller import RequestKey
from gateway.portal.browser import Browser, ResellerBrowser
from gateway.portal.formatting import phone, plural
from gateway.portal.forms import SUM_CHARACTERS_MAX, Form, SentForm, form_errors, status_of
from gateway.portal.limits import SEARCH_CHARACTERS_MAX

CHANGEABLE: Final = ("active", "disabled", "suspended")
NOTHING_TICKED: Final = "Select numbers to see what they cost today."
NOT_QUARANTINED: Final = "This number can’t be taken back any more. Add it once it is spare."
NOT_ITS_NUMBER: Final = "The account no longer has this number."
FIELDS: Final = {"/numbers": "choose_number"}

router = APIRouter(prefix="/accounts/{account_id}/numbers", include_in_schema=False)


@router.get("")
async def show_numbers(account_id: str, browser: ResellerBrowser) -> Response:
    """List the numbers of an account, and spare ones that it could have."""
    removing = browser.request.query_params.get("remove", "")[:NUMBER_CHARACTERS_MAX]
    page = await _page_of(browser, account_id, Form.empty())
    return await page.show(removing=removing)


@router.post("")
async def add_numbers(account_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Search spare numbers, work out what the ticked ones charge, or add them, as asked."""
    page = await _page_of(browser, account_id, form)
    found = await page.quote()
    if form.text("action") != "add":
        return await page.show(found)
    if not page.ticked:
        return await page.show(found, {"choose_number": "Select the numbers to add."}, 422)
    if found.quote is not None and form.text("seen") != found.seen:
        return await page.show(found, {"": UNSEEN}, 422)
    key = RequestKey(f"POST /accounts/{page.account.id}/numbers", form.request_id())
    order = page.order.model_copy(update={"expected_total": quoted_total(form)})
    try:
        await plans.add_numbers(browser.caller, page.account.id, order, key)
    except Refused as refusal:
        if refusal.problem.code == "quote-changed":
            found = await page.quote()
        return await page.show(found, form_errors(refusal, FIELDS), status_of(refusal))
    said = f"{plural(len(page.ticked), 'number')} added.{charged(found.quote)}"
    return await browser.go(f"/accounts/{page.account.id}/numbers", said)


@router.post("/remove")
async def remove_number(account_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Take a number from the account: it goes to quarantine, and nothing is refunded."""
    account = await accounts.find_account(browser.caller, account_id)
    number = form.text("number", NUMBER_CHARACTERS_MAX)
    plan = await plans.find_plan(browser.caller, account.id)
    address = f"/accounts/{account.id}/numbers"
    request = form.request_id()
    if all(one.number != number for one in plan.numbers):
        return await browser.go(address, NOT_ITS_NUMBER)
    key = RequestKey(f"DELETE {address}", request)
    try:
        await plans.remove_number(browser.caller, account.id, number, key)
    except Refused as refusal:
        page = await _page_of(browser, account.id, Form.empty())
        return await page.show(
            errors=form_errors(refusal, {}), status=status_of(refusal), removing=number
        )
    return await browser.go(
        address, f"{phone(number)} is removed. You can take it back for 30 days."
    )


@router.post("/take-back")
async def take_number_back(account_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Put a number in quarantine back in the account's plan, at the charge that was shown."""
    account = await accounts.find_account(browser.caller, account_id)
    address = f"/accounts/{account.id}/numbers"
    number = form.text("number", NUMBER_CHARACTERS_MAX)
    plan = await plans.find_plan(browser.caller, account.id)
    if all(one.number != number for one in plan.quarantined_numbers):
        return await browser.go(address, NOT_QUARANTINED)
    seen = form.text("charge")
    expected = int(seen) if seen.isdecimal() and len(seen) <= SUM_CHARACTERS_MAX else 0
    key = RequestKey(f"POST {address}/take-back", form.request_id())
    try:
        await plans.take_number_back(browser.caller, account.id, number, expected, key)
    except Refused as refusal:
        page = await _page_of(browser, account.id, Form.empty())
        return await page.show(errors=form_errors(refusal, {}), status=status_of(refusal))
    return await browser.go(address, f"{phone(number)} is back in the account.")


async def _page_of(browser: Browser, account_id: str, form: Form) -> "_Page":
    caller = browser.caller
    account, plan = await asyncio.gather(
        accounts.find_account(caller, account_id), plans.find_plan(caller, account_id)
    )
    return _Page(browser, account, plan, form)


@dataclass(frozen=True, slots=True)
class _Page:
    """The page while one of its buttons is answered."""

    browser: Browser
    account: Account
    plan: Plan
    form: Form

    @property
    def ticked(self) -> tuple[str, ...]:
        """The numbers that are ticked."""
        return self.form.texts("choose_number", NUMBERS_PER_PLAN_MAX, NUMBER_CHARACTERS_MAX)

    @property
    def order(self) -> NumbersOrderBody:
        """The ticked numbers as they are ordered; some are ticked."""
        return NumbersOrderBody(numbers=self.ticked)

    async def quote(self) -> Quoted:
        """Ask what the ticked numbers charge; nothing when none is."""
        if not self.ticked:
            return Quoted()
        ask = plans.quote_numbers(self.browser.caller, self.account.id, self.order)
        return await quoted(ask, FIELDS)

    async def show(
        self,
        found: Quoted | None = None,
        errors: Mapping[str, str] | None = None,
        status: int = 200,
        *,
        removing: str = "",
    ) -> Response:
        """Answer with the page; what is ticked stays ticked, whatever is searched for."""
        search = self.form.text("number_search", SEARCH_CHARACTERS_MAX)
        query = ListNumbers(state="available", search=search, limit=PAGE_ITEMS_MAX)
        spare = await numbers.list_numbers(self.browser.caller, query)
        own = assigned_numbers(self.plan)
        page = AccountNumbersPage(
            id=self.account.id,
            name=self.account.name,
            currency=self.plan.currency,
            changeable=self.account.status in CHANGEABLE,
            numbers=own,
            spare=_spare(spare, await self._ticked_numbers(spare)),
            more_spare=spare.next is not None,
            search=search,
            request=self.form.request_id(),
            shown=shown_quote(found or Quoted(), self._doing, NOTHING_TICKED),
            removing=removing if any(one.e164 == removing for one in own) else "",
            quarantined=self.plan.quarantined_numbers,
            zone=self.account.time_zone,
            errors=errors or {},
        )
        return await self.browser.show(page, status)

    def _doing(self, _: PlanChangeQuote | None) -> str:
        return f"Add {plural(len(self.ticked), 'number')}" if self.ticked else "Add numbers"

    async def _ticked_numbers(self, spare: StockPage) -> tuple[SpareNumber, ...]:
        """Return the ticked numbers with their fees; those that are gone are ticked no more."""
        listed = {one.number for one in spare.data}
        hidden = tuple(one for one in self.ticked if one not in listed)
        known = await self._priced(hidden)
        shown = tuple(_number(one, chosen=True) for one in spare.data if one.number in self.ticked)
        return (*known, *shown)

    async def _priced(self, wanted: tuple[str, ...]) -> tuple[SpareNumber, ...]:
        if not wanted:
            return ()
        try:
            priced = await numbers.price_numbers(self.browser.caller, wanted, None)
        except Refused as refusal:
            form_errors(refusal, {})
            return ()
        return tuple(
            SpareNumber(
                e164=one.number,
                monthly_fee=one.monthly_fee,
                setup_fee=one.setup_fee,
                chosen=True,
            )
            for one in priced.numbers
        )


def _spare(page: StockPage, ticked: tuple[SpareNumber, ...]) -> tuple[SpareNumber, ...]:
    chosen = {one.e164 for one in ticked}
    others = (_number(one, chosen=False) for one in page.data if one.number not in chosen)
    return (*ticked, *others)


def _number(one: StockNumber, *, chosen: bool) -> SpareNumber:
    return SpareNumber(
        e164=one.number,
        monthly_fee=one.monthly_fee,
        setup_fee=one.setup_fee,
        locality=one.locality,
        chosen=chosen,
    )
