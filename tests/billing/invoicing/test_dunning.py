"""Dunning: reminders three and seven days after the issue, each once; the last one suspends."""

import asyncio
import uuid
from collections import defaultdict
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.billing import CreditOrder, InvoiceIssued, InvoiceOverdue, InvoicePaid, PayInvoice
from contracts.values import micros
from services.billing.invoicing.handlers.dunning import remind_due
from services.billing.invoicing.store.invoices import INVOICES
from tests.billing.conftest import audit, open_account, plan, running
from tests.billing.invoiced import draft, keep_and_issue, know_invoice_parties, line
from tests.billing.months import day, invoices_of, live_until
from tests.harness import RESELLER, Harness

ISSUED = day(2026, 11, 22, 9)


async def owe(billing: Harness, *invoice_ids: str) -> None:
    """Issue invoices of which all is due."""
    await know_invoice_parties(billing, "acc_c1")
    await keep_and_issue(billing, *(draft(one, lines=(line("20.00"),)) for one in invoice_ids))


async def reminders(billing: Harness, now: datetime) -> list[tuple[str, int, bool]]:
    """Return what is told at a time: the invoice, after how many days, and whether it suspends."""
    billing.clock.now = now
    await remind_due(running(billing))
    told = await billing.sent(InvoiceOverdue)
    return [(event.invoice_id, event.days, event.receivables.suspended) for event in told]


async def test_reminders_come_after_three_and_seven_days_and_the_last_one_suspends(
    billing: Harness,
) -> None:
    await owe(billing, "inv_1")
    (issued,) = await billing.sent(InvoiceIssued)
    assert (issued.due, issued.receivables.suspended) == (micros("20.00"), False)
    assert await reminders(billing, ISSUED) == []
    assert await reminders(billing, ISSUED + timedelta(days=2, hours=10)) == []
    assert await reminders(billing, ISSUED + timedelta(days=3)) == [("inv_1", 3, False)]
    assert (await invoices_of(billing))[0].status == "overdue"
    assert await reminders(billing, ISSUED + timedelta(days=6, hours=10)) == []
    assert await reminders(billing, ISSUED + timedelta(days=7)) == [("inv_1", 7, True)]
    assert await reminders(billing, ISSUED + timedelta(days=400)) == []


async def test_after_an_outage_the_reminders_keep_their_distances(billing: Harness) -> None:
    await owe(billing, "inv_1")
    back = ISSUED + timedelta(days=30)
    assert await reminders(billing, back) == [("inv_1", 3, False)]
    assert await reminders(billing, back + timedelta(days=3, hours=23)) == []
    assert await reminders(billing, ISSUED) == []
    assert await reminders(billing, back + timedelta(days=4)) == [("inv_1", 7, True)]


async def test_nobody_is_reminded_of_what_the_balance_covers(billing: Harness) -> None:
    await open_account(billing)
    await owe(billing, "inv_1", "inv_2")
    await billing.sent(InvoicePaid)
    # 332.00 is left of the opening: it was held by calls when the invoices were issued, say
    assert await reminders(billing, ISSUED + timedelta(days=3)) == []
    paid = await billing.sent(InvoicePaid)
    assert [(event.invoice_id, event.receivables.unpaid) for event in paid] == [
        ("inv_1", 0),
        ("inv_2", 0),
    ]


async def test_what_is_paid_is_not_reminded_of_and_paying_lifts_at_once(billing: Harness) -> None:
    await open_account(billing, credit=CreditOrder(amount=micros("178.00")))
    await owe(billing, "inv_1", "inv_2")
    pay = PayInvoice(invoice_id="inv_1", source="outside")
    await billing.ask(pay, RESELLER)
    assert await reminders(billing, ISSUED + timedelta(days=4)) == [("inv_2", 3, False)]
    assert await reminders(billing, ISSUED + timedelta(days=8)) == [("inv_2", 7, True)]
    await billing.sent(InvoicePaid)
    await billing.ask(PayInvoice(invoice_id="inv_2", source="outside"), RESELLER)
    (event,) = await billing.sent(InvoicePaid)
    assert (event.receivables.suspended, event.receivables.unpaid) == (False, 0)
    assert await reminders(billing, ISSUED + timedelta(days=19)) == []


async def test_an_invoice_that_cannot_be_reminded_of_keeps_no_other_back(billing: Harness) -> None:
    await owe(billing, "inv_1", "inv_2")
    documents = billing.database.documents(INVOICES)
    # nothing is left to remind of: this must never be, and fails
    assert await documents.update({"_id": "inv_1"}, {"$set": {"reminded_days": 7}})
    assert await reminders(billing, ISSUED + timedelta(days=3)) == [("inv_2", 3, True)]


async def test_a_year_without_any_payment(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    billing.clock.now = day(2027, 1, 31)
    order = CreditOrder(amount=micros("10.00"))
    ordered = plan("Plan of acc c1", users=1, cost_per_user=micros("10.00"))
    await open_account(billing, "acc_c1", plan=ordered, credit=order, opened_at=day(2027, 1, 31))
    for passed in range(366 * 2):
        await live_until(billing, day(2027, 1, 31) + timedelta(hours=12 * passed))
    invoices = await invoices_of(billing)
    assert len(invoices) == 12 + 1
    assert [one.sequence for one in invoices] == list(range(1, 14))
    told: defaultdict[str, list[int]] = defaultdict(list)
    versions: list[int] = []
    for event in await billing.sent(InvoiceOverdue):
        told[event.invoice_id].append(event.days)
        versions.append(event.receivables.version)
    # the first invoice was paid by credit, the last one is of today
    assert told == {one.id: [3, 7] for one in invoices[1:-1]}
    assert versions == sorted(set(versions))
    owed = micros("10.00") * 12
    assert sum(one.due for one in invoices) == owed
    assert await audit(billing) == []


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(-48, 96), min_size=1, max_size=6),
    st.integers(1, 3),
    st.sets(st.integers(0, 3), max_size=2),
)
async def test_whatever_the_clock_and_however_many_remind_each_reminder_comes_once_in_order(
    billing: Harness, jumps: list[int], processes: int, paid: set[int]
) -> None:
    billing.clock.now = ISSUED
    await open_account(billing, credit=CreditOrder(amount=micros("168.00")))
    example = uuid.uuid4().hex
    invoice_ids = [f"inv_{example}_{number}" for number in range(4)]
    await owe(billing, *invoice_ids)
    for number in paid:
        await billing.ask(PayInvoice(invoice_id=invoice_ids[number], source="outside"), RESELLER)
    told: defaultdict[str, list[int]] = defaultdict(list)
    sent_at: dict[str, datetime] = dict.fromkeys(invoice_ids, ISSUED)
    distances = {3: timedelta(days=3), 7: timedelta(days=4)}
    for hours in [*jumps, 24 * 30, 24 * 30]:
        billing.clock.forward(hours=hours)
        await asyncio.gather(*(remind_due(running(billing)) for _ in range(processes)))
        for event in await billing.sent(InvoiceOverdue):
            assert billing.clock.now - sent_at[event.invoice_id] >= distances[event.days]
            told[event.invoice_id].append(event.days)
            sent_at[event.invoice_id] = billing.clock.now
    unpaid = [one for number, one in enumerate(invoice_ids) if number not in paid]
    assert told == {one: [3, 7] for one in unpaid}
