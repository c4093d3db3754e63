"""The audit of invoices: it finds whatever does not fit the ledger, the lists or the numbers."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.billing import CreditOrder, PayInvoice
from contracts.values import micros
from services.chassis.mongo import Int64
from tests.billing.conftest import audit, open_account, plan
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import day, invoices_of, live_on, live_until
from tests.harness import RESELLER, Harness

OPENING, RENEWAL = "inv_acc_c1_2026-11-22", "inv_acc_c1_2026-12-22"


@pytest.fixture
async def months(billing: Harness) -> Harness:
    """Give an account with three invoices: paid by credit, paid from the balance, and unpaid."""
    await know_invoice_parties(billing, "acc_c1")
    order = CreditOrder(amount=micros("30.00"))
    ordered = plan("Plan of acc c1", users=1, cost_per_user=micros("20.00"))
    await open_account(billing, "acc_c1", plan=ordered, credit=order)
    await live_on(billing)
    await live_until(billing, day(2026, 12, 22))
    pay = PayInvoice(invoice_id=RENEWAL, amount=micros("5.00"))
    await billing.ask(pay, RESELLER)
    await billing.ask(PayInvoice(invoice_id=RENEWAL, source="outside"), RESELLER)
    await live_until(billing, day(2027, 1, 22))
    return billing


async def test_the_audit_finds_nothing_in_healthy_books(months: Harness) -> None:
    assert [one.status for one in await invoices_of(months)] == ["paid", "paid", "issued"]
    assert await audit(months) == []


@pytest.mark.parametrize(
    ("collection", "broken", "change", "words"),
    [
        ("invoices", OPENING, {"paid_by_credit": 1}, f"entries charged 20.00 of {OPENING}, not "),
        ("invoices", RENEWAL, {"written_off": 1}, f"entries paid 20.00 of {RENEWAL}, not 20.00"),
        ("invoices", OPENING, {"total": 1}, f"that lists show of {OPENING} are not those of its"),
        ("invoices", OPENING, {"up_to_seq": 0}, "entry 2 is in no invoice"),
        ("invoices", OPENING, {"up_to_seq": 9}, f"up to 9 are in {OPENING} and in {RENEWAL}"),
        ("ledger", "open:acc_c1:users", {"cause": "inv_x"}, "entries of inv_x, which does not"),
        (
            "wallets",
            "acc_c1",
            {"invoiced_seq": 2},
            "the billing account does not know of the last one",
        ),
    ],
)
async def test_the_audit_finds_books_that_do_not_fit(
    months: Harness, collection: str, broken: str, change: dict[str, Any], words: str
) -> None:
    documents = months.database.documents(collection)
    before = await documents.find_one({"_id": broken})
    assert before is not None
    assert before | change != before
    numbers = {key: Int64(one) if isinstance(one, int) else one for key, one in change.items()}
    assert await documents.update({"_id": broken}, {"$set": numbers})
    fault, *_ = await audit(months)
    assert fault.startswith("invoices of acc_c1: ")
    assert words in fault


async def test_the_audit_finds_a_missing_number(months: Harness) -> None:
    documents = months.database.documents("invoices")
    assert await documents.update({"_id": RENEWAL}, {"$set": {"sequence": 7}})
    assert await audit(months) == ["invoices of acc_r1: a number is missing"]


async def test_the_audit_finds_a_period_that_was_not_billed(months: Harness) -> None:
    renewal = day(2027, 2, 22, 5)
    months.clock.now = renewal + timedelta(days=1)
    assert await audit(months) == []
    months.clock.forward(seconds=1)
    assert await audit(months) == [
        "billing account of acc_c1: a period that began a day ago is not billed"
    ]
    await live_on(months)
    assert await audit(months) == []
