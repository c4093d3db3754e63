"""Paying invoices from the balance and from outside, all of them at once."""

import asyncio

import pytest

from contracts.base import Answer, Command, Problem, Refused
from contracts.billing import Invoice, InvoicePaid, PayAllInvoices, PayInvoice, ReceivablesChanged
from contracts.values import micros
from services.chassis.principal import Principal
from tests.billing.conftest import audit, balance_of, ledger_of
from tests.billing.invoiced import (
    credit,
    draft,
    entries_of,
    forget_receipts,
    invoice_of,
    keep_and_issue,
    line,
    owe,
    pay,
)
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

NEIGHBOUR = Principal(id="usr_c2", account_id="acc_c2", parent_id="acc_r1", role="customer")
SWITCH = Principal(id="key_1", account_id="acc_r1", parent_id="platform", role="switch")


# --- paying one -----------------------------------------------------------------------------


@pytest.mark.parametrize("payer", [CUSTOMER, RESELLER])
async def test_paying_from_the_balance_settles_the_invoice(
    billing: Harness, payer: Principal
) -> None:
    await owe(billing, "60.00")
    paid = await billing.ask(pay(), payer, message_id="request-1")
    assert (paid.status, paid.paid, paid.due) == ("paid", micros("60.00"), 0)
    (payment,) = paid.payments
    assert (payment.source, payment.note, payment.actor) == ("balance", "By wire", payer.id)
    assert await invoice_of(billing) == paid
    assert await entries_of(billing) == [("payment", "-60.00", "inv_1")]
    assert await balance_of(billing) == micros("40.00")
    (event,) = await billing.sent(InvoicePaid)
    assert (event.invoice_id, event.number, event.total) == ("inv_1", "INV-000001", micros("60.00"))
    assert (event.receivables.version, event.receivables.unpaid_invoices) == (2, 0)
    assert await audit(billing) == []


async def test_paying_in_part_leaves_the_rest_due(billing: Harness) -> None:
    await owe(billing, "60.00")
    part = await billing.ask(pay("25.00"), CUSTOMER)
    assert (part.status, part.paid, part.due) == ("issued", micros("25.00"), micros("35.00"))
    assert await billing.sent(InvoicePaid) == []
    (told,) = await billing.sent(ReceivablesChanged)
    assert (told.receivables.unpaid_invoices, told.receivables.unpaid) == (1, micros("35.00"))
    rest = await billing.ask(pay(), CUSTOMER)
    assert (rest.status, len(rest.payments), rest.due) == ("paid", 2, 0)
    (event,) = await billing.sent(InvoicePaid)
    assert event.receivables.unpaid == 0
    assert await billing.sent(ReceivablesChanged) == []
    assert await balance_of(billing) == micros("40.00")


async def test_money_from_outside_leaves_the_balance_as_it_was(billing: Harness) -> None:
    await owe(billing, "160.00")
    paid = await billing.ask(pay(source="outside"), RESELLER)
    assert (paid.status, paid.payments[0].source) == ("paid", "outside")
    assert await entries_of(billing) == [
        ("credit", "160.00", "inv_1"),
        ("payment", "-160.00", "inv_1"),
    ]
    texts = [entry.text for entry in (await ledger_of(billing))[1:]]
    assert texts == [
        "Payment received for invoice INV-000001: By wire",
        "Payment of invoice INV-000001",
    ]
    assert await balance_of(billing) == micros("100.00")
    assert await audit(billing) == []


async def test_the_same_request_twice_pays_once(billing: Harness) -> None:
    await owe(billing, "60.00")
    first = await billing.ask(pay("20.00"), CUSTOMER, message_id="request-1")
    assert await billing.ask(pay("20.00"), CUSTOMER, message_id="request-1") == first
    # much later, when its receipt has been forgotten
    await forget_receipts(billing)
    assert await billing.ask(pay("20.00"), CUSTOMER, message_id="request-1") == first
    assert await balance_of(billing) == micros("80.00")


async def test_an_old_key_pays_nothing_else(billing: Harness) -> None:
    await owe(billing, "60.00", "10.00")
    await billing.ask(pay("20.00"), CUSTOMER, message_id="request-1")
    await forget_receipts(billing)
    for other in (pay("21.00"), pay("20.00", "inv_2")):
        with pytest.raises(Refused, match="idempotency-key-reused"):
            await billing.ask(other, CUSTOMER, message_id="request-1")
    assert await balance_of(billing) == micros("80.00")


async def test_of_payments_at_once_only_what_is_due_is_taken(billing: Harness) -> None:
    await owe(billing, "60.00")

    async def attempt(amount: str) -> Invoice | Problem:
        try:
            return await billing.ask(pay(amount), CUSTOMER)
        except Refused as refusal:
            return refusal.problem

    answers = await asyncio.gather(*(attempt("40.00") for _ in range(6)))
    kinds = [answer.type for answer in answers if isinstance(answer, Problem)]
    assert kinds == ["amount-exceeds-due"] * 5
    answers = await asyncio.gather(*(attempt("20.00") for _ in range(6)))
    kinds = [answer.type for answer in answers if isinstance(answer, Problem)]
    assert kinds == ["nothing-due"] * 5
    assert await balance_of(billing) == micros("40.00")
    assert len(await billing.sent(InvoicePaid)) == 1
    assert await audit(billing) == []


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (pay("60.01"), "amount-exceeds-due"),
        (pay("61.00", source="outside"), "amount-exceeds-due"),
        (pay("0.00"), "invalid-fields"),
        (pay("-1.00"), "invalid-fields"),
        (pay("0.001"), "invalid-fields"),
        (pay(invoice_id="inv_2"), "insufficient-credit"),
        (pay("100.01", "inv_2"), "insufficient-credit"),
        (pay(invoice_id="inv_0"), "not-found"),
    ],
)
async def test_wrong_payments_are_refused(billing: Harness, command: PayInvoice, kind: str) -> None:
    await owe(billing, "60.00", "160.00")
    problem = await billing.problem(command, RESELLER)
    assert problem.code == kind
    assert await entries_of(billing) == []
    assert (await invoice_of(billing)).due == micros("60.00")


