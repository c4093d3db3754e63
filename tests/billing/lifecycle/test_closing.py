"""Closing an account: its last invoice, what it owes is written off, what is left is paid out."""

import asyncio
from datetime import date

import pytest

from contracts.accounts import AccountClosed
from contracts.billing import CountryMinutes, CreditOrder, InvoiceIssued, ReceivablesChanged
from contracts.values import micros
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.billing.lifecycle.handlers import renewals
from services.billing.lifecycle.handlers.renewals import renew_due, settle_closed
from services.billing.rating.store.sheet_use import PLANS
from services.chassis.service import Background
from tests.billing.charged import charge_calls
from tests.billing.conftest import (
    NUMBERS,
    add_sheet,
    audit,
    balance_of,
    ledger_of,
    open_account,
    plan,
    running,
)
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import day, invoices_of, lines_of, live_on, live_until, set_tax
from tests.harness import Harness
from tests.waiting import eventually

CLOSED = AccountClosed(account_id="acc_c1", reseller_id="acc_r1", version=5, name="Acme")


async def open_with(billing: Harness, credit: str) -> None:
    """Open an account on 22 November for 20.00 a month and 1.00 of set-up."""
    await know_invoice_parties(billing, "acc_c1")
    sheet = await add_sheet(billing, csv="prefix,rate\n971,0.164\n")
    ordered = plan(
        "Plan of acc c1",
        users=1,
        cost_per_user=micros("16.30"),
        rate_sheet_id=sheet.id,
        countries=(CountryMinutes(country="AE"),),
    )
    order = CreditOrder(amount=micros(credit))
    await open_account(billing, "acc_c1", plan=ordered, credit=order, numbers=NUMBERS)


async def entries_of(billing: Harness) -> list[tuple[str, int]]:
    """Return what moved after the opening."""
    return [(entry.type, entry.amount) for entry in (await ledger_of(billing))[5:]]


async def test_the_last_invoice_has_what_was_charged_since_the_one_before(
    billing: Harness,
) -> None:
    await open_with(billing, "50.00")
    await live_on(billing)
    billing.clock.now = day(2026, 12, 1)
    await charge_calls(billing, [60])
    billing.clock.now = day(2026, 12, 3)
    await billing.hear(CLOSED)
    opening, last = await invoices_of(billing)
    assert opening.status == "paid"
    assert lines_of(last) == [("calls", "Calls to United Arab Emirates", micros("0.16"))]
    assert (last.number, last.status, last.due) == ("INV-000002", "paid", 0)
    assert (last.period_start, last.period_end) == (date(2026, 11, 22), date(2026, 12, 4))
    assert await entries_of(billing) == [
        ("call", -micros("0.164")),
        ("refund", -micros("28.836")),
    ]
    # nothing is billed any more
    await live_until(billing, day(2027, 3, 1))
    assert len(await invoices_of(billing)) == 2
    assert await audit(billing) == []


async def test_what_was_not_invoiced_yet_is_so_at_closing(billing: Harness) -> None:
    await open_with(billing, "50.00")
    await billing.hear(CLOSED)
    (only,) = await invoices_of(billing)
    assert (only.total, only.status) == (micros("21.00"), "paid")
    assert len(await billing.sent(InvoiceIssued)) == 1
    assert await audit(billing) == []


async def test_a_draft_gets_its_number_before_the_account_is_closed(billing: Harness) -> None:
    await open_with(billing, "50.00")
    await renew_due(running(billing))
    assert (await invoices_of(billing))[0].status == "draft"
    await billing.hear(CLOSED)
    assert [one.number for one in await invoices_of(billing)] == ["INV-000001"]
    assert await audit(billing) == []


async def test_a_call_that_ends_after_its_account_is_billed_and_written_off(
    billing: Harness,
) -> None:
    await open_with(billing, "50.00")
    await live_on(billing)
    await billing.hear(CLOSED)
    for number in range(2):
        billing.clock.forward(hours=1)
        await charge_calls(billing, [60 + number])
        await settle_closed(running(billing))
        await settle_closed(running(billing))
    _, *late = await invoices_of(billing)
    assert [(one.total, one.status) for one in late] == [
        (micros("0.16"), "paid"),
        (micros("0.33"), "paid"),
    ]
    assert await balance_of(billing) == 0
    assert await entries_of(billing) == [
        ("refund", -micros("29.00")),
        ("call", -micros("0.164")),
        ("write-off", micros("0.164")),
        ("call", -micros("0.328")),
        ("write-off", micros("0.328")),
    ]
    assert await audit(billing) == []


