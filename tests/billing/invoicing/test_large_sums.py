"""Sums are larger than what they are made of: a million dong is a small amount."""

import asyncio

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.billing import (
    AddCredit,
    CreditOrder,
    FindBalance,
    FindPlan,
    FindResellerTotals,
    InvoiceIssued,
    IssueCreditNote,
    ListInvoices,
    ListTransactions,
    PayInvoice,
    PlanChange,
    QuotePlanChange,
    ReceivablesChanged,
)
from contracts.values import AMOUNT_MICROS_MAX, SUM_MICROS_MAX, Amount, Sum, SumInput, micros
from services.billing.invoicing.store import invoices
from services.billing.ledger.model.ledger import BALANCE_MICROS_MAX
from services.billing.lifecycle.handlers.renewals import issue_drafts
from services.chassis.database import Transaction, Trigger
from tests.billing.conftest import audit, balance_of, open_account, plan, running
from tests.billing.invoiced import draft, know_invoice_parties, line
from tests.billing.months import day, invoices_of, live_on, live_until, set_tax
from tests.harness import RESELLER, Harness

LARGE = micros("600000000.00")
MILLION_MILLION = "999999999999.999999"


def test_a_sum_has_twelve_digits_and_an_amount_nine() -> None:
    amount, total = TypeAdapter[int](Amount), TypeAdapter[int](Sum)
    assert amount.validate_json('"999999999.999999"') == AMOUNT_MICROS_MAX
    assert total.validate_json(f'"{MILLION_MILLION}"') == SUM_MICROS_MAX < 2**63
    assert total.dump_json(-SUM_MICROS_MAX) == f'"-{MILLION_MILLION}"'.encode()
    for kind, text in ((amount, '"1000000000"'), (total, '"1000000000000"'), (total, "12.5")):
        with pytest.raises(ValidationError):
            kind.validate_json(text)
    for kind, micro in ((amount, AMOUNT_MICROS_MAX + 1), (total, -SUM_MICROS_MAX - 1)):
        with pytest.raises(ValidationError):
            kind.validate_python(micro)
    with pytest.raises(ValidationError):
        TypeAdapter[int](SumInput).validate_python(5)


async def test_credit_of_several_accounts_is_added_up(billing: Harness) -> None:
    for account_id in ("acc_c1", "acc_c2"):
        await open_account(billing, account_id, plan=None, credit=CreditOrder(amount=LARGE))
    assert (await billing.ask(FindResellerTotals(), RESELLER)).credit == 2 * LARGE


async def test_a_balance_grows_beyond_one_amount_of_credit_but_not_for_ever(
    billing: Harness,
) -> None:
    await open_account(billing, plan=None, credit=CreditOrder(amount=LARGE))
    entry = await billing.ask(add(LARGE), RESELLER)
    assert entry.balance_after == 2 * LARGE
    page = await billing.ask(ListTransactions(account_id="acc_c1"), RESELLER)
    assert page.closing_balance == 2 * LARGE
    balance = await billing.ask(FindBalance(account_id="acc_c1"), RESELLER)
    assert balance.available == 2 * LARGE
    for _ in range((BALANCE_MICROS_MAX - 2 * LARGE) // LARGE):
        await billing.ask(add(LARGE), RESELLER)
    problem = await billing.problem(add(LARGE), RESELLER)
    assert [(error.pointer, error.type) for error in problem.errors] == [("/amount", "too-large")]


def add(amount: int) -> AddCredit:
    return AddCredit(account_id="acc_c1", credit=CreditOrder(amount=amount))


async def test_an_invoice_beyond_one_amount_is_issued_listed_paid_and_credited(
    billing: Harness,
) -> None:
    await know_invoice_parties(billing, "acc_c1")
    ordered = plan("Plan of acc c1", users=700, cost_per_user=micros("1428000"))
    order = CreditOrder(amount=micros("999999999"))
    await open_account(
        billing, plan=ordered, credit=order, currency="VND", opened_at=day(2026, 11, 22)
    )
    await set_tax(billing, "10.00")
    await live_on(billing)
    await live_until(billing, day(2026, 12, 22))
    opening, renewal = await invoices_of(billing)
    whole, first = micros("1099560000", 12), micros("99960000")
    assert (renewal.total, renewal.due, renewal.number) == (whole, whole, "INV-000002")
    assert opening.due == 0
    assert (await billing.sent(InvoiceIssued))[-1].receivables.unpaid == whole
    assert (await billing.sent(ReceivablesChanged))[-1].receivables.unpaid == whole
    page = await billing.ask(ListInvoices(), RESELLER)
    assert (page.total, page.unpaid) == (2 * whole - first, whole)
    fewer = QuotePlanChange(account_id="acc_c1", change=PlanChange(users=1))
    assert (await billing.ask(fewer, RESELLER)).sufficient_credit
    note = IssueCreditNote(
        invoice_id=renewal.id, amount=micros("1050000000", 12), reason="Promised"
    )
    assert (await billing.ask(note, RESELLER)).total == -note.amount
    part = micros("9560000")
    outside = PayInvoice(invoice_id=renewal.id, amount=part, source="outside")
    await billing.ask(outside, RESELLER)
    await billing.ask(add(LARGE), RESELLER)
    owed = whole - note.amount - part
    assert (await invoices_of(billing))[1].due == 0
    assert await balance_of(billing) == micros("399999") + LARGE - owed
    assert (await billing.ask(FindPlan(account_id="acc_c1"), RESELLER)).version == 1
    assert await audit(billing) == []


async def test_a_draft_that_cannot_be_issued_keeps_no_other_back(billing: Harness) -> None:
    await open_account(billing)
    await know_invoice_parties(billing, "acc_c1")
    # no coin pays what is due of it
    broken = draft("inv_2", lines=(line("0.001"),))

    async def keep(tx: Transaction) -> None:
        for one in (draft("inv_1"), broken, draft("inv_3"), draft("inv_4")):
            await invoices.add(tx, one)

    await billing.database.once("test", Trigger("keep", "test"), keep)
    await issue_drafts(running(billing))
    found = {one.id: one.number for one in await invoices_of(billing)}
    assert found == {
        "inv_1": "INV-000001",
        "inv_2": "",
        "inv_3": "INV-000002",
        "inv_4": "INV-000003",
    }
    # another look meets it alone, and issues it once it can be
    await issue_drafts(running(billing))
    mended = invoices.invoice_document(broken.model_copy(update={"lines": (line("0.01"),)}))
    await billing.database.documents(invoices.INVOICES).update({"_id": "inv_2"}, {"$set": mended})
    await asyncio.gather(*(issue_drafts(running(billing)) for _ in range(2)))
    last = (await invoices_of(billing))[-1]
    assert (last.id, last.number) == ("inv_2", "INV-000004")