async def test_too_little_credit_is_told_in_figures(billing: Harness) -> None:
    await owe(billing, "160.00")
    problem = await billing.problem(pay(), CUSTOMER)
    assert "paying $160.00" in problem.detail
    assert "the balance is $100.00" in problem.detail


async def test_a_paid_invoice_takes_nothing_more(billing: Harness) -> None:
    await owe(billing, "60.00")
    await billing.ask(pay(), CUSTOMER)
    for command in (pay(), pay("0.01"), pay(source="outside")):
        assert (await billing.problem(command, RESELLER)).type == "nothing-due"


async def test_only_the_account_and_its_parent_pay(billing: Harness) -> None:
    await owe(billing, "60.00")
    for stranger in (OTHER_RESELLER, OPERATOR, NEIGHBOUR):
        assert (await billing.problem(pay(), stranger)).type == "not-found"
        assert (await billing.problem(credit("1.00"), stranger)).type == "not-found"
        everything = PayAllInvoices(account_id="acc_c1")
        assert (await billing.problem(everything, stranger)).type == "not-found"
    for command in (pay(source="outside"), credit("1.00")):
        assert (await billing.problem(command, CUSTOMER)).type == "forbidden"
    assert (await billing.problem(pay(), SWITCH)).type == "forbidden"
    assert await entries_of(billing) == []


async def test_a_draft_cannot_be_paid(billing: Harness) -> None:
    await owe(billing)
    await keep_and_issue(billing, draft("inv_1", account_id="acc_c9"))
    for by in (
        RESELLER,
        Principal(id="u", account_id="acc_c9", parent_id="acc_r1", role="customer"),
    ):
        assert (await billing.problem(pay(), by)).type == "not-found"


# --- paying all -----------------------------------------------------------------------------


async def test_paying_all_settles_the_oldest_first(billing: Harness) -> None:
    await owe(billing, "30.00", "20.00", "10.00")
    await billing.ask(pay("5.00"), CUSTOMER)
    command = PayAllInvoices(account_id="acc_c1", amount=micros("55.00"))
    answer = await billing.ask(command, CUSTOMER, message_id="request-1")
    assert (answer.paid, answer.currency) == (micros("55.00"), "USD")
    assert [one.number for one in answer.data] == ["INV-000001", "INV-000002", "INV-000003"]
    assert {one.status for one in answer.data} == {"paid"}
    assert await entries_of(billing) == [
        ("payment", "-5.00", "inv_1"),
        ("payment", "-25.00", "inv_1"),
        ("payment", "-20.00", "inv_2"),
        ("payment", "-10.00", "inv_3"),
    ]
    events = await billing.sent(InvoicePaid)
    assert [event.invoice_id for event in events] == ["inv_1", "inv_2", "inv_3"]
    assert {event.receivables.unpaid_invoices for event in events} == {0}
    # the same request, while its receipt is known and when it is forgotten
    assert await billing.ask(command, CUSTOMER, message_id="request-1") == answer
    await forget_receipts(billing)
    assert await billing.ask(command, CUSTOMER, message_id="request-1") == answer
    assert await balance_of(billing) == micros("40.00")
    assert await audit(billing) == []


async def test_paying_all_is_all_or_nothing(billing: Harness) -> None:
    await owe(billing, "60.00", "60.00")
    problem = await billing.problem(PayAllInvoices(account_id="acc_c1"), CUSTOMER)
    assert problem.code == "insufficient-credit"
    assert "paying $120.00" in problem.detail
    assert await entries_of(billing) == []
    assert (await invoice_of(billing)).due == micros("60.00")


async def test_paying_all_is_refused_when_the_sum_is_another_by_now(billing: Harness) -> None:
    await owe(billing, "30.00")
    seen = PayAllInvoices(account_id="acc_c1", amount=micros("30.00"))
    await keep_and_issue(billing, draft("inv_2", lines=(line("1.00"),)))
    problem = await billing.problem(seen, CUSTOMER)
    assert problem.code == "amount-changed"
    assert "$31.00" in problem.detail


async def test_paying_all_of_nothing_is_refused(billing: Harness) -> None:
    await owe(billing)
    problem = await billing.problem(PayAllInvoices(account_id="acc_c1"), CUSTOMER)
    assert problem.code == "nothing-due"


async def test_paying_all_at_once_pays_each_once(billing: Harness) -> None:
    await owe(billing, "10.00", "10.00")

    async def attempt(command: Command[Answer]) -> bool:
        try:
            await billing.ask(command, CUSTOMER)
        except Refused as refusal:
            assert refusal.problem.code == "nothing-due"  # noqa: PT017 - of many, one is not refused
            return False
        return True

    everything: list[Command[Answer]] = [PayAllInvoices(account_id="acc_c1") for _ in range(5)]
    assert sum(await asyncio.gather(*map(attempt, everything))) == 1
    assert await balance_of(billing) == micros("80.00")
