"""Plans that are changed: quoted, charged at once, by whom it may be, and never twice."""

import asyncio
from typing import Any

import pytest

from contracts.accounts import AccountClosed
from contracts.base import Refused
from contracts.billing import (
    AuthorizeCall,
    BalanceLow,
    ChangePlan,
    CreditOrder,
    FindBalance,
    FindPlan,
    Plan,
    PlanChange,
    PlanChanged,
    PlanChangeQuote,
    QuotePlanChange,
)
from contracts.values import decimal_text, micros
from services.chassis.principal import Principal
from tests.billing.base.test_changes import trail
from tests.billing.charging_world import World, record
from tests.billing.conftest import (
    add_sheet,
    audit,
    balance_of,
    ledger_of,
    open_account,
    opened,
    plan,
)
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import day, invoices_of, live_on, live_until
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

SWITCH = Principal(id="key_s1", account_id="platform", parent_id="", role="switch")
INDIA = "+919876543210"


async def open_plan(billing: Harness, credit: str = "1000.00", **fields: Any) -> Plan:  # noqa: ANN401 - any part of a plan
    """Open an account on the first of thirty days with ten users at 30.00 each."""
    ordered = plan(users=10, cost_per_user=micros("30.00"), **fields)
    await open_account(billing, plan=ordered, credit=CreditOrder(amount=micros(credit)))
    await billing.sent(PlanChanged)
    return await billing.ask(FindPlan(account_id="acc_c1"), RESELLER)


async def change(
    billing: Harness,
    by: Principal = RESELLER,
    *,
    version: int = 1,
    message_id: str = "",
    **fields: Any,  # noqa: ANN401 - any part of a change
) -> Plan:
    command = ChangePlan(account_id="acc_c1", version=version, change=PlanChange(**fields))
    return await billing.ask(command, by, message_id=message_id)


async def refused(billing: Harness, by: Principal = RESELLER, **fields: Any) -> list[str]:  # noqa: ANN401 - any part of a change
    """Return why a change is refused, first by its quote and then itself."""
    wanted = PlanChange(**fields)
    quote = await billing.problem(QuotePlanChange(account_id="acc_c1", change=wanted), by)
    order = ChangePlan(account_id="acc_c1", version=1, change=wanted)
    return [quote.type, (await billing.problem(order, by)).type]


async def quote(billing: Harness, by: Principal = RESELLER, **fields: Any) -> PlanChangeQuote:  # noqa: ANN401 - any part of a change
    return await billing.ask(QuotePlanChange(account_id="acc_c1", change=PlanChange(**fields)), by)


# --- users --------------------------------------------------------------------------------------


async def test_an_administrator_buys_a_user_for_the_rest_of_the_period(billing: Harness) -> None:
    await open_plan(billing)
    billing.clock.forward(days=10)  # the eleventh of thirty days
    quoted = await quote(billing, CUSTOMER, users=11)
    assert [line.text for line in quoted.lines] == ["1 added user × $30.00, 20 of 30 days"]
    assert (quoted.total, quoted.sufficient_credit) == (micros("20.00"), True)
    assert (quoted.available, quoted.balance_after) == (micros("700.00"), micros("680.00"))
    assert quoted.monthly_charge == micros("330.00")
    assert quoted.next_renewal.isoformat() == "2026-12-22"
    changed = await change(billing, CUSTOMER, users=11)
    assert (changed.users, changed.version) == (11, 2)
    assert changed.monthly_charge == micros("330.00")
    last = (await ledger_of(billing))[-1]
    assert (last.type, last.amount, last.actor) == ("users", -micros("20.00"), CUSTOMER.id)
    assert await balance_of(billing) == micros("680.00")
    (told,) = await billing.sent(PlanChanged)
    assert (told.version, told.plan.users, told.monthly_charge) == (2, 11, micros("330.00"))
    assert changed == await billing.ask(FindPlan(account_id="acc_c1"), CUSTOMER)


async def test_a_user_that_is_removed_is_credited_from_tomorrow_on(billing: Harness) -> None:
    await open_plan(billing)
    await live_on(billing)
    billing.clock.forward(days=10)
    await change(billing, CUSTOMER, users=9)
    last = (await ledger_of(billing))[-1]
    assert (last.type, last.amount) == ("users", micros("19.00"))
    assert await audit(billing) == []


