"""Service plans of accounts that are open: looked at, quoted, changed."""

from typing import Final

from accounts_manager.formatting import money
from contracts.accounts import FindAccount
from contracts.base import FieldError, Refused
from contracts.billing import (
    AddPlanNumbers,
    ChangePlan,
    FindPlan,
    Plan,
    PlanChange,
    PlanChangeQuote,
    PricedNumber,
    QuoteNewPlan,
    QuoteNumbers,
    QuotePlanChange,
    RemovePlanNumber,
    StartPlan,
    TakeNumberBack,
)
from contracts.numbers import PriceNumbers, ReserveNumbers
from gateway.features.plans.schemas import NewPlanBody, NumbersOrderBody, PlanPatch
from gateway.http.problems import RefusedWith
from gateway.identity.caller import Caller, RequestKey, action

PRICED_AT: Final = "/plan"
"""Numbers says where they stand in the body of a new account; here they stand at its top."""


@action("operator", "reseller", "customer")
async def find_plan(caller: Caller, account_id: str) -> Plan:
    """Return the plan of an account, for its parent or its administrator."""
    return await caller.ask(FindPlan(account_id=account_id))


# --- the first one -------------------------------------------------------------------------------


@action("operator", "reseller")
async def quote_new_plan(caller: Caller, account_id: str, body: NewPlanBody) -> PlanChangeQuote:
    """Tell what a first plan would charge an account that has none."""
    try:
        return await caller.ask(QuoteNewPlan(account_id=account_id, plan=body.to_contract()))
    except Refused as refusal:
        raise _about_this_body(refusal) from None


@action("operator", "reseller", changes=True)
async def start_plan(
    caller: Caller, account_id: str, body: NewPlanBody, request_key: RequestKey
) -> Plan:
    """Give an account its first plan, and charge the first month.

    Refused with `insufficient-credit` or `quote-changed` and the quote.
    """
    command = StartPlan(
        account_id=account_id, plan=body.to_contract(), expected_total=body.expected_total
    )
    try:
        return await caller.ask(command, request_key=request_key)
    except Refused as refusal:
        if refusal.problem.code not in ("insufficient-credit", "quote-changed"):
            raise _about_this_body(refusal) from None
        raise _with_quote(refusal, await quote_new_plan(caller, account_id, body)) from None


# --- users, prices, rates, countries ----------------------------------------------------------


@action("operator", "reseller", "customer")
async def quote_plan_change(caller: Caller, account_id: str, change: PlanChange) -> PlanChangeQuote:
    """Tell what a change would charge today; refused with every field that is wrong."""
    return await caller.ask(QuotePlanChange(account_id=account_id, change=change))


@action("operator", "reseller", "customer", changes=True)
async def change_plan(
    caller: Caller, account_id: str, version: int, patch: PlanPatch, request_key: RequestKey
) -> Plan:
    """Change a plan unless someone else has since that version, and charge it today.

    Refused with the quote when the credit does not cover it (`insufficient-credit`) or when it
    comes to another total than the expected one (`quote-changed`).
    """
    change = patch.change()
    command = ChangePlan(
        account_id=account_id,
        version=version,
        change=change,
        expected_total=patch.expected_total,
    )
    try:
        return await caller.ask(command, request_key=request_key)
    except Refused as refusal:
        if refusal.problem.code not in {"insufficient-credit", "quote-changed"}:
            raise
        quote = await quote_plan_change(caller, account_id, change)
        raise _with_quote(refusal, quote) from None


def _with_quote(refusal: Refused, quote: PlanChangeQuote) -> Refused:
    problem = refusal.problem
    return RefusedWith(
        problem.code, problem.detail, problem.errors, quote=quote.model_dump(mode="json")
    )


# --- numbers ----------------------------------------------------------------------------------


@action("operator", "reseller", "customer")
async def find_numbers(caller: Caller, account_id: str) -> tuple[PricedNumber, ...]:
    """Return the numbers of an account, for its parent or its administrator."""
    try:
        return (await caller.ask(FindPlan(account_id=account_id))).numbers
    except Refused as refusal:
        if refusal.problem.code != "not-found":
            raise
    # An account without a plan has no numbers; one that is not there is refused here.
    await caller.ask(FindAccount(account_id=account_id))
    return ()


