"""A number that was removed by mistake is taken back while it is in quarantine."""

from datetime import timedelta

import pytest

from contracts.billing import (
    CreditOrder,
    FindPlan,
    Plan,
    PricedNumber,
    RemovePlanNumber,
    TakeNumberBack,
)
from contracts.numbers import AssignPlanNumbers, NumbersRefused
from contracts.values import micros
from tests.billing.conftest import audit, balance_of, ledger_of, open_account, plan
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import day, live_on, live_until, set_tax
from tests.harness import CUSTOMER, OTHER_RESELLER, RESELLER, Harness

LONDON = PricedNumber(number="+442079460321", setup_fee=micros("5.00"), monthly_fee=micros("3.10"))


@pytest.fixture
async def removed(billing: Harness) -> Harness:
    """Give billing with an account whose number was removed on the eleventh day of its period."""
    await know_invoice_parties(billing)
    credit = CreditOrder(amount=micros("108.10"))
    ordered = plan(users=1, cost_per_user=0)
    await open_account(billing, plan=ordered, credit=credit, numbers=(LONDON,))
    await live_on(billing)
    billing.clock.forward(days=10)
    await billing.ask(RemovePlanNumber(account_id="acc_c1", number=LONDON.number), RESELLER)
    await billing.sent(AssignPlanNumbers)
    return billing


async def shown(harness: Harness) -> Plan:
    return await harness.ask(FindPlan(account_id="acc_c1"), RESELLER)


async def take_back(harness: Harness, expected: str) -> Plan:
    command = TakeNumberBack(
        account_id="acc_c1", number=LONDON.number, expected_total=micros(expected)
    )
    return await harness.ask(command, RESELLER)


async def test_a_number_is_taken_back_for_nothing_in_the_period_that_is_paid(
    removed: Harness,
) -> None:
    (quarantined,) = (await shown(removed)).quarantined_numbers
    assert (quarantined.number, quarantined.charge) == (LONDON.number, 0)
    assert quarantined.until == removed.clock() + timedelta(days=30)
    removed.clock.forward(days=3)
    before = await balance_of(removed)
    back = await take_back(removed, "0.00")
    assert ([one.number for one in back.numbers], back.quarantined_numbers) == ([LONDON.number], ())
    assert await balance_of(removed) == before
    (command,) = await removed.sent(AssignPlanNumbers)
    assert (command.numbers, command.from_quarantine) == ((LONDON.number,), True)
    await live_until(removed, day(2026, 12, 22))
    assert await balance_of(removed) == before - LONDON.monthly_fee, "the next period charges it"
    assert await audit(removed) == []


async def test_after_a_renewal_its_fee_is_charged_for_the_days_left_and_no_set_up(
    removed: Harness,
) -> None:
    await live_until(removed, day(2026, 12, 22))
    before = await balance_of(removed)
    (quarantined,) = (await shown(removed)).quarantined_numbers
    assert quarantined.charge == micros("3.10"), "31 of 31 days"
    removed.clock.forward(days=9)
    (quarantined,) = (await shown(removed)).quarantined_numbers
    assert quarantined.charge == micros("2.20"), "22 of 31 days"
    await take_back(removed, "2.20")
    assert await balance_of(removed) == before - micros("2.20")
    assert (await ledger_of(removed))[-1].type == "number-rent"
    assert await audit(removed) == []


async def test_its_charge_is_taxed_and_nothing_but_what_was_shown_is_charged(
    removed: Harness,
) -> None:
    await live_until(removed, day(2026, 12, 22))
    await set_tax(removed, "10.00")
    (quarantined,) = (await shown(removed)).quarantined_numbers
    assert quarantined.charge == micros("3.41")
    command = TakeNumberBack(account_id="acc_c1", number=LONDON.number, expected_total=1)
    assert (await removed.problem(command, RESELLER)).type == "quote-changed"
    await take_back(removed, "3.41")
    assert await audit(removed) == []


async def test_a_number_is_taken_back_only_while_it_rests_and_only_by_the_parent(
    removed: Harness,
) -> None:
    command = TakeNumberBack(account_id="acc_c1", number=LONDON.number)
    assert (await removed.problem(command, CUSTOMER)).type == "forbidden"
    assert (await removed.problem(command, OTHER_RESELLER)).type == "not-found"
    other = command.model_copy(update={"number": "+442079460322"})
    assert (await removed.problem(other, RESELLER)).type == "not-found"
    await live_until(removed, removed.clock() + timedelta(days=30))
    assert (await shown(removed)).quarantined_numbers == ()
    assert (await removed.problem(command, RESELLER)).type == "not-found"


async def test_a_number_that_is_not_to_be_had_any_more_is_not_charged(removed: Harness) -> None:
    await live_until(removed, day(2026, 12, 22))
    before = await balance_of(removed)
    await take_back(removed, "3.10")
    (command,) = await removed.sent(AssignPlanNumbers)
    await removed.hear(
        NumbersRefused(
            account_id="acc_c1",
            reseller_id="acc_r1",
            numbers=(LONDON.number,),
            reason="number-taken",
            detail="It is taken.",
            order_id=command.order_id,
        )
    )
    assert await balance_of(removed) == before
    assert (await shown(removed)).numbers == ()
    assert await audit(removed) == []


async def test_removing_and_taking_back_again_and_again_charges_nothing_twice(
    removed: Harness,
) -> None:
    before = await balance_of(removed)
    for _ in range(3):
        await take_back(removed, "0.00")
        await removed.ask(RemovePlanNumber(account_id="acc_c1", number=LONDON.number), RESELLER)
    assert len((await shown(removed)).quarantined_numbers) == 1
    assert await balance_of(removed) == before
