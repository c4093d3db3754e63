"""Whether a plan allows premium-rate numbers: ordered, changed by the parent, told to others."""

from contracts.billing import ChangePlan, FindPlan, PlanChange, PlanChanged, QuotePlanChange
from tests.billing.base.test_changes import trail
from tests.billing.conftest import open_account, plan
from tests.harness import CUSTOMER, RESELLER, Harness

ALLOW = PlanChange(premium_allowed=True)


async def test_a_plan_allows_premium_numbers_only_if_it_is_ordered_so(billing: Harness) -> None:
    await open_account(billing)
    assert not (await billing.ask(FindPlan(account_id="acc_c1"), CUSTOMER)).premium_allowed
    await open_account(billing, "acc_c2", plan=plan(name="Premium", premium_allowed=True))
    assert (await billing.ask(FindPlan(account_id="acc_c2"), RESELLER)).premium_allowed
    told = {one.account_id: one.plan.premium_allowed for one in await billing.sent(PlanChanged)}
    assert told == {"acc_c1": False, "acc_c2": True}


async def test_premium_numbers_are_allowed_at_once_for_nothing_and_told_to_others(
    billing: Harness,
) -> None:
    await open_account(billing)
    await billing.sent(PlanChanged)
    quote = await billing.ask(QuotePlanChange(account_id="acc_c1", change=ALLOW), RESELLER)
    assert (quote.total, quote.lines, quote.scheduled_changes) == (0, (), ())
    order = ChangePlan(account_id="acc_c1", version=1, change=ALLOW)
    changed = await billing.ask(order, RESELLER)
    assert (changed.premium_allowed, changed.version) == (True, 2)
    (told,) = await billing.sent(PlanChanged)
    assert told.plan.premium_allowed
    billing.clock.forward(minutes=1)
    forbid = ChangePlan(account_id="acc_c1", version=2, change=PlanChange(premium_allowed=False))
    assert not (await billing.ask(forbid, RESELLER)).premium_allowed


async def test_the_audit_trail_says_who_allowed_premium_numbers(billing: Harness) -> None:
    await open_account(billing)
    order = ChangePlan(account_id="acc_c1", version=1, change=ALLOW)
    await billing.ask(order, RESELLER)
    changed = next(one for one in await trail(billing) if one.action == "plan.changed")
    assert changed.actor == RESELLER.id
    assert changed.before == {"premium numbers": "not allowed"}
    assert changed.after == {"premium numbers": "allowed"}
