"""The opening of an account: the quote, then credit and charges, or nothing."""

import asyncio
from datetime import date
from typing import Any

import pytest

from contracts.base import Message, Refused
from contracts.billing import (
    BillingAccountOpened,
    BillingAccountRefused,
    CreditAdded,
    CreditOrder,
    FindPlan,
    OpenBillingAccount,
    PlanChanged,
    PlanSummary,
    Quote,
    QuoteOpening,
)
from contracts.values import micros
from services.billing.ledger.model.ledger import BillingAccount
from services.chassis.principal import Principal
from tests.billing.conftest import (
    NUMBERS,
    add_sheet,
    audit,
    balance_of,
    ledger_of,
    open_account,
    opened,
    opening,
    plan,
)
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import live_on, set_tax
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness


def quote_of(order: OpenBillingAccount) -> QuoteOpening:
    return QuoteOpening(
        plan=order.plan,
        credit=order.credit,
        numbers=order.numbers,
        currency=order.currency,
        time_zone=order.time_zone,
    )


async def quote(harness: Harness, by: Principal = RESELLER, **fields: Any) -> Quote:  # noqa: ANN401 - any part of the order
    return await harness.ask(quote_of(opening(**fields)), by)


# --- the quote ------------------------------------------------------------------------------


async def test_a_quote_has_every_line_and_the_balance_after(billing: Harness) -> None:
    found = await quote(billing, numbers=NUMBERS)
    lines = [(line.type, line.quantity, line.unit_price, line.amount) for line in found.lines]
    assert lines == [
        ("users", 12, micros("14.00"), micros("168.00")),
        ("number-rent", 1, micros("1.50"), micros("1.50")),
        ("number-setup", 1, micros("1.00"), micros("1.00")),
        ("number-rent", 1, micros("2.20"), micros("2.20")),
    ]
    assert found.total == micros("172.70")
    assert (found.credit, found.balance_after) == (micros("500.00"), micros("327.30"))
    assert (found.monthly_charge, found.sufficient_credit) == (micros("171.70"), True)
    assert (found.next_renewal, found.currency) == (date(2026, 12, 22), "USD")


async def test_a_quote_says_when_the_credit_does_not_cover_the_charges(billing: Harness) -> None:
    found = await quote(billing, credit=CreditOrder(amount=micros("167.99")))
    assert (found.sufficient_credit, found.balance_after) == (False, -micros("0.01"))
    assert (await quote(billing, credit=CreditOrder(amount=micros("168.00")))).sufficient_credit


async def test_a_quote_has_the_tax_as_its_last_line(billing: Harness) -> None:
    """Five users at 12.00 are 60.00, and 12.00 of tax: what 60.00 do not cover is not opened."""
    await set_tax(billing, "20.00")
    order: dict[str, Any] = {"plan": plan(users=5, cost_per_user=micros("12.00"))}
    short: dict[str, Any] = {**order, "credit": CreditOrder(amount=micros("60.00"))}
    found = await quote(billing, **short)
    assert [(line.type, line.text, line.amount) for line in found.lines] == [
        ("users", "5 users × $12.00", micros("60.00")),
        ("tax", "VAT 20 %", micros("12.00")),
    ]
    assert (found.total, found.balance_after) == (micros("72.00"), -micros("12.00"))
    assert (found.sufficient_credit, found.monthly_charge) == (False, micros("60.00"))
    await open_account(billing, **short)
    (refused,) = await billing.sent(BillingAccountRefused)
    assert refused.reason == "insufficient-credit"
    enough: dict[str, Any] = {**order, "credit": CreditOrder(amount=micros("75.00"))}
    found = await quote(billing, **enough)
    assert (found.sufficient_credit, found.balance_after) == (True, micros("3.00"))
    await open_account(billing, "acc_c2", **enough)
    await know_invoice_parties(billing, "acc_c2")
    for _ in range(2):
        assert await balance_of(billing, "acc_c2") == found.balance_after
        await live_on(billing)
    assert await audit(billing) == []


async def test_a_quote_changes_nothing(billing: Harness) -> None:
    await quote(billing)
    await quote(billing)
    assert (await billing.problem(FindPlan(account_id="acc_c1"), RESELLER)).type == "not-found"


