"""Renewals: each period is billed once, in order; all that is recurring is charged, or nothing."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from contracts.billing import (
    AddCredit,
    BalanceLow,
    CountryMinutes,
    CreditOrder,
    InvoiceIssued,
    PlanChanged,
    ReceivablesChanged,
)
from contracts.values import micros
from services.billing.invoicing.model.invoice import rounding_of
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.billing.lifecycle.handlers.renewals import renew_due
from services.billing.rating.store.sheet_use import PLANS
from services.chassis.mongo import Int64
from tests.billing.charged import charge_calls, seconds_left
from tests.billing.charging_world import UK, World, records
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
from tests.harness import RESELLER, Harness


@pytest.fixture(autouse=True)
async def _healthy(billing: Harness) -> AsyncIterator[None]:
    await know_invoice_parties(billing, "acc_c1")
    yield
    assert await audit(billing) == []


def credit(amount: str) -> CreditOrder:
    return CreditOrder(amount=micros(amount), note="")


def office(name: str = "Plan of acc c1", **fields: Any) -> Any:  # noqa: ANN401 - any part of a plan
    return plan(name, **{"users": 2, "cost_per_user": micros("10.00"), **fields})


async def open_at(billing: Harness, moment: datetime, **fields: Any) -> None:  # noqa: ANN401 - any part of the order
    billing.clock.now = moment
    fields = {"plan": office(), "credit": credit("100.00"), **fields}
    await open_account(billing, "acc_c1", opened_at=moment, **fields)


# --- the opening ----------------------------------------------------------------------------


async def test_what_opening_charged_is_invoiced_at_once_and_is_paid(billing: Harness) -> None:
    await open_at(billing, day(2026, 11, 22), plan=office(), numbers=NUMBERS)
    await live_on(billing)
    (invoice,) = await invoices_of(billing)
    assert lines_of(invoice) == [
        ("users", "2 users × $10.00", micros("20.00")),
        ("number-rent", "+1 415-555-0142, first month", micros("1.50")),
        ("number-setup", "+44 20 7946 0321, set-up", micros("1.00")),
        ("number-rent", "+44 20 7946 0321, first month", micros("2.20")),
    ]
    assert (invoice.period_start, invoice.period_end) == (date(2026, 11, 22), date(2026, 12, 22))
    assert (invoice.number, invoice.status, invoice.due) == ("INV-000001", "paid", 0)
    assert invoice.paid_by_credit == invoice.total == micros("24.70")
    assert await balance_of(billing) == micros("75.30")
    # running it twice changes nothing
    await live_on(billing)
    assert len(await invoices_of(billing)) == 1
    assert len(await billing.sent(InvoiceIssued)) == 1


async def test_a_free_plan_has_no_invoices_and_one_without_a_plan_neither(
    billing: Harness,
) -> None:
    await open_at(billing, day(2026, 11, 22), plan=office(cost_per_user=0))
    for month in range(3):
        await live_until(billing, day(2027, 1 + month, 23))
    assert await invoices_of(billing) == []
    assert await invoices_of(billing, "acc_r1") == []
    assert [entry.type for entry in await ledger_of(billing)] == ["credit"]


# --- renewals -------------------------------------------------------------------------------


async def test_a_renewal_charges_users_and_numbers_in_advance(billing: Harness) -> None:
    await open_at(billing, day(2026, 11, 22), numbers=NUMBERS)
    await live_on(billing)
    # midnight in New York is 5:00 UTC
    await live_until(billing, datetime(2026, 12, 22, 4, 59, tzinfo=UTC))
    assert len(await invoices_of(billing)) == 1
    await live_until(billing, datetime(2026, 12, 22, 5, 0, tzinfo=UTC))
    _, invoice = await invoices_of(billing)
    assert lines_of(invoice) == [
        ("users", "Plan of acc c1: 2 users", micros("20.00")),
        ("number-rent", "Number +1 415-555-0142", micros("1.50")),
        ("number-rent", "Number +44 20 7946 0321", micros("2.20")),
    ]
    users = invoice.lines[0]
    assert (users.quantity, users.unit_price) == (2, micros("10.00"))
    assert (users.period_start, users.period_end) == (date(2026, 12, 22), date(2027, 1, 22))
    assert (invoice.number, invoice.status) == ("INV-000002", "paid")
    assert invoice.paid_by_credit == micros("23.70")
    entries = (await ledger_of(billing))[-3:]
    assert {entry.cause for entry in entries} == {invoice.id}
    assert [entry.type for entry in entries] == ["users", "number-rent", "number-rent"]
    assert await balance_of(billing) == micros("51.60")


async def test_too_little_credit_charges_nothing_and_leaves_the_invoice_due(
    billing: Harness,
) -> None:
    await open_at(billing, day(2026, 11, 22), credit=credit("39.99"), numbers=())
    await live_on(billing)
    await live_until(billing, day(2026, 12, 22))
    _, invoice = await invoices_of(billing)
    assert (invoice.status, invoice.due, invoice.paid_by_credit) == ("issued", micros("20.00"), 0)
    assert await balance_of(billing) == micros("19.99")
    _, event = await billing.sent(InvoiceIssued)
    assert (event.due, event.receivables.unpaid_invoices) == (micros("20.00"), 1)
    # it was told before the invoice had its number: the account was never one that owes nothing
    (told,) = await billing.sent(ReceivablesChanged)
    assert told.receivables == event.receivables.model_copy(
        update={"version": event.receivables.version - 1}
    )


async def test_what_running_calls_hold_pays_no_renewal(billing: Harness) -> None:
    await open_at(billing, day(2026, 11, 22), credit=credit("40.00"))
    await live_on(billing)
    renewal = day(2026, 12, 22)
    hold = {
        "call_id": "call-1",
        "destination": UK,
        "country": "GB",
        "money": Int64(1),
        "free_seconds": 0,
        "seconds": 60,
        "began_at": renewal,
        "until": renewal + timedelta(minutes=5),
    }
    assert await billing.database.documents(BILLING_ACCOUNTS).update(
        {"_id": "acc_c1"}, {"$set": {"holds": [hold]}}
    )
    await live_until(billing, renewal)
    assert (await invoices_of(billing))[1].due == micros("20.00")


async def test_missed_periods_are_caught_up_in_order(billing: Harness) -> None:
    await open_at(billing, day(2027, 1, 31), credit=credit("70.00"))
    await live_until(billing, day(2027, 6, 1))
    found = await invoices_of(billing)
    starts = [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31)]
    assert [(one.period_start.month, one.period_start.day) for one in found] == starts
    assert all(one.period_end == later.period_start for one, later in itertools.pairwise(found))
    assert [one.sequence for one in found] == [1, 2, 3, 4, 5]
    # the credit is enough for the opening and two renewals
    assert [one.due for one in found] == [0, 0, 0, micros("20.00"), micros("20.00")]
    assert found[-1].period_end == date(2027, 6, 30)


@pytest.mark.parametrize(
    ("opened_at", "border"),
    [
        # the clocks of New York go forward on 14 March 2027, and back on 7 November 2027
        (day(2027, 2, 14), datetime(2027, 3, 14, 5, tzinfo=UTC)),
        (day(2027, 2, 15), datetime(2027, 3, 15, 4, tzinfo=UTC)),
        (day(2027, 10, 8), datetime(2027, 11, 8, 5, tzinfo=UTC)),
    ],
)
async def test_a_period_begins_at_midnight_of_the_account(
    billing: Harness, opened_at: datetime, border: datetime
) -> None:
    await open_at(billing, opened_at)
    await live_on(billing)
    await live_until(billing, border - timedelta(seconds=1))
    assert len(await invoices_of(billing)) == 1
    await live_until(billing, border)
    assert len(await invoices_of(billing)) == 2


async def test_what_waits_for_the_next_period_comes_into_force(billing: Harness) -> None:
    await open_at(billing, day(2026, 11, 22))
    await live_on(billing)
    await billing.sent(PlanChanged)
    plans = billing.database.documents(PLANS)
    waiting = {"next_cost_per_user": Int64(micros("5.00"))}
    assert await plans.update({"_id": "acc_c1"}, {"$set": waiting})
    await live_until(billing, day(2026, 12, 22))
    _, invoice = await invoices_of(billing)
    assert invoice.total == micros("10.00")
    (event,) = await billing.sent(PlanChanged)
    assert (event.version, event.monthly_charge) == (2, micros("10.00"))
    account = await billing.database.documents(BILLING_ACCOUNTS).find_one({"_id": "acc_c1"})
    assert account is not None
    assert account["monthly_charge"] == micros("10.00")
    await live_until(billing, day(2027, 1, 22))
    assert await billing.sent(PlanChanged) == []


async def test_a_balance_that_a_renewal_takes_low_is_told(billing: Harness) -> None:
    await open_at(billing, day(2026, 11, 22), credit=credit("44.00"))
    await live_on(billing)
    await live_until(billing, day(2026, 12, 22))
    (event,) = await billing.sent(BalanceLow)
    assert (event.balance_after, event.threshold) == (micros("4.00"), micros("5.00"))


# --- calls and bundles ----------------------------------------------------------------------


async def test_calls_are_invoiced_in_arrears_by_country_each_once(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv="prefix,rate\n971,0.164\n44,0.05\n")
    countries = (CountryMinutes(country="AE", minutes=3), CountryMinutes(country="GB", minutes=0))
    ordered = office(rate_sheet_id=sheet.id, countries=countries)
    await open_at(billing, day(2026, 11, 22), plan=ordered)
    await live_on(billing)
    # 3 of these 5 minutes are in the bundle
    await charge_calls(billing, [120, 61, 60])
    await charge_calls(billing, [10, 30], destination=UK)
    await live_until(billing, day(2026, 12, 22))
    _, invoice = await invoices_of(billing)
    calls = [line for line in invoice.lines if line.country]
    assert [(line.kind, line.text, line.country) for line in calls] == [
        ("calls", "Calls to United Arab Emirates", "AE"),
        ("calls", "Calls to United Kingdom", "GB"),
        ("bundle", "United Arab Emirates bundle (3 min), 3 min used", "AE"),
    ]
    # at 0.164 a minute, begun minutes count
    assert [(line.quantity, line.seconds, line.amount) for line in calls] == [
        (2, 120, micros("0.33")),
        (2, 120, micros("0.33")),
        (2, 180, 0),
    ]
    assert [line.exact_amount for line in calls] == [micros("0.328"), micros("0.328"), None]
    assert calls[0].period_start == date(2026, 11, 22)
    # the ledger has 20.656
    assert invoice.total == invoice.paid_by_credit == micros("20.66")
    assert await audit(billing) == []
    assert await seconds_left(billing, "AE") == 180
    await live_until(billing, day(2027, 1, 22))
    assert [line.kind for line in (await invoices_of(billing))[2].lines] == ["users"]


async def test_bundles_begin_anew_also_when_nothing_could_be_charged(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv="prefix,rate\n971,0.164\n")
    countries = (CountryMinutes(country="AE", minutes=3),)
    ordered = office(rate_sheet_id=sheet.id, countries=countries)
    await open_at(billing, day(2026, 11, 22), plan=ordered, credit=credit("20.00"))
    await live_on(billing)
    await charge_calls(billing, [120])
    assert await seconds_left(billing, "AE") == 60
    await live_until(billing, day(2026, 12, 22))
    assert await seconds_left(billing, "AE") == 180
    last = (await ledger_of(billing))[-1]
    assert (last.type, last.amount, last.balance_after) == ("adjustment", 0, 0)
    assert (await invoices_of(billing))[1].due == micros("20.00")


async def test_a_call_of_the_day_before_that_is_charged_late_is_invoiced_later(
    billing: Harness,
) -> None:
    sheet = await add_sheet(billing, csv="prefix,rate\n971,0.164\n")
    ordered = office(rate_sheet_id=sheet.id, countries=(CountryMinutes(country="AE"),))
    await open_at(billing, day(2026, 11, 22), plan=ordered)
    await live_on(billing)
    billing.clock.now = day(2026, 12, 22)
    await charge_calls(billing, [60])
    await live_on(billing)
    assert [line.kind for line in (await invoices_of(billing))[1].lines] == ["users"]
    await live_until(billing, day(2027, 1, 22))
    third = (await invoices_of(billing))[2]
    assert [line.kind for line in third.lines] == ["users", "calls"]


# --- tax ------------------------------------------------------------------------------------


async def test_tax_is_on_all_lines_and_rounded_per_line(billing: Harness) -> None:
    await set_tax(billing, "19.00")
    sheet = await add_sheet(billing, csv="prefix,rate\n971,0.164\n")
    ordered = office(rate_sheet_id=sheet.id, countries=(CountryMinutes(country="AE"),))
    await open_at(billing, day(2026, 11, 22), plan=ordered)
    await live_on(billing)
    (invoice,) = await invoices_of(billing)
    assert lines_of(invoice)[-1] == ("tax", "VAT 19 %", micros("3.80"))
    assert (invoice.due, invoice.paid_by_credit) == (0, micros("23.80"))
    await charge_calls(billing, [60])
    await live_until(billing, day(2026, 12, 22))
    # 19 per cent of 20.00 and of 0.16
    assert lines_of((await invoices_of(billing))[1])[-1] == ("tax", "VAT 19 %", micros("3.83"))
    assert await balance_of(billing) == micros("100.00") - micros("23.80") - micros("23.994")


async def test_an_opening_takes_its_tax_at_once_and_its_invoice_no_more(billing: Harness) -> None:
    await set_tax(billing, "19.00")
    await open_at(billing, day(2026, 11, 22), credit=credit("23.80"))
    taken = [(entry.type, entry.text, entry.amount) for entry in (await ledger_of(billing))[1:]]
    assert taken == [
        ("users", "2 users × $10.00", -micros("20.00")),
        ("adjustment", "VAT 19 %", -micros("3.80")),
    ]
    await live_on(billing)
    (invoice,) = await invoices_of(billing)
    assert lines_of(invoice)[-1] == ("tax", "VAT 19 %", micros("3.80"))
    assert (invoice.status, invoice.paid_by_credit) == ("paid", micros("23.80"))
    assert len(await ledger_of(billing)) == 3


# --- many at once ---------------------------------------------------------------------------


async def test_any_number_of_processes_bill_each_period_once(billing: Harness) -> None:
    accounts = [f"acc_c{number}" for number in range(2, 14)]
    await know_invoice_parties(billing, *accounts)
    for account_id in accounts:
        await open_account(billing, account_id, plan=office(f"Plan {account_id[5:]}"))
    billing.clock.now = day(2027, 1, 23)
    await asyncio.gather(*(live_on(billing) for _ in range(4)))
    numbers: list[int] = []
    for account_id in accounts:
        found = await invoices_of(billing, account_id)
        assert [one.period_start.month for one in found] == [11, 12, 1]
        numbers += [one.sequence for one in found]
    assert sorted(numbers) == list(range(1, 3 * len(accounts) + 1))


async def test_an_account_that_cannot_be_billed_keeps_no_other_back(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c2")
    await open_at(billing, day(2026, 11, 22))
    await open_account(billing, "acc_c2", plan=office("Another"))
    plans = billing.database.documents(PLANS)
    kept = await plans.find_one({"_id": "acc_c1"})
    assert kept is not None
    await plans.delete({"_id": "acc_c1"})
    assert await renew_due(running(billing)) == 1
    assert len(await invoices_of(billing, "acc_c2")) == 1
    await plans.insert(kept)
    assert await renew_due(running(billing)) == 1
    assert len(await invoices_of(billing)) == 1


async def test_calls_credit_and_renewals_at_the_same_time_lose_nothing(billing: Harness) -> None:
    world = World(billing)
    await know_invoice_parties(billing, "acc_c2")
    await world.open("acc_c2", credit="50.00")
    billing.clock.now = day(2027, 2, 22)

    async def call(lane: int) -> None:
        charger = world.another_charger()
        for number in range(6):
            record = records(
                [f"{lane}-{number}"], account_id="acc_c2", answered_at=day(2027, 2, 21)
            )
            await charger.charge(record)

    async def add_credit(number: int) -> None:
        order = AddCredit(account_id="acc_c2", credit=credit(f"{number}.00"))
        await billing.ask(order, RESELLER)

    await asyncio.gather(
        *(call(lane) for lane in range(3)),
        *(add_credit(number) for number in range(1, 5)),
        *(live_on(billing) for _ in range(3)),
    )
    await live_until(billing, day(2027, 3, 22))
    calls = [line for one in await invoices_of(billing, "acc_c2") for line in one.lines]
    assert sum(line.quantity or 0 for line in calls if line.kind == "calls") == 18
    charged = sum(line.amount + rounding_of(line) for line in calls)
    assert await balance_of(billing, "acc_c2") == micros("60.00") - charged
