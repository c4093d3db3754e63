"""Tax is quoted, charged and given back together with what it is on."""

from contracts.billing import (
    AddCredit,
    BillingAccountOpened,
    BillingAccountRefused,
    ChangePlan,
    CreditOrder,
    PlanChange,
    QuoteOpenings,
)
from contracts.values import micros
from tests.billing.conftest import (
    NUMBERS,
    add_sheet,
    audit,
    balance_of,
    ledger_of,
    open_account,
    opening,
    plan,
)
from tests.billing.invoiced import know_invoice_parties
from tests.billing.lifecycle.test_opening import quote_of
from tests.billing.lifecycle.test_plan_changes import change, open_plan, quote
from tests.billing.months import day, invoices_of, live_on, live_until, set_tax
from tests.harness import CUSTOMER, RESELLER, Harness


async def test_a_change_of_a_plan_is_quoted_and_carried_out_with_its_tax(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    await set_tax(billing, "19.00")
    await open_plan(billing, credit="380.79")  # 300.00, 57.00 of tax, and 23.79
    await live_on(billing)
    billing.clock.forward(days=10)
    assert not (await quote(billing, users=11)).sufficient_credit  # 20.00 and 3.80
    assert (
        await billing.problem(
            ChangePlan(account_id="acc_c1", version=1, change=PlanChange(users=11)), RESELLER
        )
    ).type == "insufficient-credit"
    order = CreditOrder(amount=micros("0.01"))
    await billing.ask(AddCredit(account_id="acc_c1", credit=order), RESELLER)
    for users, total in ((11, "23.80"), (9, "-45.22")):
        quoted = await quote(billing, users=users)
        assert [line.type for line in quoted.lines] == ["users", "tax"]
        assert (quoted.total, quoted.sufficient_credit) == (micros(total), True)
        await change(billing, users=users, version=1 if users == 11 else 2)
        assert await balance_of(billing) == quoted.balance_after
    await live_until(billing, day(2026, 12, 22))
    renewal = (await invoices_of(billing))[1]
    # 270.00 for nine users, 20.00 and -38.00 for the changes: 252.00
    assert (renewal.tax, renewal.total) == (micros("47.88"), micros("299.88"))
    assert renewal.paid_by_credit == micros("23.80") - micros("45.22")
    assert await audit(billing) == []


async def test_an_opening_charges_its_tax_of_the_quote_however_late_it_is_carried_out(
    billing: Harness,
) -> None:
    await set_tax(billing, "10.00")
    accepted_at = billing.clock()
    billing.clock.forward(hours=20)
    await set_tax(billing, "19.00")
    await open_account(
        billing,
        numbers=NUMBERS,
        opened_at=accepted_at.isoformat(),
        accepted_total=micros("189.97"),  # 172.70, and 17.27 of tax
    )
    opened = [one for one in await billing.sent(BillingAccountOpened) if one.account_id == "acc_c1"]
    assert len(opened) == 1
    assert -sum(one.amount for one in await ledger_of(billing) if one.amount < 0) == micros(
        "189.97"
    )
    assert await audit(billing) == []


async def test_an_opening_whose_charges_are_not_those_that_were_accepted_charges_nothing(
    billing: Harness,
) -> None:
    await open_account(billing, numbers=NUMBERS, accepted_total=micros("172.69"))
    (refused,) = await billing.sent(BillingAccountRefused)
    assert refused.reason == "quote-changed"
    assert "acc_c1" not in [one.account_id for one in await billing.sent(BillingAccountOpened)]


async def test_openings_of_a_file_are_quoted_as_each_is_alone(billing: Harness) -> None:
    await set_tax(billing, "10.00")
    sheet = await add_sheet(billing)
    await open_account(billing)
    orders = (
        opening(numbers=NUMBERS),
        opening(plan=plan("Plan of acc c1")),
        opening(plan=plan("Other", rate_sheet_id=sheet.id)),
        opening(plan=plan("Third", rate_sheet_id="rs_nobodys")),
    )
    asked = tuple(quote_of(order) for order in orders)
    found = (await billing.ask(QuoteOpenings(openings=asked), RESELLER)).data
    for question, one in zip(asked, found, strict=True):
        if one.quote:
            assert await billing.ask(question, RESELLER) == one.quote
        else:
            assert (await billing.problem(question, RESELLER)).errors == one.errors
    assert [bool(one.errors) for one in found] == [False, True, False, True]
    nobodys = await billing.problem(QuoteOpenings(openings=asked), CUSTOMER)
    assert nobodys.type == "forbidden"
