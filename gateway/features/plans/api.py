"""The service plan of an account that is open, and its numbers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contracts.billing import Plan, PlanChangeQuote
from contracts.values import PhoneNumber
from gateway.features.plans import actions as plans
from gateway.features.plans.schemas import (
    NewPlanBody,
    NumberList,
    NumbersOrderBody,
    PlanPatch,
    TakeBackBody,
)
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import (
    JSON,
    KEY_PROBLEMS,
    MERGE_PATCH,
    IfMatch,
    RequiredKey,
    etag,
    may,
    version_to_change,
)
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1/accounts/{account_id}", tags=["plans"], route_class=WholeBodyRoute)

QUOTE_PROBLEMS = ("not-found", "account-not-active", "currency-mismatch")
CHANGE_PROBLEMS = (
    *QUOTE_PROBLEMS,
    "insufficient-credit",
    "quote-changed",
    "account-disabled",
    *KEY_PROBLEMS,
)
NEW_PROBLEMS = (*QUOTE_PROBLEMS, "plan-exists", "plan-name-taken")
NUMBER_PROBLEMS = ("number-taken", "reservation-expired")


@router.get("/plan", responses=refusals("not-found"))
async def find_plan(
    caller: Annotated[Caller, Depends(may(plans.find_plan))], account_id: str, response: Response
) -> Plan:
    """Show the service plan; `scheduled_changes` says what the next period changes."""
    return _tagged(response, await plans.find_plan(caller, account_id))


@router.post("/plan/new/quote", responses=refusals(*NEW_PROBLEMS, body=True))
async def quote_new_plan(
    caller: Annotated[Caller, Depends(may(plans.quote_new_plan))],
    account_id: str,
    body: NewPlanBody,
) -> PlanChangeQuote:
    """Tell what a first plan would charge an account that has none; nothing changes."""
    return await plans.quote_new_plan(caller, account_id, body)


@router.post(
    "/plan",
    status_code=201,
    responses=refusals(
        *NEW_PROBLEMS,
        "quote-changed",
        "insufficient-credit",
        "account-disabled",
        *KEY_PROBLEMS,
        body=True,
    ),
)
async def start_plan(
    caller: Annotated[Caller, Depends(may(plans.start_plan))],
    account_id: str,
    body: NewPlanBody,
    key: RequiredKey,
    response: Response,
) -> Plan:
    """Give an account its first service plan, such as a reseller that was opened without one.

    Its billing periods begin today, and the first month is charged. Send the `total` of the quote
    you saw as `expected_total`. If the credit does not cover the charges, or they have changed, the
    problem has the quote in its member `quote`.
    """
    return _tagged(response, await plans.start_plan(caller, account_id, body, key))


def _tagged(response: Response, plan: Plan) -> Plan:
    response.headers["ETag"] = etag(plan.version)
    return plan


@router.post("/plan/quote", responses=refusals(*QUOTE_PROBLEMS, body=True))
async def quote_plan_change(
    caller: Annotated[Caller, Depends(may(plans.quote_plan_change, takes=(JSON, MERGE_PATCH)))],
    account_id: str,
    body: PlanPatch,
) -> PlanChangeQuote:
    """Tell what a change would charge or credit today, and what comes later; nothing changes."""
    return await plans.quote_plan_change(caller, account_id, body.change())


@router.patch(
    "/plan",
    responses=refusals(*CHANGE_PROBLEMS, "version-conflict", "if-match-required", body=True),
)
async def change_plan(
    *,
    caller: Annotated[Caller, Depends(may(plans.change_plan, takes=(JSON, MERGE_PATCH)))],
    account_id: str,
    body: PlanPatch,
    versions: IfMatch,
    key: RequiredKey,
    response: Response,
) -> Plan:
    """Change the plan, and charge or credit what it comes to today; what is left out stays.

    The account's own administrator may change the number of users. When the credit does not cover
    the charges, the problem `insufficient-credit` has the quote in its member `quote`.

    Send the `total` of the quote you saw as `expected_total`. If it would come to another total,
    nothing changes: the problem `quote-changed` has the new quote in its member `quote`.
    """

    async def current() -> int:
        return (await plans.find_plan(caller, account_id)).version

    version = await version_to_change(versions, current)
    return _tagged(response, await plans.change_plan(caller, account_id, version, body, key))


# --- numbers ----------------------------------------------------------------------------------


@router.get("/numbers", responses=refusals("not-found"))
async def find_numbers(
    caller: Annotated[Caller, Depends(may(plans.find_numbers))], account_id: str
) -> NumberList:
    """List the account's numbers with their fees."""
    return NumberList(data=await plans.find_numbers(caller, account_id))


@router.post("/numbers/quote", responses=refusals(*QUOTE_PROBLEMS, *NUMBER_PROBLEMS, body=True))
async def quote_numbers(
    caller: Annotated[Caller, Depends(may(plans.quote_numbers))],
    account_id: str,
    body: NumbersOrderBody,
) -> PlanChangeQuote:
    """Tell what spare numbers would charge: set-up, and the rest of the period's fee."""
    return await plans.quote_numbers(caller, account_id, body)


@router.post(
    "/numbers",
    status_code=201,
    responses=refusals(*CHANGE_PROBLEMS, *NUMBER_PROBLEMS, body=True),
)
async def add_account_numbers(
    caller: Annotated[Caller, Depends(may(plans.add_numbers))],
    account_id: str,
    body: NumbersOrderBody,
    key: RequiredKey,
    response: Response,
) -> Plan:
    """Give an account spare numbers, and charge them: all of them or none.

    When the credit does not cover the charges, the problem `insufficient-credit` has the quote in
    its member `quote`; so has `quote-changed`, when they are not your `expected_total`.
    """
    return _tagged(response, await plans.add_numbers(caller, account_id, body, key))


@router.delete(
    "/numbers/{e164}",
    responses=refusals("not-found", "account-not-active", "account-disabled", *KEY_PROBLEMS),
)
async def remove_number(
    caller: Annotated[Caller, Depends(may(plans.remove_number))],
    account_id: str,
    e164: PhoneNumber,
    key: RequiredKey,
    response: Response,
) -> Plan:
    """Take a number from the account: nothing is refunded, and it is in quarantine for 30 days.

    `quarantined_numbers` of the plan lists it. Until the quarantine ends, you can take it back.
    """
    return _tagged(response, await plans.remove_number(caller, account_id, e164, key))


@router.post(
    "/numbers/{e164}/take-back",
    responses=refusals(*CHANGE_PROBLEMS, "quote-changed", body=True),
)
async def take_number_back(
    *,
    caller: Annotated[Caller, Depends(may(plans.take_number_back))],
    account_id: str,
    e164: PhoneNumber,
    key: RequiredKey,
    response: Response,
    body: TakeBackBody | None = None,
) -> Plan:
    """Take back a number that was removed by mistake, while it is in quarantine.

    It keeps its fees, and its set-up fee is not charged again. Its monthly fee is charged for the
    days left of the period, but not for days that are paid: nothing in the period in which it was
    removed. Send the `charge` that you saw as `expected_total`.
    """
    expected = body.expected_total if body else None
    plan = await plans.take_number_back(caller, account_id, e164, expected, key)
    return _tagged(response, plan)