@action("operator", "reseller")
async def quote_numbers(caller: Caller, account_id: str, body: NumbersOrderBody) -> PlanChangeQuote:
    """Tell what spare numbers would charge an account; refused when one is not to be had."""
    await caller.ask(FindPlan(account_id=account_id))
    try:
        priced = await caller.ask(
            PriceNumbers(numbers=body.numbers, reservation_id=body.reservation_id)
        )
    except Refused as refusal:
        raise _about_this_body(refusal) from None
    return await caller.ask(QuoteNumbers(account_id=account_id, numbers=priced.numbers))


def _about_this_body(refusal: Refused) -> Refused:
    problem = refusal.problem
    errors = tuple(
        error.model_copy(update={"pointer": error.pointer.removeprefix(PRICED_AT)})
        for error in problem.errors
    )
    return Refused(problem.code, problem.detail, errors)


@action("operator", "reseller", changes=True)
async def add_numbers(
    caller: Caller, account_id: str, body: NumbersOrderBody, request_key: RequestKey
) -> Plan:
    """Add spare numbers to the plan of an account, and charge them: all of them or none.

    What can be refused is refused before a number is held, so that none stays held; a hold that
    another order overtakes ends by itself.
    """
    hold = ReserveNumbers(reservation_id=body.reservation_id, numbers=body.numbers)
    hold_key = RequestKey(f"{request_key.place} hold", request_key.value)
    refused: Refused | None = None
    try:
        _refuse_other(await quote_numbers(caller, account_id, body), body.expected_total)
    except Refused as refusal:
        # When the request comes a second time, the numbers are taken: by this very account.
        refused = refusal
    try:
        held = await caller.ask(hold, request_key=hold_key, receipt_only=refused is not None)
        command = AddPlanNumbers(
            account_id=account_id,
            reservation_id=held.id,
            numbers=held.numbers,
            expected_total=body.expected_total,
        )
        answer = await caller.answered_before(command, request_key) if refused is not None else None
    except Refused as unknown:
        if refused is not None and unknown.problem.code == "not-found":
            raise refused from None
        raise
    if refused is not None and answer is None:
        # held for it the first time, but not charged then: quoted again, its own hold in mind
        mine = body.model_copy(update={"reservation_id": held.id})
        try:
            _refuse_other(await quote_numbers(caller, account_id, mine), body.expected_total)
        except Refused:
            # the same request, sent twice at once, may have been carried out since it was asked
            answer = await caller.answered_before(command, request_key)
            if answer is None:
                raise
    return answer or await caller.ask(command, request_key=request_key)


def _refuse_other(quote: PlanChangeQuote, expected_total: int | None) -> None:
    """Refuse what the credit does not cover, or what comes to another total than the expected."""
    if quote.sufficient_credit and expected_total not in {None, quote.total}:
        total = money(quote.total, quote.currency)
        detail = f"This now costs {total}, so no number was added. Check it and order again."
        raise _with_quote(Refused("quote-changed", detail), quote)
    if quote.sufficient_credit:
        return
    total, missing = (
        money(amount, quote.currency) for amount in (quote.total, quote.total - quote.available)
    )
    detail = f"This costs {total}. Add {missing} of credit first."
    error = FieldError(pointer="/numbers", type="insufficient-credit", detail=detail)
    raise _with_quote(Refused("insufficient-credit", detail, (error,)), quote)


@action("operator", "reseller", changes=True)
async def take_number_back(
    caller: Caller,
    account_id: str,
    number: str,
    expected_total: int | None,
    request_key: RequestKey,
) -> Plan:
    """Put a number that was removed back in the plan of its account, while it is in quarantine."""
    command = TakeNumberBack(account_id=account_id, number=number, expected_total=expected_total)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def remove_number(
    caller: Caller, account_id: str, number: str, request_key: RequestKey
) -> Plan:
    """Take a number from an account: it is in quarantine for 30 days; nothing is refunded."""
    command = RemovePlanNumber(account_id=account_id, number=number)
    return await caller.ask(command, request_key=request_key)
