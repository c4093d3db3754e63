"""Paying invoices from the balance and from outside, all of them at once, and credit notes."""

import asyncio

import pytest

from contracts.accounts import AccountClosed
from contracts.base import Answer, Command, Problem, Refused
from contracts.billing import (
    CreditInvoice,
    CreditOrder,
    FindInvoice,
    Invoice,
    InvoiceIssued,
    InvoicePaid,
    PayAllInvoices,
    PayInvoice,
)
from contracts.values import decimal_text, micros
from services.billing.handlers.payments import write_off_unpaid
from services.billing.model.ledger import Wallet
from services.billing.store import invoices, wallets
from services.chassis.database import INBOX, Cause, Transaction
from services.chassis.principal import Principal
from tests.billing.conftest import audit, balance_of, ledger_of, open_account
from tests.billing.invoiced import draft, keep_and_issue, know_parties, line
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

NEIGHBOUR = Principal(id="usr_c2", account_id="acc_c2", parent_id="acc_r1", role="customer")
SWITCH = Principal(id="key_1", account_id="acc_r1", parent_id="platform", role="switch")


def pay(
    amount: str | None = None, invoice_id: str = "inv_1", source: str = "balance"
) -> PayInvoice:
    return PayInvoice.model_validate(
        {"invoice_id": invoice_id, "amount": amount, "source": source, "note": " By  wire "}
    )


def credit(amount: str, invoice_id: str = "inv_1") -> CreditInvoice:
    return CreditInvoice(invoice_id=invoice_id, amount=micros(amount), reason="Too many users")


async def owe(harness: Harness, *amounts: str) -> None:
    """Open an account with a balance of 100.00, and issue invoices of these amounts to it."""
    await open_account(harness, plan=None, credit=CreditOrder(amount=micros("100.00")))
    await know_parties(harness, "acc_c1")
    for index, amount in enumerate(amounts, start=1):
        await keep_and_issue(harness, draft(f"inv_{index}", lines=(line(amount),)))
    await harness.sent(InvoiceIssued)


async def invoice_of(harness: Harness, invoice_id: str = "inv_1") -> Invoice:
    return await harness.ask(FindInvoice(invoice_id=invoice_id), CUSTOMER)


async def entries_of(harness: Harness) -> list[tuple[str, str, str]]:
    """Return type, amount and cause of what came after the opening."""
    entries = await ledger_of(harness)
    return [(entry.type, decimal_text(entry.amount), entry.cause) for entry in entries[1:]]


async def forget_receipts(harness: Harness) -> None:
    await harness.database.documents(INBOX).delete({})


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
    assert (event.standing.version, event.standing.unpaid_invoices) == (2, 0)
    assert await audit(billing) == []


async def test_paying_in_part_leaves_the_rest_due(billing: Harness) -> None:
    await owe(billing, "60.00")
    part = await billing.ask(pay("25.00"), CUSTOMER)
    assert (part.status, part.paid, part.due) == ("issued", micros("25.00"), micros("35.00"))
    assert await billing.sent(InvoicePaid) == []
    rest = await billing.ask(pay(), CUSTOMER)
    assert (rest.status, len(rest.payments), rest.due) == ("paid", 2, 0)
    (event,) = await billing.sent(InvoicePaid)
    assert event.standing.unpaid == 0
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
    assert kinds == ["more-than-due"] * 5
    answers = await asyncio.gather(*(attempt("20.00") for _ in range(6)))
    kinds = [answer.type for answer in answers if isinstance(answer, Problem)]
    assert kinds == ["nothing-due"] * 5
    assert await balance_of(billing) == micros("40.00")
    assert len(await billing.sent(InvoicePaid)) == 1
    assert await audit(billing) == []


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (pay("60.01"), "more-than-due"),
        (pay("61.00", source="outside"), "more-than-due"),
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
    assert problem.type == kind
    assert await entries_of(billing) == []
    assert (await invoice_of(billing)).due == micros("60.00")


async def test_too_little_credit_is_told_in_figures(billing: Harness) -> None:
    await owe(billing, "160.00")
    problem = await billing.problem(pay(), CUSTOMER)
    assert "160.00 USD is to be paid" in problem.detail
    assert "the balance covers 100.00" in problem.detail


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
    assert {event.standing.unpaid_invoices for event in events} == {0}
    # the same request, while its receipt is known and when it is forgotten
    assert await billing.ask(command, CUSTOMER, message_id="request-1") == answer
    await forget_receipts(billing)
    assert await billing.ask(command, CUSTOMER, message_id="request-1") == answer
    assert await balance_of(billing) == micros("40.00")
    assert await audit(billing) == []