@pytest.mark.parametrize(
    ("credit", "taken", "last"),
    [
        # the opening took 4.00
        ("50.00", "4.03", ("refund", "-24.806")),
        # 0.016 is left: coins pay tax, and what is less than one is paid out
        ("25.18", "4.01", ("refund", "-0.006")),
        ("25.10", "4.00", ("write-off", "0.064")),
    ],
)
async def test_tax_is_taken_as_far_as_the_balance_goes(
    billing: Harness, credit: str, taken: str, last: tuple[str, str]
) -> None:
    await set_tax(billing, "19.00")
    await open_with(billing, credit)
    await charge_calls(billing, [60])
    await billing.hear(CLOSED)
    (only,) = await invoices_of(billing)
    assert (only.total, only.tax) == (micros("25.19"), micros("4.03"))
    assert only.written_off == micros("4.03") - micros(taken)
    assert only.status == ("void" if only.written_off else "paid")
    entries = await entries_of(billing)
    assert entries[-1] == (last[0], micros(last[1]))
    assert sum(amount for kind, amount in entries if kind == "adjustment") == -micros(taken)
    assert await balance_of(billing) == 0
    assert await audit(billing) == []


async def test_what_is_unpaid_is_written_off_and_a_debt_too(billing: Harness) -> None:
    await open_with(billing, "21.10")
    await live_on(billing)
    await live_until(billing, day(2026, 12, 22))
    assert (await invoices_of(billing))[1].due == micros("20.00")
    await charge_calls(billing, [60])
    await billing.sent(ReceivablesChanged)
    await billing.hear(CLOSED)
    _, unpaid, last = await invoices_of(billing)
    (told,) = await billing.sent(ReceivablesChanged)
    assert (told.receivables.unpaid_invoices, told.receivables.unpaid) == (0, 0)
    assert told.receivables.version > (await billing.sent(InvoiceIssued))[-1].receivables.version
    assert (unpaid.status, unpaid.due, unpaid.written_off) == ("void", 0, micros("20.00"))
    assert (last.status, last.total) == ("paid", micros("0.16"))
    assert await entries_of(billing) == [
        ("call", -micros("0.164")),
        ("write-off", micros("20.00")),
        ("payment", -micros("20.00")),
        ("write-off", micros("0.064")),
    ]
    assert await balance_of(billing) == 0
    assert await audit(billing) == []


async def test_closed_accounts_are_settled_also_while_no_account_can_be_billed(
    billing: Harness,
) -> None:
    await open_with(billing, "50.00")
    await live_on(billing)
    await billing.hear(CLOSED)
    await charge_calls(billing, [60])
    await open_account(billing, "acc_c2")
    await billing.database.documents(PLANS).delete({"_id": "acc_c2"})
    works = [one for one in billing.service.backgrounds if one.__module__ == renewals.__name__]
    tasks = [asyncio.create_task(_run(work, billing)) for work in works]
    await eventually(lambda: _is_settled(billing))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _run(work: Background, billing: Harness) -> None:
    await work(running(billing))


async def _is_settled(billing: Harness) -> bool:
    return await balance_of(billing) == 0


async def test_closing_twice_or_amid_renewals_is_closing_once(billing: Harness) -> None:
    await open_with(billing, "100.00")
    billing.clock.now = day(2027, 1, 22)
    await asyncio.gather(
        *(live_on(billing) for _ in range(2)),
        *(billing.hear(CLOSED) for _ in range(3)),
        billing.hear(CLOSED, message_id="one"),
        billing.hear(CLOSED, message_id="one"),
    )
    await live_on(billing)
    assert await balance_of(billing) == 0
    assert [entry.type for entry in await ledger_of(billing)].count("refund") == 1
    found = await invoices_of(billing)
    assert sum(one.total for one in found) == sum(
        -entry.amount
        for entry in await ledger_of(billing)
        if entry.type not in {"credit", "refund"}
    )
    assert all(one.status == "paid" for one in found)
    account = await billing.database.documents(BILLING_ACCOUNTS).find_one({"_id": "acc_c1"})
    assert account is not None
    assert account["renews_at"] is None
    assert await audit(billing) == []


async def test_an_invoice_that_gets_its_number_after_the_closing_is_written_off(
    billing: Harness,
) -> None:
    """The name of the account may come to be known after its closing."""
    ordered = plan("Plan of acc c1", users=1, cost_per_user=micros("20.00"))
    order = CreditOrder(amount=micros("20.00"))
    await open_account(billing, "acc_c1", plan=ordered, credit=order)
    await live_until(billing, day(2026, 12, 22))
    await billing.hear(CLOSED)
    assert [one.status for one in await invoices_of(billing)] == ["draft", "draft"]
    await know_invoice_parties(billing, "acc_c1")
    await live_on(billing)
    _, late = await invoices_of(billing)
    assert (late.number, late.status, late.written_off) == ("INV-000002", "void", micros("20.00"))
    assert await balance_of(billing) == 0
    assert await audit(billing) == []
