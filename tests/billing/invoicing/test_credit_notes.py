"""Credit notes, which correct issued invoices, and what is written off."""

import asyncio

import pytest

from contracts.accounts import AccountClosed
from contracts.audit import AuditFilter
from contracts.base import Command, Refused
from contracts.billing import (
    Invoice,
    InvoiceIssued,
    InvoicePaid,
    ListBillingChanges,
)
from contracts.values import decimal_text, micros
from services.billing.invoicing.store import invoices
from services.billing.ledger.store import billing_accounts
from services.billing.lifecycle.handlers.account_events import write_off
from services.chassis.database import Transaction, Trigger
from services.chassis.principal import Principal
from tests.billing.conftest import audit, balance_of
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
from tests.harness import CUSTOMER, RESELLER, Harness


async def test_a_credit_note_reduces_what_is_due_first(billing: Harness) -> None:
    await owe(billing, "60.00", balance="0.00")
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
    assert event.receivables.unpaid == micros("45.00")
    assert await billing.sent(InvoicePaid) == []
    assert await billing.ask(credit("15.00"), RESELLER, message_id="request-1") == note


async def test_an_invoice_names_its_credit_notes_and_what_they_changed(billing: Harness) -> None:
    await owe(billing, "60.00", "5.00", balance="50.00")
    await billing.ask(pay("50.00"), CUSTOMER)
    notes = [await billing.ask(credit(amount), RESELLER) for amount in ("4.00", "8.00")]
    corrected = await invoice_of(billing)
    assert [(one.id, one.number, one.total) for one in corrected.credit_notes] == [
        (note.id, note.number, note.total) for note in notes
    ]
    assert (corrected.paid, corrected.credited, corrected.refunded, corrected.due) == (
        micros("50.00"),
        micros("10.00"),
        micros("2.00"),
        0,
    )
    assert (await invoice_of(billing, "inv_2")).credit_notes == ()
    assert {(note.corrects_id, note.credit_notes) for note in notes} == {("inv_1", ())}


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
    assert event.receivables.unpaid_invoices == 0
    assert await balance_of(billing) == micros("65.00")
    assert await audit(billing) == []


async def test_a_credit_note_lets_the_balance_pay_what_is_due_at_once(billing: Harness) -> None:
    # 100.00 were held by calls when the invoices were issued, say
    await owe(billing, "60.00", "70.00")
    await billing.ask(credit("50.00", "inv_2"), RESELLER)
    assert [(await invoice_of(billing, one)).due for one in ("inv_1", "inv_2")] == [0, 0]
    assert await balance_of(billing) == micros("20.00")
    paid = await billing.sent(InvoicePaid)
    assert [event.invoice_id for event in paid] == ["inv_1", "inv_2"]
    assert await audit(billing) == []


async def test_no_more_is_credited_than_the_invoice_came_to(billing: Harness) -> None:
    await owe(billing, "60.00")
    await billing.ask(pay(), CUSTOMER)
    await billing.ask(credit("40.00"), RESELLER)
    for amount, kind in (("20.01", "out-of-range"), ("0.001", "too-many-decimals")):
        problem = await billing.problem(credit(amount), RESELLER)
        assert problem.code == "invalid-fields"
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
            assert refusal.problem.code == "nothing-due"  # noqa: PT017 - it need not be refused

    await asyncio.gather(attempt(pay("60.00"), CUSTOMER), attempt(credit("60.00"), RESELLER))
    invoice = await invoice_of(billing)
    assert (invoice.status, invoice.due) == ("paid", 0)
    assert await balance_of(billing) == micros("100.00")
    assert await audit(billing) == []


# --- giving up ------------------------------------------------------------------------------


async def _write_off(harness: Harness) -> None:
    async def work(tx: Transaction) -> None:
        account = await billing_accounts.find(tx, "acc_c1")
        assert account is not None
        await write_off(tx, account, await invoices.unpaid(tx, ["acc_c1"]))
        assert await invoices.unpaid(tx, ["acc_c1"]) == []

    await harness.database.once("test", Trigger("write-off", "test"), work)


async def test_what_is_written_off_is_void_and_in_the_ledger(billing: Harness) -> None:
    await owe(billing, "60.00", "10.00")
    await billing.ask(pay("20.00"), CUSTOMER)
    await _write_off(billing)
    void = await invoice_of(billing)
    assert (void.status, void.written_off, void.due) == ("void", micros("40.00"), 0)
    assert await entries_of(billing) == [
        ("payment", "-20.00", "inv_1"),
        ("write-off", "40.00", "inv_1"),
        ("payment", "-40.00", "inv_1"),
        ("write-off", "10.00", "inv_2"),
        ("payment", "-10.00", "inv_2"),
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


# --- the audit trail ------------------------------------------------------------------------


async def test_who_paid_and_who_credited_is_kept(billing: Harness) -> None:
    await owe(billing, "60.00", balance="20.00")
    await billing.ask(pay("20.00"), CUSTOMER)
    await billing.ask(credit("15.00"), RESELLER)
    await billing.ask(pay(source="outside"), RESELLER)
    query = ListBillingChanges(filter=AuditFilter(account_id="acc_c1"))
    found = (await billing.ask(query, RESELLER)).data
    assert [(one.action, one.actor, one.subject) for one in found] == [
        ("invoice.paid", "usr_r1", "INV-000001"),
        ("invoice.credited", "usr_r1", "INV-000001"),
        ("invoice.paid", "usr_c1", "INV-000001"),
    ]
    assert found[1].before == {"due": "40.00 USD", "credited": "0.00 USD"}
    assert found[1].after == {
        "due": "25.00 USD",
        "credited": "15.00 USD",
        "note": "Too many users",
    }
    assert found[0].after == {"due": "0.00 USD", "paid": "45.00 USD", "note": "By wire"}