async def test_paying_all_is_all_or_nothing(billing: Harness) -> None:
    await owe(billing, "60.00", "60.00")
    problem = await billing.problem(PayAllInvoices(account_id="acc_c1"), CUSTOMER)
    assert problem.type == "insufficient-credit"
    assert "120.00 USD is to be paid" in problem.detail
    assert await entries_of(billing) == []
    assert (await invoice_of(billing)).due == micros("60.00")


async def test_paying_all_is_refused_when_the_sum_is_another_by_now(billing: Harness) -> None:
    await owe(billing, "30.00")
    seen = PayAllInvoices(account_id="acc_c1", amount=micros("30.00"))
    await keep_and_issue(billing, draft("inv_2", lines=(line("1.00"),)))
    problem = await billing.problem(seen, CUSTOMER)
    assert problem.type == "amount-changed"
    assert "31.00 USD" in problem.detail


async def test_paying_all_of_nothing_is_refused(billing: Harness) -> None:
    await owe(billing)
    problem = await billing.problem(PayAllInvoices(account_id="acc_c1"), CUSTOMER)
    assert problem.type == "nothing-due"


async def test_paying_all_at_once_pays_each_once(billing: Harness) -> None:
    await owe(billing, "10.00", "10.00")

    async def attempt(command: Command[Answer]) -> bool:
        try:
            await billing.ask(command, CUSTOMER)
        except Refused as refusal:
            assert refusal.problem.type == "nothing-due"  # noqa: PT017 - of many, one is not refused
            return False
        return True

    everything: list[Command[Answer]] = [PayAllInvoices(account_id="acc_c1") for _ in range(5)]
    assert sum(await asyncio.gather(*map(attempt, everything))) == 1
    assert await balance_of(billing) == micros("80.00")


# --- credit notes ---------------------------------------------------------------------------


async def test_a_credit_note_reduces_what_is_due_first(billing: Harness) -> None:
    await owe(billing, "60.00")
    note = await billing.ask(credit("15.00"), RESELLER, message_id="request-1")
    assert (note.kind, note.number, note.status) == ("credit-note", "INV-000002", "paid")
    assert (note.total, note.due, note.note) == (micros("-15.00"), 0, "Too many users")
    assert (note.corrects_id, note.corrects_number) == ("inv_1", "INV-000001")
    assert note.customer.name == "Name of acc_c1"
    corrected = await invoice_of(billing)
    assert (corrected.total, corrected.credited, corrected.due) == (
        micros("60.00"),
        micros("15.00"),
        micros("45.00"),
    )
    assert await entries_of(billing) == []
    (event,) = await billing.sent(InvoiceIssued)
    assert (event.kind, event.total, event.due) == ("credit-note", micros("-15.00"), 0)
    assert event.standing.unpaid == micros("45.00")
    assert await billing.sent(InvoicePaid) == []
    assert await billing.ask(credit("15.00"), RESELLER, message_id="request-1") == note


async def test_a_credit_note_over_what_is_due_refunds_the_rest(billing: Harness) -> None:
    await owe(billing, "60.00")
    await billing.ask(pay("50.00"), CUSTOMER)
    note = await billing.ask(credit("25.00"), RESELLER)
    assert await entries_of(billing) == [
        ("payment", "-50.00", "inv_1"),
        ("adjustment", "15.00", note.id),
    ]
    assert (await invoice_of(billing)).status == "paid"
    (event,) = await billing.sent(InvoicePaid)
    assert event.standing.unpaid_invoices == 0
    assert await balance_of(billing) == micros("65.00")
    assert await audit(billing) == []


async def test_no_more_is_credited_than_the_invoice_came_to(billing: Harness) -> None:
    await owe(billing, "60.00")
    await billing.ask(pay(), CUSTOMER)
    await billing.ask(credit("40.00"), RESELLER)
    for amount, kind in (("20.01", "out-of-range"), ("0.001", "too-many-decimals")):
        problem = await billing.problem(credit(amount), RESELLER)
        assert problem.type == "invalid-fields"
        assert [(error.pointer, error.type) for error in problem.errors] == [("/amount", kind)]
    await billing.ask(credit("20.00"), RESELLER)
    assert await balance_of(billing) == micros("100.00")
    assert (await billing.problem(credit("0.01"), RESELLER)).type == "nothing-due"
    assert await audit(billing) == []