async def test_a_renewal_day_is_counted_in_the_accounts_zone(billing: Harness) -> None:
    billing.clock.now = billing.clock.now.replace(month=1, day=31, hour=23)
    assert (await quote(billing, time_zone="UTC")).next_renewal == date(2026, 2, 28)
    assert (await quote(billing, time_zone="Asia/Tokyo")).next_renewal == date(2026, 3, 1)


async def test_all_wrong_fields_of_a_quote_are_refused_at_once(billing: Harness) -> None:
    wrong = opening(
        plan=plan("", users=0, rate_sheet_id="sheet_0"),
        credit=CreditOrder(amount=0),
        time_zone="Nowhere",
    )
    problem = await billing.problem(quote_of(wrong), RESELLER)
    assert problem.code == "invalid-fields"
    assert {error.pointer for error in problem.errors} == {
        "/time_zone",
        "/plan/name",
        "/plan/users",
        "/plan/rate_sheet_id",
        "/credit/amount",
    }


async def test_a_taken_plan_name_is_told_by_its_own_name_and_with_others_among_them(
    billing: Harness,
) -> None:
    await open_account(billing, "acc_c9", plan=plan("Gold"))
    alone = await billing.problem(quote_of(opening(plan=plan(" GOLD "))), RESELLER)
    assert alone.type == "plan-name-taken"
    assert [error.pointer for error in alone.errors] == ["/plan/name"]
    both = await billing.problem(quote_of(opening(plan=plan("gold", users=0))), RESELLER)
    assert both.type == "invalid-fields"
    assert [error.type for error in both.errors] == ["plan-name-taken", "out-of-range"]


async def test_the_plan_names_and_sheets_of_another_reseller_do_not_count(
    billing: Harness,
) -> None:
    await open_account(billing, "acc_c9", plan=plan("Gold"))
    sheet = await add_sheet(billing)
    assert (await quote(billing, OTHER_RESELLER, plan=plan("Gold"))).sufficient_credit
    problem = await billing.problem(
        quote_of(opening(plan=plan(rate_sheet_id=sheet.id))), OTHER_RESELLER
    )
    (error,) = problem.errors
    assert (error.pointer, error.type) == ("/plan/rate_sheet_id", "not-found")


