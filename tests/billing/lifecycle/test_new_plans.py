"""The first plan of an account that was opened without one."""

import asyncio

from contracts.base import Refused
from contracts.billing import (
    CountryMinutes,
    CreditOrder,
    FindPlan,
    PlanChanged,
    QuoteNewPlan,
    StartPlan,
)
from contracts.values import micros
from tests.billing.conftest import add_sheet, audit, balance_of, ledger_of, open_account, plan
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import day, invoices_of, lines_of, live_on, live_until, set_tax
from tests.harness import CUSTOMER, OTHER_RESELLER, RESELLER, Harness

CREDIT = CreditOrder(amount=micros("200.00"))
ORDERED = plan("Late plan", users=3, cost_per_user=micros("10.00"))


async def start(harness: Harness, expected: str = "30.00") -> None:
    command = StartPlan(account_id="acc_c1", plan=ORDERED, expected_total=micros(expected))
    await harness.ask(command, RESELLER)


async def test_an_account_without_a_plan_gets_one_whose_periods_begin_that_day(
    billing: Harness,
) -> None:
    await know_invoice_parties(billing)
    await open_account(billing, plan=None, credit=CREDIT)
    billing.clock.now = day(2026, 12, 3)
    quote = await billing.ask(QuoteNewPlan(account_id="acc_c1", plan=ORDERED), RESELLER)
    assert (quote.total, quote.monthly_charge) == (micros("30.00"), micros("30.00"))
    assert quote.next_renewal.isoformat() == "2027-01-03"
    await billing.sent(PlanChanged)
    await start(billing)
    (event,) = await billing.sent(PlanChanged)
    assert (event.version, event.plan.users) == (1, 3)
    assert await balance_of(billing) == micros("170.00")
    shown = await billing.ask(FindPlan(account_id="acc_c1"), RESELLER)
    assert (shown.name, shown.next_renewal.isoformat()) == ("Late plan", "2027-01-03")
    await live_on(billing)
    (invoice,) = await invoices_of(billing)
    assert (invoice.period_start.isoformat(), invoice.period_end.isoformat()) == (
        "2026-12-03",
        "2027-01-03",
    )
    assert [amount for kind, _, amount in lines_of(invoice) if kind == "users"] == [micros("30.00")]
    await live_until(billing, day(2027, 1, 3))
    assert await balance_of(billing) == micros("140.00")
    assert await audit(billing) == []


async def test_bundles_of_a_first_plan_are_there_at_once(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_account(billing, plan=None, credit=CREDIT)
    opened = (CountryMinutes(country="IN", minutes=100),)
    ordered = ORDERED.model_copy(update={"rate_sheet_id": sheet.id, "countries": opened})
    shown = await billing.ask(StartPlan(account_id="acc_c1", plan=ordered), RESELLER)
    assert [(one.country, one.seconds_left) for one in shown.countries] == [("IN", 6_000)]
    assert await audit(billing) == []


async def test_a_first_plan_is_taxed_as_an_opening_is(billing: Harness) -> None:
    await set_tax(billing, "20.00")
    await open_account(billing, plan=None, credit=CREDIT)
    quote = await billing.ask(QuoteNewPlan(account_id="acc_c1", plan=ORDERED), RESELLER)
    assert quote.total == micros("36.00")
    await start(billing, "36.00")
    assert [entry.amount for entry in await ledger_of(billing)] == [
        micros("200.00"),
        micros("-30.00"),
        micros("-6.00"),
    ]


async def test_a_first_plan_says_all_that_is_wrong(billing: Harness) -> None:
    await open_account(billing, plan=None, credit=CREDIT)
    wrong = plan("", users=0, cost_per_user=-1)
    problem = await billing.problem(QuoteNewPlan(account_id="acc_c1", plan=wrong), RESELLER)
    assert {error.pointer for error in problem.errors} == {
        "/plan/name",
        "/plan/users",
        "/plan/cost_per_user",
    }


async def test_a_first_plan_is_given_once_by_the_parent_at_the_charge_that_was_shown(
    billing: Harness,
) -> None:
    await open_account(billing, plan=None, credit=CreditOrder(amount=micros("40.00")))
    order = StartPlan(account_id="acc_c1", plan=ORDERED, expected_total=micros("30.00"))
    changed = order.model_copy(update={"expected_total": micros("29.00")})
    assert (await billing.problem(changed, RESELLER)).type == "quote-changed"
    dear = order.model_copy(
        update={
            "plan": plan("Dear", users=5, cost_per_user=micros("10.00")),
            "expected_total": None,
        }
    )
    assert (await billing.problem(dear, RESELLER)).type == "insufficient-credit"
    assert (await billing.problem(order, CUSTOMER)).type == "forbidden"
    assert (await billing.problem(order, OTHER_RESELLER)).type == "not-found"
    asked = (billing.ask(order, RESELLER) for _ in range(3))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, Refused)]
    assert [one.problem.code for one in refused] == ["plan-exists"] * 2
    assert await balance_of(billing) == micros("10.00")
    assert await audit(billing) == []
