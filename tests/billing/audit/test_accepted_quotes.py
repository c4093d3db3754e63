"""Whatever was quoted and accepted is charged as it was shown, and the audit proves it."""

from typing import Any

import pytest

from contracts.billing import (
    AddPlanNumbers,
    ChangePlan,
    CreditOrder,
    FindPlan,
    PlanChange,
    QuoteNumbers,
    QuoteOpening,
    QuotePlanChange,
)
from contracts.numbers import AssignPlanNumbers, NumbersRefused
from contracts.values import micros
from services.billing.audit.handlers.accepted_audit import audit_accepted_quotes
from services.billing.ledger.store.ledger import LEDGER
from services.billing.lifecycle.store.accepted import ACCEPTED
from services.chassis.mongo import Int64
from tests.billing.conftest import (
    NUMBERS,
    add_sheet,
    audit,
    open_account,
    opening,
    plan,
    running,
)
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import day, live_on, live_until, set_tax
from tests.harness import RESELLER, Harness

PLAN = plan(users=2, cost_per_user=micros("7.77"))
LONDON = NUMBERS[1]


@pytest.fixture
async def account(billing: Harness) -> Harness:
    """Give an account with one number that was opened with tax and a credit of 90.00."""
    await set_tax(billing, "19.00")
    await know_invoice_parties(billing, "acc_c1")
    order = CreditOrder(amount=micros("90.00"))
    await open_account(billing, plan=PLAN, numbers=NUMBERS[:1], credit=order)
    await live_on(billing)
    return billing


async def kept(harness: Harness) -> list[dict[str, Any]]:
    """Return the quotes of the account that were accepted, the oldest first."""
    found = harness.database.documents(ACCEPTED).each({"account_id": "acc_c1"}, sort=[("at", 1)])
    return [document async for document in found]


async def change(harness: Harness, **fields: Any) -> int:  # noqa: ANN401 - any part of a change
    """Change the plan as it is quoted, and return the total of the quote."""
    wanted = PlanChange.model_validate(fields)
    version = (await harness.ask(FindPlan(account_id="acc_c1"), RESELLER)).version
    quote = await harness.ask(QuotePlanChange(account_id="acc_c1", change=wanted), RESELLER)
    command = ChangePlan(account_id="acc_c1", version=version, change=wanted)
    await harness.ask(command, RESELLER, message_id=f"change-{version}")
    return quote.total


async def order_number(harness: Harness) -> int:
    """Order a number as it is quoted, and return the total of the quote."""
    query = QuoteNumbers(account_id="acc_c1", numbers=(LONDON,))
    quote = await harness.ask(query, RESELLER)
    await harness.ask(
        AddPlanNumbers(account_id="acc_c1", reservation_id="hold_1", numbers=(LONDON,)), RESELLER
    )
    return quote.total


async def test_an_opening_keeps_the_quote_that_it_carries_out(account: Harness) -> None:
    asked = opening(plan=PLAN.model_copy(update={"name": "Other"}), numbers=NUMBERS[:1])
    fields = asked.model_dump(include=set(QuoteOpening.model_fields))
    quote = await account.ask(QuoteOpening.model_validate(fields), RESELLER)
    (one,) = await kept(account)
    assert (one["_id"], one["credit"]) == ("open:acc_c1", micros("90.00"))
    assert one["total"] == quote.total == micros("20.28")
    assert [line["amount"] for line in one["lines"]] == [line.amount for line in quote.lines]
    # the order comes again, and the quote was accepted once
    await open_account(account, plan=PLAN, numbers=NUMBERS[:1])
    assert len(await kept(account)) == 1


async def test_changes_of_a_plan_and_orders_of_numbers_keep_their_quotes(account: Harness) -> None:
    account.clock.forward(days=10)
    totals = [
        await change(account, users=5),
        await change(account, users=1, cost_per_user="8.00", apply_now=True),
        await order_number(account),
    ]
    assert totals[1] < 0
    assert [one["total"] for one in (await kept(account))[1:]] == totals
    assert await audit(account) == []