async def test_only_countries_that_the_sheet_prices_can_be_opened(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    fits = plan(rate_sheet_id=sheet.id, countries=opened("IN", 300))
    assert (await quote(billing, plan=fits)).sufficient_credit
    no_rate = plan(rate_sheet_id=sheet.id, countries=opened("FR", 300))
    problem = await billing.problem(quote_of(opening(plan=no_rate)), RESELLER)
    (error,) = problem.errors
    assert (error.pointer, error.type) == ("/plan/countries/0/country", "no-rate")
    assert "France" in error.detail


async def test_customers_get_no_quotes(billing: Harness) -> None:
    assert (await billing.problem(quote_of(opening()), CUSTOMER)).type == "forbidden"
    with pytest.raises(Refused, match="not-signed-in"):
        await billing.ask(quote_of(opening()))


# --- the billing account ------------------------------------------------------------------


async def test_the_ledger_begins_with_credit_and_then_every_charge(billing: Harness) -> None:
    await billing.ask(opening(numbers=NUMBERS), message_id="order-1")
    entries = await ledger_of(billing)
    shown = [(entry.seq, entry.type, entry.amount, entry.balance_after) for entry in entries]
    assert shown == [
        (1, "credit", micros("500.00"), micros("500.00")),
        (2, "users", -micros("168.00"), micros("332.00")),
        (3, "number-rent", -micros("1.50"), micros("330.50")),
        (4, "number-setup", -micros("1.00"), micros("329.50")),
        (5, "number-rent", -micros("2.20"), micros("327.30")),
    ]
    assert entries[0].text == "Credit added: Welcome"
    assert {(entry.actor, entry.cause) for entry in entries} == {("usr_r1", "order-1")}
    assert {entry.at for entry in entries} == {billing.clock.now}
    assert await balance_of(billing) == micros("327.30")
    assert await audit(billing) == []


async def test_an_opened_billing_account_is_announced_with_its_plan_and_credit(
    billing: Harness,
) -> None:
    await billing.sent(BillingAccountOpened)
    await billing.ask(opening(numbers=NUMBERS))
    assert await billing.sent(BillingAccountOpened) == [
        BillingAccountOpened(
            account_id="acc_c1",
            reseller_id="acc_r1",
            balance=micros("327.30"),
            currency="USD",
        )
    ]
    assert await billing.sent(CreditAdded) == [
        CreditAdded(
            account_id="acc_c1",
            reseller_id="acc_r1",
            seq=1,
            amount=micros("500.00"),
            balance_after=micros("500.00"),
            currency="USD",
        )
    ]
    assert await billing.sent(PlanChanged) == [
        PlanChanged(
            account_id="acc_c1",
            reseller_id="acc_r1",
            version=1,
            plan=PlanSummary(name="Office 12", users=12, cost_per_user=micros("14.00")),
            monthly_charge=micros("171.70"),
            currency="USD",
        )
    ]


async def test_a_free_plan_needs_no_credit_and_no_entry(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    free = plan(cost_per_user=0, rate_sheet_id=sheet.id, countries=opened("IN", 5))
    await billing.ask(opening(plan=free, credit=None))
    assert await ledger_of(billing) == []
    assert await balance_of(billing) == 0
    found = await billing.ask(FindPlan(account_id="acc_c1"), RESELLER)
    assert found.countries[0].seconds_left == 300
    assert await audit(billing) == []


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (opening(credit=CreditOrder(amount=micros("167.99"))), "insufficient-credit"),
        (opening(credit=None), "insufficient-credit"),
        (opening(plan=plan(users=0)), "invalid-fields"),
        (opening(plan=plan(rate_sheet_id="sheet_0")), "invalid-fields"),
        (opening(credit=CreditOrder(amount=0)), "invalid-fields"),
        (opening(plan=plan("Taken")), "plan-name-taken"),
    ],
)
async def test_a_refused_billing_account_leaves_no_trace(
    billing: Harness, order: OpenBillingAccount, reason: str
) -> None:
    await open_account(billing, "acc_c9", plan=plan("Taken"))
    await billing.sent(BillingAccountOpened)
    await billing.ask(order)
    (refused,) = await billing.sent(BillingAccountRefused)
    assert (refused.account_id, refused.reseller_id) == ("acc_c1", "acc_r1")
    assert refused.reason == reason
    assert refused.detail
    assert await billing.sent(BillingAccountOpened) == []
    assert (await billing.problem(FindPlan(account_id="acc_c1"), RESELLER)).type == "not-found"
    documents = billing.database.documents
    assert await documents("wallets").find_one({"_id": "acc_c1"}) is None
    assert await documents("plans").find_one({"_id": "acc_c1"}) is None
    assert await documents("ledger").find_one({"account_id": "acc_c1"}) is None


async def test_the_same_order_again_is_announced_again_and_charges_nothing(
    billing: Harness,
) -> None:
    for kind in (BillingAccountOpened, CreditAdded, PlanChanged):
        await billing.sent(kind)
    order = opening(numbers=NUMBERS)
    await billing.ask(order, message_id="one")
    await billing.ask(order, message_id="one")
    await billing.ask(order, message_id="two")
    assert len(await billing.sent(BillingAccountOpened)) == 2
    assert len(await billing.sent(CreditAdded)) == 1
    assert len(await billing.sent(PlanChanged)) == 1
    assert len(await ledger_of(billing)) == 5


async def test_a_refusal_stands_when_the_same_order_comes_again(billing: Harness) -> None:
    sheetless = opening(plan=plan(rate_sheet_id="sheet_later"))
    await billing.ask(sheetless)
    # what was missing has come meanwhile; but accounts has been told that the account failed
    await billing.database.documents("rate_sheets").insert(
        {
            "_id": "sheet_later",
            "reseller_id": "acc_r1",
            "name": "Later",
            "name_taken": "later",
            "currency": "USD",
            "created_at": billing.clock.now,
            "changed_at": billing.clock.now,
            "deleted_at": None,
            "version": 1,
        }
    )
    await billing.ask(sheetless)
    first, second = await billing.sent(BillingAccountRefused)
    assert first == second
    assert await billing.database.documents("wallets").find_one({"_id": "acc_c1"}) is None


