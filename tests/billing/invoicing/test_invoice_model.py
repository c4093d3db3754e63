"""What an invoice comes to, whatever is paid, credited and given up on the way."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import InvoiceLine, InvoiceParty
from contracts.values import micros
from services.billing.base.model.money import tax_on
from services.billing.invoicing.model.invoice import (
    Payment,
    StoredInvoice,
    credit_note,
    receivables_of,
)
from tests.billing.invoiced import draft, line

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CENT = 10_000
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "credit", "write-off", "remind"]),
        st.integers(min_value=1, max_value=400),
    ),
    max_size=12,
)


def issued(invoice: StoredInvoice, sequence: int = 1) -> StoredInvoice:
    party = InvoiceParty(name="Somebody")
    return invoice.issued(sequence, "INV", seller=party, customer=party, footer="", now=NOW)


def payment(amount: int) -> Payment:
    return Payment(at=NOW, amount=amount, source="balance", actor="usr_1", request_id="request-1")


def stepped(
    invoice: StoredInvoice, step: str, amount: int
) -> tuple[StoredInvoice, StoredInvoice | None]:
    """Return the invoice after a step as far as it is allowed, and the credit note if it is one."""
    if step == "pay" and invoice.is_unpaid:
        return invoice.paid_with(payment(min(amount, invoice.due))), None
    if step == "credit" and invoice.creditable:
        corrected = invoice.credited_with(min(amount, invoice.creditable))
        return corrected, credit_note(invoice, corrected, note_id="inv_note", reason="")
    if step == "write-off" and invoice.is_unpaid:
        return invoice.written_off_rest(), None
    if step == "remind" and invoice.next_reminder_at is not None:
        return invoice.reminded(invoice.next_reminder_at), None
    return invoice, None


@given(
    users=st.integers(min_value=0, max_value=1_000),
    credited=st.integers(min_value=0, max_value=100),
    calls=st.integers(min_value=0, max_value=90_000),
    percent=st.integers(min_value=0, max_value=100),
    covered=st.booleans(),
    steps=STEPS,
)
def test_every_life_of_an_invoice_adds_up(
    *,
    users: int,
    credited: int,
    calls: int,
    percent: int,
    covered: bool,
    steps: list[tuple[str, int]],
) -> None:
    recurring, back, exact = users * CENT, -credited * CENT, calls * 100
    tax = tax_on(recurring + back + exact, percent * 1_000_000, "USD")
    by_credit = back + exact + (recurring + tax if covered or recurring + tax < 0 else 0)
    lines = [
        InvoiceLine(kind="users", text="Users", amount=recurring),
        InvoiceLine(kind="adjustment", text="Users removed", amount=back),
        InvoiceLine(kind="calls", text="Calls", amount=exact),
        InvoiceLine(kind="tax", text="Tax", amount=tax),
    ]
    invoice = issued(draft("inv_1", lines=lines, paid_by_credit=by_credit))
    before = invoice
    refunds = given_back = 0
    for step, hundred in steps:
        invoice, note = stepped(invoice, step, hundred * CENT)
        assert invoice.due >= 0
        settled = invoice.paid_by_credit + invoice.paid + invoice.credited + invoice.written_off
        assert invoice.total == settled + invoice.due == before.total
        assert (invoice.due > 0) == invoice.is_unpaid
        assert invoice.lines == before.lines
        if note is not None:
            refunds -= note.paid_by_credit
            given_back -= note.tax
            assert note.due == 0
            assert note.total < 0
            assert note.total <= note.tax <= 0
            assert issued(note, 2).status == "paid"
    assert invoice.refunded == refunds
    assert given_back <= max(tax, 0)
    if tax > 0 and invoice.credited + invoice.refunded >= invoice.total:
        assert given_back == tax
    # nobody gets back what was not paid
    assert refunds <= max(invoice.paid_by_credit + invoice.paid, 0)


@given(
    parts=st.lists(st.integers(min_value=1, max_value=5_000), min_size=1, max_size=8),
    percent=st.integers(min_value=0, max_value=100_0000),
)
def test_notes_over_the_whole_give_back_the_whole_tax(parts: list[int], percent: int) -> None:
    net = sum(parts) * CENT
    tax = tax_on(net, percent * 100, "USD")
    lines = (InvoiceLine(kind="users", text="Users", amount=net),)
    if tax:
        lines = (*lines, InvoiceLine(kind="tax", text="Tax", amount=tax))
    invoice = issued(draft("inv_1", lines=lines))
    given_back = 0
    # in parts, and what is left of it, which is the tax, in the end
    for part in (*parts, None):
        amount = invoice.creditable if part is None else part * CENT
        if amount == 0:
            continue
        corrected = invoice.credited_with(amount)
        note = credit_note(invoice, corrected, note_id="inv_note", reason="")
        assert note.total == -amount
        given_back -= note.tax
        invoice = corrected
    assert given_back == tax


def test_what_is_due_can_be_credited_although_more_was_credited_by_its_lines() -> None:
    lines = (line("30.00"), line("-261.00"))
    invoice = issued(draft("inv_1", lines=lines, paid_by_credit=micros("-261.00")))
    assert (invoice.due, invoice.creditable) == (micros("30.00"), micros("30.00"))
    assert invoice.credited_with(invoice.creditable).status == "paid"


def test_a_note_over_more_than_the_total_gives_back_the_whole_tax_and_no_more() -> None:
    lines = (line("15.00"), line("-14.50"), line("0.10", "tax"))
    invoice = issued(draft("inv_1", lines=lines, paid_by_credit=micros("-14.50")))
    assert (invoice.total, invoice.due) == (micros("0.60"), micros("15.10"))
    note = credit_note(invoice, invoice.credited_with(invoice.due), note_id="inv_n", reason="")
    assert (note.total, note.tax) == (-micros("15.10"), -micros("0.10"))


def test_reminders_come_after_three_and_seven_days() -> None:
    invoice = issued(draft("inv_1"))
    assert (invoice.status, invoice.next_reminder_at) == ("issued", NOW + timedelta(days=3))
    first = invoice.reminded(NOW + timedelta(days=3))
    assert (first.status, first.reminded_days) == ("overdue", 3)
    assert first.next_reminder_at == NOW + timedelta(days=7)
    second = first.reminded(NOW + timedelta(days=7))
    assert (second.status, second.reminded_days) == ("overdue", 7)
    assert second.next_reminder_at is None
    with pytest.raises(AssertionError, match="often enough"):
        second.reminded(NOW)


@pytest.mark.parametrize("late", [0, 1, 30])
def test_a_late_reminder_keeps_its_distance_from_the_next_one(late: int) -> None:
    sent_at = NOW + timedelta(days=3 + late)
    first = issued(draft("inv_1")).reminded(sent_at)
    assert first.next_reminder_at == sent_at + timedelta(days=4)


def test_a_reminder_of_a_clock_that_is_behind_brings_the_next_one_no_earlier() -> None:
    first = issued(draft("inv_1")).reminded(NOW + timedelta(days=1))
    assert first.next_reminder_at == NOW + timedelta(days=7)


def test_the_last_reminder_suspends_until_its_invoice_is_paid() -> None:
    new = issued(draft("inv_1"))
    late = new.reminded(NOW + timedelta(days=3))
    very_late = late.reminded(NOW + timedelta(days=7))
    assert not receivables_of(1, [new, late]).suspended
    owed = receivables_of(2, [late, very_late])
    assert owed.suspended
    assert (owed.unpaid_invoices, owed.unpaid) == (2, 2 * micros("168.00"))
    with pytest.raises(AssertionError, match="not owed"):
        receivables_of(3, [very_late.paid_with(payment(very_late.due))])


def test_what_cannot_be_is_not_done() -> None:
    invoice = issued(draft("inv_1"))
    paid = invoice.paid_with(payment(invoice.due))
    note = credit_note(invoice, invoice.credited_with(CENT), note_id="inv_note", reason="Too much")
    impossible = [
        lambda: issued(invoice),
        lambda: draft("inv_1").paid_with(payment(CENT)),
        lambda: draft("inv_1").credited_with(CENT),
        lambda: draft("inv_1").written_off_rest(),
        lambda: draft("inv_1").reminded(NOW),
        lambda: invoice.paid_with(payment(invoice.due + CENT)),
        lambda: invoice.paid_with(payment(0)),
        lambda: invoice.credited_with(invoice.total + CENT),
        lambda: paid.paid_with(payment(CENT)),
        paid.written_off_rest,
        lambda: paid.reminded(NOW),
        lambda: issued(note).credited_with(CENT),
        lambda: issued(draft("inv_1", lines=(line("0.001"),))),
        lambda: issued(draft("inv_1", paid_by_credit=micros("169.00"))),
    ]
    for deed in impossible:
        with pytest.raises(AssertionError):
            deed()


@pytest.mark.parametrize(
    ("net", "percent", "currency", "tax"),
    [
        ("10.00", "19.00", "USD", "1.90"),
        ("0.03", "50.00", "USD", "0.02"),
        ("-0.03", "50.00", "USD", "-0.02"),
        ("0.0963", "7.50", "USD", "0.01"),
        ("150.00", "10.00", "JPY", "15.00"),
        ("155.00", "10.00", "JPY", "16.00"),
        ("10.00", "0.00", "USD", "0.00"),
    ],
)
def test_tax_is_rounded_once_half_up(net: str, percent: str, currency: str, tax: str) -> None:
    assert tax_on(micros(net), micros(percent), currency) == micros(tax)