async def test_what_charges_nothing_or_is_refused_keeps_no_quote(account: Harness) -> None:
    await change(account, premium_allowed=True)
    await change(account, countries=[])
    plan_now = await account.ask(FindPlan(account_id="acc_c1"), RESELLER)
    much = PlanChange(users=500)
    command = ChangePlan(account_id="acc_c1", version=plan_now.version, change=much)
    assert (await account.problem(command, RESELLER)).type == "insufficient-credit"
    await open_account(account, "acc_c2", plan=None, credit=None)
    assert await account.database.documents(ACCEPTED).count({}) == 1


async def test_an_order_that_is_undone_was_charged_as_it_was_quoted(account: Harness) -> None:
    await order_number(account)
    (told,) = await account.sent(AssignPlanNumbers)
    await live_until(account, day(2026, 12, 22))  # its second month is taken back, too
    refused = NumbersRefused(
        account_id="acc_c1",
        reseller_id="acc_r1",
        numbers=told.numbers,
        reason="number-taken",
        detail="It is not to be had.",
        order_id=told.order_id,
    )
    await account.hear(refused)
    taken_back = await account.database.documents(LEDGER).count({"_id": {"$regex": "undone|month"}})
    assert taken_back == 5
    assert await audit(account) == []
    key = f"numbers:{told.order_id}"
    tax = {"_id": f"{key}:tax:undone"}
    assert await account.database.documents(LEDGER).update(tax, {"$set": {"amount": Int64(0)}})
    fault = f"charges of acc_c1: {key} took back 3.20, but 3.81 was charged"
    assert await audit_accepted_quotes(running(account)) == [fault]


async def test_a_bundle_that_grows_beside_a_charge_is_no_line_of_the_quote(
    account: Harness,
) -> None:
    sheet = await add_sheet(account)
    india = [{"country": "IN", "minutes": 60}]
    assert await change(account, users=3, countries=india, rate_sheet_id=sheet.id) > 0
    assert await audit(account) == []


@pytest.mark.parametrize(
    ("change_of", "words"),
    [
        (
            {"_id": "open:acc_c1:users", "$set": {"amount": Int64(-micros("15.53"))}},
            "open:acc_c1 charged 20.27, but 20.28 was accepted",
        ),
        (
            {"_id": "open:acc_c1:credit", "$set": {"amount": Int64(micros("9.00"))}},
            "open:acc_c1:credit added 9.00, but 90.00 was accepted",
        ),
        (
            {"_id": "open:acc_c1:tax", "$set": {"account_id": "acc_c2"}},
            "open:acc_c1 charged 17.04, but 20.28 was accepted",
        ),
        (
            {"_id": "plan:change-1:users", "$set": {"cause": "another"}},
            "plan:change-1 charged 1.48, but 9.25 was accepted",
        ),
    ],
)
async def test_the_audit_names_entries_that_differ_from_what_was_accepted(
    account: Harness, change_of: dict[str, Any], words: str
) -> None:
    await change(account, users=3)
    query = {"_id": change_of["_id"]}
    assert await account.database.documents(LEDGER).update(query, {"$set": change_of["$set"]})
    faults = await audit_accepted_quotes(running(account))
    assert faults == [f"charges of acc_c1: {words}"]
    assert set(faults) <= set(await audit(account))


async def test_the_audit_names_a_line_that_differs_where_the_sum_is_right(
    account: Harness,
) -> None:
    ledger = account.database.documents(LEDGER)
    for key, amount in (("users", "-15.00"), ("number-rent:+14155550142", "-2.04")):
        change_of = {"$set": {"amount": Int64(micros(amount))}}
        assert await ledger.update({"_id": f"open:acc_c1:{key}"}, change_of)
    line = "open:acc_c1:number-rent:+14155550142 charged 2.04, but 1.50 was accepted"
    assert await audit_accepted_quotes(running(account)) == [f"charges of acc_c1: {line}"]


async def test_the_audit_names_a_quote_whose_lines_are_not_its_total(account: Harness) -> None:
    quotes = account.database.documents(ACCEPTED)
    assert await quotes.update({"_id": "open:acc_c1"}, {"$pop": {"lines": 1}})
    words = "open:acc_c1 was shown in lines of 17.04, but 20.28 was accepted"
    assert await audit(account) == [f"charges of acc_c1: {words}"]


async def test_what_was_accepted_before_quotes_were_kept_is_no_fault(account: Harness) -> None:
    await change(account, users=3)
    await account.database.documents(ACCEPTED).delete({})
    await change(account, users=2)
    assert await audit(account) == []
