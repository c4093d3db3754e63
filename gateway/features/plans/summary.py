"""What pages show of a service plan."""

from collections.abc import Mapping
from typing import Final

from contracts.base import Refused
from contracts.billing import DomesticPolicy, Plan
from gateway.features.accounts.views import AssignedNumber, Bundle, PlanSummary
from gateway.features.plans import actions as plans
from gateway.identity.caller import Caller
from gateway.portal.presenters import SECONDS_PER_MINUTE

HOME_CALLS: Final[Mapping[DomesticPolicy, str]] = {
    "included": "Free",
    "rated": "Charged by the rate sheet",
}
PREMIUM_ALLOWED: Final = "Charged by the rate sheet"
PREMIUM_BLOCKED: Final = "Blocked"


async def find_plan(caller: Caller, account_id: str) -> Plan | None:
    """Return the plan of an account; None when it has none."""
    try:
        return await plans.find_plan(caller, account_id)
    except Refused as refusal:
        if refusal.problem.code != "not-found":
            raise
        return None


def plan_summary(plan: Plan) -> PlanSummary:
    """Return a plan in brief."""
    return PlanSummary(
        name=plan.name,
        users=plan.users,
        cost_per_user=plan.cost_per_user,
        rate_sheet=plan.rate_sheet_name or "None: no international calls",
        home_calls=HOME_CALLS[plan.domestic_policy],
        premium_calls=PREMIUM_ALLOWED if plan.premium_allowed else PREMIUM_BLOCKED,
        monthly_charge=plan.monthly_charge,
        renews_at=plan.next_renewal,
        scheduled_changes=plan.scheduled_changes,
    )


def plan_bundles(plan: Plan) -> tuple[Bundle, ...]:
    """Return the opened countries with what is used of their minutes."""
    return tuple(
        Bundle(
            country=bundle.country,
            minutes=bundle.minutes,
            # a minute that has begun is used: so that no more is promised than there is
            minutes_left=bundle.seconds_left // SECONDS_PER_MINUTE,
        )
        for bundle in plan.countries
    )


def assigned_numbers(plan: Plan) -> tuple[AssignedNumber, ...]:
    """Return the numbers of a plan."""
    return tuple(
        AssignedNumber(
            e164=number.number, monthly_fee=number.monthly_fee, setup_fee=number.setup_fee
        )
        for number in plan.numbers
    )