async def test_a_credit_note_gives_back_its_share_of_the_tax(billing: Harness) -> None:
    await owe(billing)
    taxed = draft("inv_1", lines=(line("10.00"), line("1.90", "tax")))
    await keep_and_issue(billing, taxed)
    parts = [await billing.ask(credit(amount), RESELLER) for amount in ("3.33", "3.33", "5.24")]
    assert [decimal_text(note.tax) for note in parts] == ["-0.53", "-0.53", "-0.84"]
    assert sum(note.total for note in parts) == micros("-11.90")
    assert (await invoice_of(billing)).status == "paid"


async def test_calls_are_credited_to_the_last_fraction(billing: Harness) -> None:
    await owe(billing)
    calls = draft("inv_1", lines=(line("0.0963", "calls"),), paid_by_credit=micros("0.0963"))
    await keep_and_issue(billing, calls)
    assert (await billing.problem(credit("0.0950"), RESELLER)).type == "invalid-fields"
    await billing.ask(credit("0.0963"), RESELLER)
    assert await balance_of(billing) == micros("100.0963")


async def test_the_same_credit_note_twice_credits_once(billing: Harness) -> None:
    await owe(billing, "60.00")
    await billing.ask(pay(), CUSTOMER)
    note = await billing.ask(credit("10.00"), RESELLER, message_id="request-1")
    await forget_receipts(billing)
    assert await billing.ask(credit("10.00"), RESELLER, message_id="request-1") == note
    await forget_receipts(billing)
    with pytest.raises(Refused, match="idempotency-key-reused"):
        await billing.ask(credit("11.00"), RESELLER, message_id="request-1")
    assert await balance_of(billing) == micros("50.00")


async def test_a_credit_note_is_not_corrected_itself(billing: Harness) -> None:
    await owe(billing, "60.00")
    note = await billing.ask(credit("10.00"), RESELLER)
    assert (await billing.problem(credit("1.00", note.id), RESELLER)).type == "nothing-due"
    assert (await billing.problem(pay(invoice_id=note.id), RESELLER)).type == "nothing-due"


async def test_a_credit_note_and_a_payment_at_once_never_overpay(billing: Harness) -> None:
    await owe(billing, "60.00")

    async def attempt(command: Command[Invoice], by: Principal) -> None:
        try:
            await billing.ask(command, by)
        except Refused as refusal:
            assert refusal.problem.type == "nothing-due"  # noqa: PT017 - it need not be refused

    await asyncio.gather(attempt(pay("60.00"), CUSTOMER), attempt(credit("60.00"), RESELLER))
    invoice = await invoice_of(billing)
    assert (invoice.status, invoice.due) == ("paid", 0)
    assert await balance_of(billing) == micros("100.00")
    assert await audit(billing) == []


# --- giving up ------------------------------------------------------------------------------


async def _write_off(harness: Harness) -> None:
    async def work(tx: Transaction) -> None:
        wallet = await wallets.find(tx, "acc_c1")
        assert isinstance(wallet, Wallet)
        assert [one.status for one in await write_off_unpaid(tx, wallet)] == ["void", "void"]
        assert await invoices.unpaid(tx, ["acc_c1"]) == []

    await harness.database.once("test", Cause("write-off", "test"), work)


async def test_what_is_written_off_is_void_and_in_the_ledger(billing: Harness) -> None:
    await owe(billing, "60.00", "10.00")
    await billing.ask(pay("20.00"), CUSTOMER)
    await _write_off(billing)
    void = await invoice_of(billing)
    assert (void.status, void.written_off, void.due) == ("void", micros("40.00"), 0)
    assert await entries_of(billing) == [
        ("payment", "-20.00", "inv_1"),
        ("payment", "-40.00", "inv_1"),
        ("write-off", "40.00", "inv_1"),
        ("payment", "-10.00", "inv_2"),
        ("write-off", "10.00", "inv_2"),
    ]
    assert await balance_of(billing) == micros("80.00")
    assert (await billing.problem(pay(), RESELLER)).type == "nothing-due"
    # only what was paid can be given back
    assert (await billing.problem(credit("20.01"), RESELLER)).type == "invalid-fields"
    assert (await billing.problem(credit("0.01", "inv_2"), RESELLER)).type == "nothing-due"
    await billing.ask(credit("20.00"), RESELLER)
    assert await balance_of(billing) == micros("100.00")
    assert (await invoice_of(billing)).status == "void"
    assert await audit(billing) == []


async def test_invoices_of_a_closed_account_are_not_corrected(billing: Harness) -> None:
    await owe(billing, "60.00")
    await billing.ask(pay(), CUSTOMER)
    await billing.hear(
        AccountClosed(account_id="acc_c1", reseller_id="acc_r1", version=9, name="Gone")
    )
    assert (await billing.problem(credit("1.00"), RESELLER)).type == "account-not-active"
