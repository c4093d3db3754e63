"""Page 2 of the wizard: each button changes the draft, which is kept; the last one submits it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import COUNTRIES_PER_PLAN_MAX, NUMBERS_PER_PLAN_MAX
from contracts.values import decimal_text
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.schemas import ReservationBody
from gateway.features.opening import actions as opening
from gateway.features.opening.draft import (
    BASIC_INFO_FIELDS,
    CREDIT_FIELDS,
    Draft,
    account_of,
    change_draft,
    find_draft,
    note_submitted,
)
from gateway.features.opening.pages.basic_info import LIST, basic_page, current_draft, discard
from gateway.features.opening.plan_page import Chosen, PlanDialog, Quoted, plan_page, quoted
from gateway.http.schemas import NUMBER_CHARACTERS_MAX
from gateway.identity.caller import RequestKey
from gateway.portal.browser import Browser, ResellerBrowser, see
from gateway.portal.forms import (
    Form,
    SentForm,
    form_errors,
    new_request_id,
    one_of,
    seen_total,
    shown_errors,
    status_of,
)
from gateway.portal.kept_forms import BASIC, PLAN
from gateway.portal.limits import SEARCH_CHARACTERS_MAX
from gateway.portal.reading import Reading

DIALOGS: Final[tuple[PlanDialog, ...]] = get_args(PlanDialog)
NOTHING_CHOSEN: Final = Chosen()
OTHER_WINDOW: Final = (
    "This draft was submitted, discarded or started again in another window. "
    "This is the draft as it’s stored now. Check it before you submit."
)
OPENED_BEFORE: Final = (
    "An account was already opened from this draft before you changed it. "
    "Look for it in the list of accounts. Submit again only if you want another one."
)

router = APIRouter(include_in_schema=False)


@router.get(PLAN)
async def show_plan(browser: ResellerBrowser) -> Response:
    """Ask what the customer gets and pays; whoever skipped page 1 is led back to it."""
    draft, account = await current_draft(browser.caller)
    if account is not None:
        return see(f"{LIST}/{account.id}")
    if not draft.checked:
        return see(BASIC)
    dialog = one_of(DIALOGS, browser.request.query_params.get("dialog", "")) or ""
    return await _Page(browser, draft, Form.empty()).show(Chosen(dialog))


@router.post(PLAN)
async def change_plan(browser: ResellerBrowser, form: SentForm) -> Response:
    """Keep page 2, and do what its button says."""
    draft = await find_draft(browser.caller)
    if draft is None or not draft.checked:
        return see(BASIC)
    if (account := await account_of(browser.caller, form.request_id())) is not None:
        return see(f"{LIST}/{account.id}")
    page = _Page(browser, draft, form)
    if form.text("request") not in ("", draft.request):
        return await page.show(errors={"": OTHER_WINDOW}, status=409)
    await page.keep(**draft.typed_plan(form))
    action, _, about = form.text("action").partition(":")
    return await ACTIONS.get(action, _Page.quote)(page, about)


@dataclass(slots=True)
class _Page:
    """Page 2 while one of its buttons is answered."""

    browser: Browser
    draft: Draft
    form: Form

    async def keep(self, **fields: object) -> None:
        """Go on with some fields of the draft changed."""
        if fields:
            self.draft = await change_draft(self.browser.caller, self.draft, **fields)

    async def show(
        self,
        chosen: Chosen = NOTHING_CHOSEN,
        *,
        quote: Quoted | None = None,
        errors: Mapping[str, str] | None = None,
        status: int = 422,
    ) -> Response:
        """Answer with the page; the status is for when there are errors."""
        quote = quote or await quoted(self.browser.caller, self.draft)
        page = await plan_page(self.browser.caller, self.draft, chosen, quote, errors)
        return await self.browser.show(page, status if errors else 200)

    async def quote(self, _: str) -> Response:
        """Work out the charge."""
        return await self.show()

    async def back(self, _: str) -> Response:
        """Go to page 1; the draft keeps everything."""
        return see(BASIC)

    async def discard(self, _: str) -> Response:
        """Forget the draft."""
        return await discard(self.browser, self.draft)

    async def ask(self, dialog: PlanDialog) -> Response:
        """Open a dialog: a page of its own when there is no script."""
        if self.browser.wants_part:
            return await self.show(Chosen(dialog))
        return see(f"{PLAN}?dialog={dialog}")

    # --- credit -----------------------------------------------------------------------------

    async def set_credit(self, _: str) -> Response:
        """Take the credit over, unless billing would not; an empty amount takes it away."""
        reading = Reading(self.browser.user.currency)
        typed = self.form.text("credit_amount")
        note = self.form.text("credit_note")
        amount = reading.amount(typed, "/credit/amount", "the credit") if typed else ""
        update = {"credit_amount": amount, "credit_note": note}
        quote = await quoted(self.browser.caller, self.draft.model_copy(update=update))
        wrong = {name: text for name, text in quote.errors.items() if name in update}
        errors = {**wrong, **shown_errors((*reading.errors, *self.form.unread), CREDIT_FIELDS)}
        if errors:
            return await self.show(Chosen("credit", credit=(typed, note)), errors=errors)
        await self.keep(**update)
        return await self.show(quote=quote)

    # --- numbers ----------------------------------------------------------------------------

    async def choose_numbers(self, _: str) -> Response:
        """Hold the ticked numbers."""
        return await self._hold(self._ticked_numbers())

    def _ticked_numbers(self) -> tuple[str, ...]:
        return self.form.texts("choose_number", NUMBERS_PER_PLAN_MAX, NUMBER_CHARACTERS_MAX)

    async def remove_number(self, number: str) -> Response:
        """Let go of one number."""
        return await self._hold(
            tuple(one.number for one in self.draft.numbers if one.number != number)
        )

    async def _hold(self, wanted: tuple[str, ...]) -> Response:
        """Keep exactly these numbers for 15 minutes, or all as it is when one cannot be had."""
        key = RequestKey("POST /numbers/reservations", new_request_id())
        body = ReservationBody(numbers=wanted, reservation_id=self.draft.reservation_id)
        try:
            hold = await numbers.reserve_numbers(self.browser.caller, body, key)
        except Refused as refusal:
            return await self._refused_numbers(Chosen("numbers"), refusal)
        await self.keep(
            numbers=hold.numbers, reservation_id=hold.id, reserved_until=hold.expires_at
        )
        return await self.show()

    async def search_numbers(self, _: str) -> Response:
        """Show what matches the search, with the ticked numbers still ticked."""
        search = self.form.text("number_search", SEARCH_CHARACTERS_MAX)
        chosen = Chosen("numbers", number_search=search)
        wanted = self._ticked_numbers()
        try:
            priced = await numbers.price_numbers(
                self.browser.caller, wanted, self.draft.reservation_id
            )
        except Refused as refusal:
            return await self._refused_numbers(chosen, refusal)
        return await self.show(replace(chosen, numbers=priced.numbers))

    async def _refused_numbers(self, chosen: Chosen, refusal: Refused) -> Response:
        errors = form_errors(refusal, {"": "choose_number"})
        return await self.show(chosen, errors=errors, status=status_of(refusal))

    # --- countries --------------------------------------------------------------------------

    async def open_countries(self, _: str) -> Response:
        """Open the ticked countries."""
        ticked = self.form.texts("choose_country", COUNTRIES_PER_PLAN_MAX)
        await self.keep(countries=self.draft.with_countries(ticked))
        return await self.show()

    async def close_country(self, country: str) -> Response:
        """Close a country."""
        await self.keep(countries=self.draft.without_country(country))
        return await self.show()

    async def search_countries(self, _: str) -> Response:
        """Show what matches the search, with the ticked countries still ticked."""
        ticked = self.form.texts("choose_country", COUNTRIES_PER_PLAN_MAX)
        search = self.form.text("country_search", SEARCH_CHARACTERS_MAX)
        return await self.show(Chosen("countries", countries=ticked, country_search=search))

    # --- submitting -------------------------------------------------------------------------

    async def submit(self, _: str) -> Response:
        """Open the account, once, however often the button is pressed."""
        caller, draft = self.browser.caller, self.draft
        reading = Reading(caller.user.currency)
        body = draft.to_body(reading)
        if reading.errors:
            return await self._refused((await quoted(caller, draft)).errors, 422)
        body = body.model_copy(update={"expected_total": seen_total(self.form)})
        try:
            account = await opening.open_account(caller, body, draft.request_key)
        except Refused as refusal:
            if refusal.problem.code == "idempotency-key-reused":
                # An earlier submit did work, though its answer was lost.
                await self.keep(request=new_request_id())
                return await self.show(errors={"": OPENED_BEFORE}, status=409)
            errors = form_errors(refusal, draft.form_fields)
            return await self._refused(errors, status_of(refusal))
        await note_submitted(caller, draft, account)
        return see(f"{LIST}/{account.id}")

    async def _refused(self, errors: Mapping[str, str], status: int) -> Response:
        """Show what needs correcting, on the page and in the dialog where it is corrected."""
        if set(errors) & set(BASIC_INFO_FIELDS.values()):
            return await self.browser.show(basic_page(self.draft, errors), status)
        if set(errors) != {"credit_amount"}:
            return await self.show(errors=errors, status=status)
        found = await quoted(self.browser.caller, self.draft)
        return await self.show(self._enough_for(found), quote=found, errors=errors, status=status)

    def _enough_for(self, found: Quoted) -> Chosen:
        """Return the dialog of the credit with as much in it as a quote needs."""
        quote = found.quote
        if quote is None or quote.balance_after >= 0:
            return Chosen("credit")
        amount = decimal_text(quote.credit - quote.balance_after)
        return Chosen("credit", credit=(amount, self.draft.credit_note))


ACTIONS: Final[Mapping[str, Callable[[_Page, str], Awaitable[Response]]]] = {
    "quote": _Page.quote,
    "ask-credit": lambda page, _: page.ask("credit"),
    "ask-numbers": lambda page, _: page.ask("numbers"),
    "ask-countries": lambda page, _: page.ask("countries"),
    "ask-discard": lambda page, _: page.ask("discard"),
    "credit": _Page.set_credit,
    "numbers": _Page.choose_numbers,
    "search-numbers": _Page.search_numbers,
    "remove-number": _Page.remove_number,
    "countries": _Page.open_countries,
    "search-countries": _Page.search_countries,
    "close-country": _Page.close_country,
    "back": _Page.back,
    "discard": _Page.discard,
    "submit": _Page.submit,
}
