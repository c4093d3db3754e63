"""Plans that change while calls are charged and credit comes in: nothing is lost, nothing twice."""

import asyncio
from datetime import UTC, datetime

import pytest

from contracts.base import Answer, Command, Refused
from contracts.billing import (
    AddCredit,
    AddPlanNumbers,
    ChangePlan,
    CreditOrder,
    FindPlan,
    PlanChange,
    PricedNumber,
)
from contracts.values import micros
from services.billing.lifecycle.handlers.renewals import issue_drafts, renew_due
from services.chassis.principal import Principal
from tests.billing.charging_world import UK, World, records
from tests.billing.conftest import (
    add_sheet,
    audit,
    balance_of,
    ledger_of,
    open_account,
    plan,
    running,
)
from tests.billing.invoiced import forget_receipts, know_invoice_parties
from tests.billing.months import live_on, live_until
from tests.harness import CUSTOMER, RESELLER, Harness

CSV = "prefix,rate,min_duration,increment\n44,0.06,1,1\n"


async def persistent(harness: Harness, users: int, by: Principal) -> None:
    """Change the users of a plan as a person does who loads it again when it has changed."""
    while True:
        found = await harness.ask(FindPlan(account_id="acc_c1"), by)
        order = ChangePlan(
            account_id="acc_c1", version=found.version, change=PlanChange(users=users)
        )
        try:
            await harness.ask(order, by)
        except Refused as refusal:
            if refusal.problem.code != "version-conflict":
                raise
        else:
            return


async def test_changes_calls_and_credit_at_once_all_count_exactly_once(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv=CSV)
    ordered = plan(
        users=10,
        cost_per_user=micros("30.00"),
        rate_sheet_id=sheet.id,
        countries=({"country": "GB", "minutes": 0},),
    )
    await open_account(billing, plan=ordered, credit=CreditOrder(amount=micros("2000.00")))
    world, other = World(billing), World(billing)
    number = PricedNumber(number="+442079460321", setup_fee=micros("1"), monthly_fee=micros("3"))
    orders: list[Command[Answer]] = [
        AddCredit(account_id="acc_c1", credit=CreditOrder(amount=micros("10.00"))),
        AddPlanNumbers(account_id="acc_c1", reservation_id="hold_1", numbers=(number,)),
    ]
    await asyncio.gather(
        world.charger.charge(records(range(20), destination=UK, seconds=100)),
        other.charger.charge(records(range(20, 40), destination=UK, seconds=100)),
        *(persistent(billing, users, CUSTOMER) for users in (11, 12)),
        persistent(billing, 13, RESELLER),
        *(billing.ask(order, RESELLER) for order in orders),
    )
    await world.charger.finish()
    await other.charger.finish()
    entries = await ledger_of(billing)
    of_users = [entry.amount for entry in entries if entry.type == "users"][1:]
    assert len(of_users) == 3
    charged = {entry.cause for entry in entries if entry.type == "call"}
    assert charged == {f"call-{index}" for index in range(40)}
    now = await billing.ask(FindPlan(account_id="acc_c1"), RESELLER)
    assert now.users in {11, 12, 13}
    assert now.version == 5
    assert now.numbers == (number,)
    spent = 300_000_000 - sum(of_users) + micros("4.00") + 40 * micros("0.10")
    assert await balance_of(billing) == micros("2010.00") - spent
    assert await audit(billing) == []


async def test_a_clock_that_is_behind_does_not_sell_the_new_period_for_the_old_ones_days(
    billing: Harness,
) -> None:
    """One process renews at midnight of 1 April; by another's clock it is still 31 March."""
    number = PricedNumber(number="+442079460321", setup_fee=micros("1"), monthly_fee=micros("3"))
    billing.clock.now = datetime(2027, 3, 1, 12, tzinfo=UTC)
    ordered = plan(users=10, cost_per_user=micros("30.00"))
    credit = CreditOrder(amount=micros("1000.00"))
    opened_at = billing.clock.now
    await open_account(billing, plan=ordered, credit=credit, time_zone="UTC", opened_at=opened_at)
    await know_invoice_parties(billing, "acc_c1")
    await live_on(billing)
    await live_until(billing, datetime(2027, 4, 1, tzinfo=UTC))
    billing.clock.forward(seconds=-1)
    orders: tuple[Command[Answer], ...] = (
        ChangePlan(account_id="acc_c1", version=1, change=PlanChange(users=20)),
        AddPlanNumbers(account_id="acc_c1", reservation_id="hold_1", numbers=(number,)),
    )
    for order in orders:
        assert (await billing.problem(order, RESELLER)).type == "unavailable"
    billing.clock.forward(seconds=1)
    await billing.ask(orders[0], RESELLER)
    # ten users more, for all of April
    assert await balance_of(billing) == micros("1000.00") - 3 * micros("300.00")
    assert await audit(billing) == []


async def test_a_plan_waits_until_what_its_renewal_left_due_is_owed(billing: Harness) -> None:
    """A smaller plan is credited: that must not be money for what nobody has paid."""
    ordered = plan(users=10, cost_per_user=micros("30.00"))
    await open_account(billing, plan=ordered, credit=CreditOrder(amount=micros("300.00")))
    await know_invoice_parties(billing, "acc_c1")
    await live_on(billing)
    billing.clock.forward(days=30)
    await renew_due(running(billing))
    smaller = ChangePlan(account_id="acc_c1", version=1, change=PlanChange(users=1))
    assert (await billing.problem(smaller, CUSTOMER)).type == "unavailable"
    await issue_drafts(running(billing))
    await billing.ask(smaller, CUSTOMER)
    assert await balance_of(billing) == 0
    assert await audit(billing) == []


async def test_a_key_of_a_change_of_long_ago_is_refused_for_another_one(billing: Harness) -> None:
    await open_account(billing)

    async def change(users: int) -> int:
        version = (await billing.ask(FindPlan(account_id="acc_c1"), RESELLER)).version
        order = ChangePlan(account_id="acc_c1", version=version, change=PlanChange(users=users))
        return (await billing.ask(order, RESELLER, message_id="request-1")).users

    assert await change(13) == 13
    await forget_receipts(billing)
    assert await change(13) == 13
    await forget_receipts(billing)
    with pytest.raises(Refused, match="idempotency-key-reused"):
        await change(14)
    assert len(await ledger_of(billing)) == 3
    assert await audit(billing) == []