async def test_too_little_credit_changes_nothing_and_says_what_is_missing(billing: Harness) -> None:
    before = await open_plan(billing, credit="310.00")
    quoted = await quote(billing, users=11)
    assert (quoted.sufficient_credit, quoted.balance_after) == (False, micros("-20.00"))
    order = ChangePlan(account_id="acc_c1", version=1, change=PlanChange(users=11))
    short = "This costs $30.00, but $10.00 is available: "
    await know_invoice_parties(billing, "acc_c1")
    for asker, remedy in ((RESELLER, "add"), (CUSTOMER, "ask Name of acc_r1 to add")):
        problem = await billing.problem(order, asker)
        assert problem.code == "insufficient-credit"
        assert problem.detail == f"{short}{remedy} $20.00 of credit first."
    assert await billing.ask(FindPlan(account_id="acc_c1"), CUSTOMER) == before
    assert await balance_of(billing) == micros("10.00")
    assert await billing.sent(PlanChanged) == []


async def test_what_running_calls_hold_cannot_be_spent_on_users(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_plan(billing, credit="330.05", rate_sheet_id=sheet.id, countries=opened("IN"))
    call = AuthorizeCall(
        call_id="call-1", account_id="acc_c1", destination=INDIA, requested_seconds=300
    )
    assert (await billing.ask(call, SWITCH)).granted
    held = (await billing.ask(FindBalance(account_id="acc_c1"), RESELLER)).held
    assert held > micros("0.05")
    assert (await quote(billing, users=11)).available == micros("30.05") - held
    order = ChangePlan(account_id="acc_c1", version=1, change=PlanChange(users=11))
    assert (await billing.problem(order, RESELLER)).type == "insufficient-credit"
    billing.clock.forward(hours=1)  # the call's hold has expired
    assert (await change(billing, users=11)).users == 11


async def test_users_may_leave_also_when_the_balance_is_below_zero(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_plan(billing, credit="300.00", rate_sheet_id=sheet.id, countries=opened("IN"))
    await World(billing).charger.charge([record(destination=INDIA, seconds=6_000)])
    assert await balance_of(billing) < 0
    assert (await quote(billing, users=9)).sufficient_credit
    await change(billing, users=9)
    assert await balance_of(billing) > 0


async def test_the_same_request_twice_charges_once(billing: Harness) -> None:
    await open_plan(billing)
    for _ in range(2):
        answer = await change(billing, users=12, message_id="one request")
        assert (answer.users, answer.version) == (12, 2)
    assert await balance_of(billing) == micros("640.00")


async def test_of_two_changes_of_one_version_one_wins(billing: Harness) -> None:
    await open_plan(billing)
    outcomes = await asyncio.gather(
        *(change(billing, users=users) for users in (11, 12, 13, 14)), return_exceptions=True
    )
    changed = [outcome for outcome in outcomes if isinstance(outcome, Plan)]
    refusals = [outcome.problem.code for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(changed) == 1
    assert refusals == ["version-conflict"] * 3
    added = (changed[0].users - 10) * micros("30.00")
    assert await balance_of(billing) == micros("700.00") - added
    assert await audit(billing) == []


async def test_a_change_that_changes_nothing_is_no_new_version(billing: Harness) -> None:
    before = await open_plan(billing)
    assert await change(billing, users=10, cost_per_user=micros("30.00")) == before
    assert await billing.sent(PlanChanged) == []


# --- who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"cost_per_user": 0},
        {"users": 11, "rate_sheet_id": ""},
        {"countries": ()},
        {"domestic_policy": "rated"},
        {"premium_allowed": True},
    ],
)
async def test_an_administrator_changes_users_only(
    billing: Harness, fields: dict[str, Any]
) -> None:
    before = await open_plan(billing)
    assert await refused(billing, CUSTOMER, **fields) == ["forbidden"] * 2
    assert await billing.ask(FindPlan(account_id="acc_c1"), RESELLER) == before


async def test_a_resellers_own_plan_is_the_platforms_but_for_its_users(billing: Harness) -> None:
    await open_account(billing, "acc_r3", parent_path=("platform",))
    own = Principal(id="usr_r3", account_id="acc_r3", parent_id="platform", role="reseller")
    cheaper = PlanChange(cost_per_user=0, apply_now=True)
    order = ChangePlan(account_id="acc_r3", version=1, change=cheaper)
    assert (await billing.problem(order, own)).type == "forbidden"
    more = ChangePlan(account_id="acc_r3", version=1, change=PlanChange(users=13))
    assert (await billing.ask(more, own)).users == 13
    order = order.model_copy(update={"version": 2})
    assert (await billing.ask(order, OPERATOR)).cost_per_user == 0


@pytest.mark.parametrize(
    "stranger",
    [
        OTHER_RESELLER,
        OPERATOR,
        Principal(id="usr_c2", account_id="acc_c2", parent_id="acc_r1", role="customer"),
    ],
)
async def test_to_anyone_else_the_account_does_not_exist(
    billing: Harness, stranger: Principal
) -> None:
    await open_plan(billing)
    assert await refused(billing, stranger, users=11) == ["not-found"] * 2


async def test_a_switch_changes_no_plan(billing: Harness) -> None:
    await open_plan(billing)
    switch = Principal(id="key", account_id="acc_r1", parent_id="platform", role="switch")
    assert await refused(billing, switch, users=11) == ["forbidden"] * 2


async def test_a_closed_account_and_one_without_a_plan_have_nothing_to_change(
    billing: Harness,
) -> None:
    await open_account(billing, plan=None, credit=None)
    assert await refused(billing, users=11) == ["not-found"] * 2
    closed = AccountClosed(account_id="acc_c1", reseller_id="acc_r1", version=3, name="Acme")
    await billing.hear(closed)
    assert await refused(billing, users=11) == ["account-not-active"] * 2


async def test_a_plan_waits_for_its_renewal(billing: Harness) -> None:
    await open_plan(billing)
    billing.clock.forward(days=30)  # the renewal has not run yet
    assert await refused(billing, users=11) == ["unavailable"] * 2


async def test_every_wrong_field_is_told(billing: Harness) -> None:
    await open_plan(billing)
    wrong = PlanChange(users=0, cost_per_user=-1, rate_sheet_id="sheet_none")
    problem = await billing.problem(QuotePlanChange(account_id="acc_c1", change=wrong), RESELLER)
    assert problem.code == "invalid-fields"
    assert [error.pointer for error in problem.errors] == [
        "/users",
        "/cost_per_user",
        "/rate_sheet_id",
    ]


async def test_who_changed_what_is_kept_with_it(billing: Harness) -> None:
    await open_plan(billing)
    await change(billing, CUSTOMER, users=11)
    (kept,) = [one for one in await trail(billing) if one.action == "plan.changed"]
    assert (kept.actor, kept.account_id) == (CUSTOMER.id, "acc_c1")
    assert (kept.before, kept.after) == ({"users": "10"}, {"users": "11"})


# --- costs, rates, countries ---------------------------------------------------------------------


async def test_a_cost_for_the_next_period_is_shown_and_charges_nothing_yet(
    billing: Harness,
) -> None:
    await open_plan(billing)
    quoted = await quote(billing, cost_per_user=micros("33.00"))
    assert (quoted.lines, quoted.total, quoted.sufficient_credit) == ((), 0, True)
    assert quoted.monthly_charge == micros("330.00")
    assert quoted.scheduled_changes == ("Cost per user: $33.00 (was $30.00).",)
    changed = await change(billing, cost_per_user=micros("33.00"))
    assert (changed.cost_per_user, changed.next_cost_per_user) == (
        micros("30.00"),
        micros("33.00"),
    )
    assert changed.scheduled_changes == quoted.scheduled_changes
    assert changed.monthly_charge == micros("300.00")
    assert await balance_of(billing) == micros("700.00")
    now = await change(billing, version=2, cost_per_user=micros("36.00"), apply_now=True)
    assert (now.cost_per_user, now.next_cost_per_user) == (micros("36.00"), None)
    assert await balance_of(billing) == micros("640.00")


async def test_more_minutes_are_there_at_once_without_money(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_plan(billing, rate_sheet_id=sheet.id, countries=opened("IN", 10))
    world = World(billing)
    await world.charger.charge([record("call-1", destination=INDIA, seconds=540)])
    raised = await change(billing, countries=(*opened("IN", 20), *opened("GB", 5)))
    assert [(one.country, one.minutes, one.seconds_left) for one in raised.countries] == [
        ("IN", 20, 60 + 600),
        ("GB", 5, 300),
    ]
    last = (await ledger_of(billing))[-1]
    assert (last.type, last.amount) == ("adjustment", 0)
    assert last.text == "Bundled minutes: India 20, United Kingdom 5"
    # the lane that charged before the change goes on with what it left
    await world.charger.charge([record("call-2", destination=INDIA, seconds=600)])
    charged = (await world.calls())[-1]
    assert charged.amount == 0
    assert charged.seconds_after == {"IN": 60, "GB": 300}
    assert await audit(billing) == []


async def test_fewer_minutes_come_with_the_next_period(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_plan(billing, rate_sheet_id=sheet.id, countries=opened("IN", 10))
    entries = await ledger_of(billing)
    cut = await change(billing, countries=opened("IN", 4))
    assert [(one.minutes, one.seconds_left) for one in cut.countries] == [(10, 600)]
    assert cut.next_countries == opened("IN", 4)
    assert cut.scheduled_changes == ("India: 4 minutes (was 10).",)
    assert await ledger_of(billing) == entries
    back = await change(billing, version=2, countries=opened("IN", 10))
    assert (back.next_countries, back.scheduled_changes) == (None, ())


async def test_a_country_that_is_closed_is_called_no_more_by_whoever_remembers_it(
    billing: Harness,
) -> None:
    sheet = await add_sheet(billing)
    await open_plan(billing, rate_sheet_id=sheet.id, countries=opened("IN"))
    call = AuthorizeCall(
        call_id="call-1", account_id="acc_c1", destination=INDIA, requested_seconds=60
    )
    assert (await billing.ask(call, SWITCH)).granted
    await change(billing, countries=())
    again = call.model_copy(update={"call_id": "call-2"})
    assert (await billing.ask(again, SWITCH)).reason == "destination-not-allowed"
    await change(billing, version=2, countries=opened("IN"))
    assert (await billing.ask(again, SWITCH)).granted


async def test_a_call_is_charged_by_the_rates_that_were_in_force_when_it_was_answered(
    billing: Harness,
) -> None:
    sheet = await add_sheet(billing)
    dear = await add_sheet(billing, "Dear", csv="prefix,rate\n91,1.00\n")
    await open_plan(billing, rate_sheet_id=sheet.id, countries=opened("IN"))
    world = World(billing)
    before = billing.clock.now
    await world.charger.charge(
        [record("call-1", destination=INDIA, answered_at=before, seconds=60)]
    )
    billing.clock.forward(seconds=1)
    await change(billing, rate_sheet_id=dear.id)
    billing.clock.forward(seconds=1)
    calls = [
        record("call-2", destination=INDIA, answered_at=before, seconds=60),
        record("call-3", destination=INDIA, answered_at=billing.clock.now, seconds=60),
    ]
    await world.charger.charge(calls)
    charged = [decimal_text(-entry.amount) for entry in await world.calls()]
    assert charged == ["0.021", "0.021", "1.00"]


# --- what is owed -------------------------------------------------------------------------------


async def test_what_is_credited_pays_what_is_due_first(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    await open_plan(billing, credit="310.00")
    await live_on(billing)
    await live_until(billing, day(2026, 12, 22))
    unpaid = (await invoices_of(billing))[-1]
    assert (unpaid.status, unpaid.due) == ("issued", micros("300.00"))
    quoted = await quote(billing, CUSTOMER, users=1)  # the first of 31 days
    assert (quoted.total, quoted.balance_after) == (-micros("261.29"), 0)
    assert quoted.pays_invoices == micros("271.29")
    await change(billing, CUSTOMER, users=1)
    assert await balance_of(billing) == quoted.balance_after
    assert [(entry.type, entry.amount) for entry in (await ledger_of(billing))[-2:]] == [
        ("users", micros("261.29")),
        ("payment", -micros("271.29")),
    ]
    paid = (await invoices_of(billing))[-1]
    assert (paid.status, paid.due) == ("issued", micros("28.71"))
    await change(billing, version=2, cost_per_user=0, apply_now=True)
    assert (await invoices_of(billing))[-1].status == "paid"
    assert await balance_of(billing) == micros("1.29")
    assert await audit(billing) == []


async def test_a_change_that_takes_the_balance_low_is_told(billing: Harness) -> None:
    await open_plan(billing, credit="400.00")
    await change(billing, users=11)
    assert await billing.sent(BalanceLow) == []
    await change(billing, version=2, users=12)
    (told,) = await billing.sent(BalanceLow)
    assert told.balance_after == micros("40.00")
