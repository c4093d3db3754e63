"""Numbers that are added to a plan, given up, and undone when they are not to be had."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from contracts.accounts import AccountClosed
from contracts.base import Refused
from contracts.billing import (
    AddPlanNumbers,
    CreditOrder,
    FindPlan,
    Plan,
    PlanChanged,
    PlanChangeQuote,
    PricedNumber,
    QuoteNumbers,
    RemovePlanNumber,
)
from contracts.numbers import AssignPlanNumbers, NumbersRefused, UnassignNumber
from contracts.values import micros
from services.chassis.principal import Principal
from tests.billing.base.test_changes import trail
from tests.billing.conftest import audit, balance_of, ledger_of, open_account, plan
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import invoices_of, live_on, live_until, set_tax
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

LONDON = PricedNumber(number="+442079460321", setup_fee=micros("1.00"), monthly_fee=micros("2.20"))
NEW_YORK = PricedNumber(number="+12125550123", setup_fee=0, monthly_fee=micros("1.50"))


@pytest.fixture
async def day_eleven(billing: Harness) -> Harness:
    """Give billing on the eleventh of thirty days of an account with 100.00 and one number."""
    ordered = plan(users=1, cost_per_user=0)
    credit = CreditOrder(amount=micros("101.50"))
    await open_account(billing, plan=ordered, credit=credit, numbers=(NEW_YORK,))
    await live_on(billing)
    billing.clock.forward(days=10)
    await billing.sent(PlanChanged)
    return billing


async def add(
    harness: Harness,
    *numbers: PricedNumber,
    by: Principal = RESELLER,
    message_id: str = "",
) -> Plan:
    command = AddPlanNumbers(
        account_id="acc_c1", reservation_id="hold_1", numbers=numbers or (LONDON,)
    )
    return await harness.ask(command, by, message_id=message_id)


async def remove(harness: Harness, number: str = LONDON.number) -> Plan:
    return await harness.ask(RemovePlanNumber(account_id="acc_c1", number=number), RESELLER)


async def quote(harness: Harness, *numbers: PricedNumber) -> PlanChangeQuote:
    return await harness.ask(QuoteNumbers(account_id="acc_c1", numbers=numbers), RESELLER)


def refusal_of(order: AssignPlanNumbers, **fields: Any) -> NumbersRefused:  # noqa: ANN401 - any part of the event
    return NumbersRefused.model_validate(
        {
            "account_id": order.account_id,
            "reseller_id": order.reseller_id,
            "numbers": order.numbers[:1],
            "reason": "number-taken",
            "detail": "It is not to be had.",
            "order_id": order.order_id,
            **fields,
        }
    )


async def shown(harness: Harness) -> Plan:
    return await harness.ask(FindPlan(account_id="acc_c1"), RESELLER)


# --- adding -----------------------------------------------------------------------------------


async def test_a_number_is_charged_set_up_and_the_rest_of_the_period(day_eleven: Harness) -> None:
    quoted = await quote(day_eleven, LONDON)
    assert [(line.type, line.amount) for line in quoted.lines] == [
        ("number-setup", micros("1.00")),
        ("number-rent", micros("1.47")),
    ]
    assert (quoted.total, quoted.balance_after) == (micros("2.47"), micros("97.53"))
    assert quoted.monthly_charge == micros("3.70")
    changed = await add(day_eleven)
    assert changed.numbers == (NEW_YORK, LONDON)
    assert changed.monthly_charge == micros("3.70")
    assert await balance_of(day_eleven) == micros("97.53")
    (order,) = await day_eleven.sent(AssignPlanNumbers)
    assert (order.account_id, order.reseller_id, order.reservation_id) == (
        "acc_c1",
        "acc_r1",
        "hold_1",
    )
    assert order.numbers == (LONDON.number,)
    entries = (await ledger_of(day_eleven))[-2:]
    assert [(entry.type, entry.cause) for entry in entries] == [
        ("number-setup", order.order_id),
        ("number-rent", order.order_id),
    ]
    (told,) = await day_eleven.sent(PlanChanged)
    assert (told.version, told.monthly_charge) == (2, micros("3.70"))
    (kept,) = [one for one in await trail(day_eleven) if one.action == "numbers.added"]
    assert (kept.subject, kept.actor) == (LONDON.number, RESELLER.id)


async def test_the_same_request_twice_adds_and_charges_once(day_eleven: Harness) -> None:
    for _ in range(2):
        assert len((await add(day_eleven, message_id="one request")).numbers) == 2
    assert await balance_of(day_eleven) == micros("97.53")
    assert len(await day_eleven.sent(AssignPlanNumbers)) == 1


async def test_a_number_that_the_plan_has_is_refused(day_eleven: Harness) -> None:
    with pytest.raises(Refused) as refused:
        await add(day_eleven, LONDON, NEW_YORK)
    assert refused.value.problem.code == "invalid-fields"
    assert [error.pointer for error in refused.value.problem.errors] == ["/numbers/1"]
    assert await day_eleven.sent(AssignPlanNumbers) == []


async def test_of_two_requests_for_one_number_one_is_charged(day_eleven: Harness) -> None:
    outcomes = await asyncio.gather(*(add(day_eleven) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(outcome, Plan) for outcome in outcomes) == 1
    assert len(await day_eleven.sent(AssignPlanNumbers)) == 1
    assert await balance_of(day_eleven) == micros("97.53")


async def test_too_little_credit_takes_no_number(day_eleven: Harness) -> None:
    dear = LONDON.model_copy(update={"setup_fee": micros("98.54")})
    assert not (await quote(day_eleven, dear)).sufficient_credit
    with pytest.raises(Refused) as refused:
        await add(day_eleven, dear)
    assert refused.value.problem.code == "insufficient-credit"
    assert await day_eleven.sent(AssignPlanNumbers) == []
    assert (await shown(day_eleven)).version == 1


@pytest.mark.parametrize(
    ("by", "kind"),
    [(CUSTOMER, "forbidden"), (OTHER_RESELLER, "not-found"), (OPERATOR, "not-found")],
)
async def test_numbers_are_the_parents_to_add_and_remove(
    day_eleven: Harness, by: Principal, kind: str
) -> None:
    orders = (
        QuoteNumbers(account_id="acc_c1", numbers=(LONDON,)),
        AddPlanNumbers(account_id="acc_c1", reservation_id="hold_1", numbers=(LONDON,)),
        RemovePlanNumber(account_id="acc_c1", number=NEW_YORK.number),
    )
    for order in orders:
        assert (await day_eleven.problem(order, by)).type == kind
    assert (await shown(day_eleven)).version == 1


# --- removing -----------------------------------------------------------------------------------


async def test_a_number_that_is_removed_is_not_refunded(day_eleven: Harness) -> None:
    changed = await remove(day_eleven, NEW_YORK.number)
    assert (changed.numbers, changed.monthly_charge, changed.version) == ((), 0, 2)
    assert await balance_of(day_eleven) == micros("100.00")
    (order,) = await day_eleven.sent(UnassignNumber)
    assert (order.number, order.order_id) == (NEW_YORK.number, "")
    again = RemovePlanNumber(account_id="acc_c1", number=NEW_YORK.number)
    assert (await day_eleven.problem(again, RESELLER)).type == "not-found"


async def test_a_number_is_given_up_with_the_order_that_it_came_with(day_eleven: Harness) -> None:
    for _ in range(2):
        await add(day_eleven)
        day_eleven.clock.forward(minutes=1)
        await remove(day_eleven)
        day_eleven.clock.forward(minutes=1)
    taken = [order.order_id for order in await day_eleven.sent(AssignPlanNumbers)]
    given_up = [order.order_id for order in await day_eleven.sent(UnassignNumber)]
    assert given_up == taken
    assert len(set(taken)) == 2


# --- undoing -----------------------------------------------------------------------------------


async def test_an_order_that_is_refused_is_taken_back_by_entries_that_name_its_own(
    day_eleven: Harness,
) -> None:
    free = PricedNumber(number="+442079460322", setup_fee=0, monthly_fee=0)
    await add(day_eleven, LONDON, free)
    (order,) = await day_eleven.sent(AssignPlanNumbers)
    before = await ledger_of(day_eleven)
    for _ in range(2):  # told twice
        await day_eleven.hear(refusal_of(order))
    entries = await ledger_of(day_eleven)
    undone = entries[len(before) :]
    assert [(entry.type, entry.amount) for entry in undone] == [
        ("number-setup", micros("1.00")),
        ("number-rent", micros("1.47")),
    ]
    for old, new in zip(before[-2:], undone, strict=True):
        assert f"entry {old.seq} ({old.text})" in new.text
        assert new.cause == order.order_id
    assert await balance_of(day_eleven) == micros("100.00")
    now = await shown(day_eleven)
    assert (now.numbers, now.monthly_charge, now.version) == ((NEW_YORK,), micros("1.50"), 3)
    assert await audit(day_eleven) == []


async def test_a_refusal_that_is_told_late_leaves_a_newer_order_alone(day_eleven: Harness) -> None:
    await add(day_eleven)
    await remove(day_eleven)
    await add(day_eleven)
    first, _ = await day_eleven.sent(AssignPlanNumbers)
    for _ in range(2):
        await day_eleven.hear(refusal_of(first))
    assert await balance_of(day_eleven) == micros("97.53")
    assert (await shown(day_eleven)).numbers == (NEW_YORK, LONDON)


@pytest.mark.parametrize("closes", [True, False])
async def test_an_order_that_was_taken_back_is_no_invoice_of_nothing(
    billing: Harness, *, closes: bool
) -> None:
    """Its lines come to nothing together: they wait for an invoice that comes to something."""
    await know_invoice_parties(billing, "acc_c1")
    await set_tax(billing, "19.00")
    free = plan(users=1, cost_per_user=0)
    await open_account(billing, plan=free, credit=CreditOrder(amount=micros("100.00")))
    await add(billing)
    (order,) = await billing.sent(AssignPlanNumbers)
    await billing.hear(refusal_of(order))
    if closes:
        closed = AccountClosed(account_id="acc_c1", reseller_id="acc_r1", version=3, name="Acme")
        await billing.hear(closed)
        assert await invoices_of(billing) == []
        assert await audit(billing) == []
        return
    billing.clock.forward(days=61)
    await live_on(billing)
    assert await invoices_of(billing) == []
    assert await audit(billing) == []
    await add(billing, NEW_YORK)
    billing.clock.forward(days=31)
    await live_on(billing)
    (only,) = await invoices_of(billing)
    assert {micros("1.00"), -micros("1.00")} <= {line.amount for line in only.lines}
    assert only.number == "INV-000001"
    assert await audit(billing) == []


@pytest.mark.parametrize("percent", ["0.00", "19.00"])
async def test_a_refusal_after_renewals_takes_back_their_months_as_well(
    day_eleven: Harness, percent: str
) -> None:
    await set_tax(day_eleven, percent)
    await add(day_eleven)
    (order,) = await day_eleven.sent(AssignPlanNumbers)
    charged = {entry.seq for entry in await ledger_of(day_eleven) if entry.cause == order.order_id}
    day_eleven.clock.forward(days=51)
    await live_on(day_eleven)
    before = await ledger_of(day_eleven)
    charged |= {entry.seq for entry in before if entry.text == "Number +44 20 7946 0321"}
    for _ in range(2):
        await day_eleven.hear(refusal_of(order))
    undone = (await ledger_of(day_eleven))[len(before) :]
    named = [re.search(r"entry (\d+) ", entry.text) for entry in undone]
    assert {int(found[1]) for found in named if found} == charged
    of_months = 2 * micros("0.42") if percent != "0.00" else 0  # tax on 2.20
    back = of_months - sum(entry.amount for entry in before if entry.seq in charged)
    assert sum(entry.amount for entry in undone) == back
    await live_until(day_eleven, day_eleven.clock.now + timedelta(days=31))
    months = 3 * micros("1.50")
    tax = micros("0.87") if percent != "0.00" else 0  # on 1.50 three times
    assert await balance_of(day_eleven) == micros("100.00") - months - tax
    assert await audit(day_eleven) == []


async def test_a_month_that_is_due_is_taken_back_by_the_name_of_its_invoice(
    day_eleven: Harness,
) -> None:
    await know_invoice_parties(day_eleven, "acc_c1")
    dear = LONDON.model_copy(update={"monthly_fee": micros("120.00")})
    await add(day_eleven, dear)  # 81.00, and then there is too little
    (order,) = await day_eleven.sent(AssignPlanNumbers)
    day_eleven.clock.forward(days=20)
    await live_on(day_eleven)
    await day_eleven.hear(refusal_of(order))
    taken_back = [entry for entry in await ledger_of(day_eleven) if "taken back" in entry.text]
    text = "Not to be had: Number +44 20 7946 0321 of INV-000002 is taken back"
    assert (taken_back[-1].text, taken_back[-1].amount) == (text, micros("120.00"))
    renewal = (await invoices_of(day_eleven))[-1]
    assert renewal.status == "paid"
    assert await balance_of(day_eleven) == micros("98.50")
    assert await audit(day_eleven) == []


async def test_a_refused_opening_is_none_of_billings_orders(day_eleven: Harness) -> None:
    await add(day_eleven)
    (order,) = await day_eleven.sent(AssignPlanNumbers)
    await day_eleven.hear(refusal_of(order, order_id=""))
    await day_eleven.hear(refusal_of(order, account_id="acc_c2"))
    assert (await shown(day_eleven)).numbers == (NEW_YORK, LONDON)


@pytest.mark.parametrize(
    ("percent", "days", "taken"),
    [
        ("0.00", 0, "2.47"),
        ("19.00", 0, "2.94"),
        # and a month of 2.20, with 0.42 of tax
        ("0.00", 20, "4.67"),
        ("19.00", 20, "5.56"),
    ],
)
async def test_a_refusal_after_closing_pays_out_all_that_was_taken(
    day_eleven: Harness, percent: str, days: int, taken: str
) -> None:
    await know_invoice_parties(day_eleven, "acc_c1")
    await set_tax(day_eleven, percent)
    await add(day_eleven)
    (order,) = await day_eleven.sent(AssignPlanNumbers)
    day_eleven.clock.forward(days=days)
    await live_on(day_eleven)
    closed = AccountClosed(account_id="acc_c1", reseller_id="acc_r1", version=3, name="Acme")
    await day_eleven.hear(closed)
    assert await balance_of(day_eleven) == 0
    for _ in range(2):
        await day_eleven.hear(refusal_of(order))
    assert await balance_of(day_eleven) == 0
    last = (await ledger_of(day_eleven))[-1]
    assert (last.type, last.amount) == ("refund", -micros(taken))
    note = (await invoices_of(day_eleven))[-1]
    assert (note.kind, note.total, note.status) == ("credit-note", -micros(taken), "paid")
    assert await audit(day_eleven) == []


async def test_what_was_written_off_is_not_paid_out_for_a_number_never_had(
    day_eleven: Harness,
) -> None:
    await know_invoice_parties(day_eleven, "acc_c1")
    dear = LONDON.model_copy(update={"monthly_fee": micros("120.00")})
    await add(day_eleven, dear)
    (order,) = await day_eleven.sent(AssignPlanNumbers)
    day_eleven.clock.forward(days=20)
    await live_on(day_eleven)
    closed = AccountClosed(account_id="acc_c1", reseller_id="acc_r1", version=3, name="Acme")
    await day_eleven.hear(closed)
    await day_eleven.hear(refusal_of(order))
    # what the order charged, and nothing of the month that nobody paid
    assert (await ledger_of(day_eleven))[-1].amount == -micros("81.00")
    assert await audit(day_eleven) == []