async def test_the_same_order_at_the_same_time_opens_one_billing_account(billing: Harness) -> None:
    await billing.sent(BillingAccountOpened)
    await asyncio.gather(*(billing.ask(opening(numbers=NUMBERS)) for _ in range(6)))
    assert len(await ledger_of(billing)) == 5
    assert len(await billing.sent(BillingAccountOpened)) == 6
    assert await billing.sent(BillingAccountRefused) == []
    assert await audit(billing) == []


async def test_two_accounts_want_one_plan_name_and_one_gets_it(billing: Harness) -> None:
    await billing.sent(BillingAccountOpened)
    accounts = [f"acc_{index}" for index in range(6)]
    await asyncio.gather(
        *(billing.ask(opening(account, plan=plan("Gold"))) for account in accounts)
    )
    opened_billing_accounts = await billing.sent(BillingAccountOpened)
    refused = await billing.sent(BillingAccountRefused)
    assert len(opened_billing_accounts) == 1
    assert {found.reason for found in refused} == {"plan-name-taken"}
    winners = {found.account_id for found in opened_billing_accounts}
    assert winners | {found.account_id for found in refused} == set(accounts)


async def test_resellers_and_deeper_accounts_open_alike(billing: Harness) -> None:
    deep = ("platform", "acc_r1", "acc_c1")
    await open_account(billing, "acc_c1")
    await billing.ask(opening("acc_d1", parent_path=deep, plan=plan("Deep")))
    below: list[Message] = [
        found for found in await billing.sent(BillingAccountOpened) if found.account_id == "acc_d1"
    ]
    assert [found.model_dump()["reseller_id"] for found in below] == ["acc_c1"]
    # its parent sees it; the account above its parent does not
    middle = Principal(id="u", account_id="acc_c1", parent_id="acc_r1", role="reseller")
    assert (await billing.ask(FindPlan(account_id="acc_d1"), middle)).name == "Deep"
    assert (await billing.problem(FindPlan(account_id="acc_d1"), RESELLER)).type == "not-found"


# --- the plan -------------------------------------------------------------------------------


async def test_a_plan_is_shown_to_its_parent_and_its_administrator_only(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    fits = plan(rate_sheet_id=sheet.id, countries=(*opened("IN", 300), *opened("GB")))
    await billing.ask(opening(plan=fits, numbers=NUMBERS))
    found = await billing.ask(FindPlan(account_id="acc_c1"), RESELLER)
    assert found == await billing.ask(FindPlan(account_id="acc_c1"), CUSTOMER)
    assert (found.rate_sheet_name, found.numbers) == ("Standard", NUMBERS)
    assert [
        (bundle.country, bundle.minutes, bundle.seconds_left) for bundle in found.countries
    ] == [
        ("IN", 300, 18_000),
        ("GB", 0, 0),
    ]
    assert (found.monthly_charge, found.next_renewal) == (micros("171.70"), date(2026, 12, 22))
    for stranger in (OTHER_RESELLER, OPERATOR):
        problem = await billing.problem(FindPlan(account_id="acc_c1"), stranger)
        assert problem.code == "not-found"
    switch = Principal(id="key", account_id="acc_r1", parent_id="platform", role="switch")
    assert (await billing.problem(FindPlan(account_id="acc_c1"), switch)).type == "forbidden"


async def test_an_account_without_a_plan_has_none_to_show(billing: Harness) -> None:
    problem = await billing.problem(FindPlan(account_id="acc_r1"), RESELLER)
    assert problem.code == "not-found"
    assert "plan" in problem.detail


async def test_the_renewal_day_is_kept_in_the_accounts_zone(billing: Harness) -> None:
    # 03:00 of the 22nd in UTC is the 21st in New York
    await billing.ask(opening(opened_at="2026-11-22T03:00:00Z"))
    document = await billing.database.documents("wallets").find_one({"_id": "acc_c1"})
    assert document is not None
    assert BillingAccount.model_validate({**document, "id": "acc_c1"}).anchor_day == 21
