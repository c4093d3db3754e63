"""Tax is fixed with what it is on; the first invoice has price and period on every line."""

from datetime import date

import pytest

from contracts.billing import CountryMinutes, PricedNumber
from contracts.values import micros
from services.billing.invoicing.store.invoices import INVOICES
from services.chassis.mongo import Int64
from tests.billing.charged import charge_calls
from tests.billing.conftest import add_sheet, audit, balance_of, ledger_of
from tests.billing.invoiced import know_invoice_parties
from tests.billing.lifecycle.test_plan_changes import change
from tests.billing.lifecycle.test_renewals import credit, office, open_at
from tests.billing.months import day, invoices_of, lines_of, live_on, live_until, set_tax
from tests.harness import Harness


@pytest.fixture(autouse=True)
async def _known(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")


@pytest.mark.parametrize("percent", ["21.00", "0.00"])
async def test_a_new_percentage_does_not_change_what_was_charged_before(
    billing: Harness, percent: str
) -> None:
    await set_tax(billing, "19.00")
    await open_at(billing, day(2026, 11, 22), credit=credit("23.80"))
    billing.clock.forward(seconds=60)
    await set_tax(billing, percent)
    await live_on(billing)
    (invoice,) = await invoices_of(billing)
    assert lines_of(invoice)[-1] == ("tax", "VAT 19 %", micros("3.80"))
    assert (invoice.due, await balance_of(billing)) == (0, 0)
    assert await audit(billing) == []


async def test_calls_have_the_percentage_of_the_time_they_were_charged_at(
    billing: Harness,
) -> None:
    await set_tax(billing, "19.00")
    sheet = await add_sheet(billing, csv="prefix,rate\n971,0.164\n")
    ordered = office(rate_sheet_id=sheet.id, countries=(CountryMinutes(country="AE", minutes=1),))
    await open_at(billing, day(2026, 11, 22), plan=ordered)
    await live_on(billing)
    await charge_calls(billing, [120])
    billing.clock.now = day(2026, 11, 25)
    await set_tax(billing, "7.00")
    billing.clock.now = day(2026, 12, 1)
    await charge_calls(billing, [60, 60])
    await live_until(billing, day(2026, 12, 22))
    _, invoice = await invoices_of(billing)
    assert [(line.kind, line.text, line.amount) for line in invoice.lines[1:]] == [
        ("calls", "Calls to United Arab Emirates", micros("0.33")),
        ("calls", "Calls to United Arab Emirates", micros("0.16")),
        ("bundle", "United Arab Emirates bundle (1 min), 1 min used", 0),
        ("tax", "VAT 19 %", micros("0.03")),
        ("tax", "VAT 7 %", micros("1.42")),
    ]
    assert invoice.due == 0
    assert await audit(billing) == []


async def test_an_opening_that_takes_days_charges_the_tax_of_the_day_it_was_ordered(
    billing: Harness,
) -> None:
    await set_tax(billing, "19.00")
    billing.clock.now = day(2026, 11, 23)
    await set_tax(billing, "21.00")
    await open_at(billing, day(2026, 11, 22), credit=credit("23.80"))
    taken = [(entry.text, entry.amount) for entry in (await ledger_of(billing))[1:]]
    assert taken == [("2 users × $10.00", -micros("20.00")), ("VAT 19 %", -micros("3.80"))]


async def test_an_opening_invoice_has_quantity_price_and_period_on_every_line(
    billing: Harness,
) -> None:
    number = PricedNumber(
        number="+14155550142", setup_fee=micros("3.00"), monthly_fee=micros("1.50")
    )
    await open_at(billing, day(2026, 11, 22), numbers=(number,))
    billing.clock.now = day(2026, 12, 2)
    await change(billing, users=3)
    await live_on(billing)
    (invoice,) = await invoices_of(billing)
    today, month = (
        (date(2026, 11, 22), date(2026, 11, 23)),
        (date(2026, 11, 22), date(2026, 12, 22)),
    )
    assert [
        (line.text, line.quantity, line.unit_price, (line.period_start, line.period_end))
        for line in invoice.lines
    ] == [
        ("2 users × $10.00", 2, micros("10.00"), month),
        ("+1 415-555-0142, set-up", 1, micros("3.00"), today),
        ("+1 415-555-0142, first month", 1, micros("1.50"), month),
        ("1 added user × $10.00, 20 of 30 days", 1, micros("10.00"), (date(2026, 12, 2), month[1])),
    ]


async def test_the_audit_finds_an_invoice_with_another_tax_than_its_lines(
    billing: Harness,
) -> None:
    await set_tax(billing, "19.00")
    await open_at(billing, day(2026, 11, 22))
    await live_on(billing)
    (invoice,) = await invoices_of(billing)
    field = {"lines.0.tax": Int64(micros("3.81"))}
    await billing.database.documents(INVOICES).update({"_id": invoice.id}, {"$set": field})
    (fault,) = await audit(billing)
    assert fault == f"invoices of acc_c1: the tax of {invoice.id} is not that of its lines"
