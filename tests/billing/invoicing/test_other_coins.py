"""A month in currencies whose coins are no hundredths: renewed, paid in part, corrected, closed."""

from typing import NamedTuple

import pytest

from contracts.accounts import AccountClosed
from contracts.billing import CreditOrder, IssueCreditNote, PayInvoice
from contracts.values import micros
from services.billing.invoicing.model.invoice import StoredInvoice
from tests.billing.conftest import audit, balance_of, ledger_of, open_account, plan
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import day, invoices_of, live_on, live_until, set_tax
from tests.harness import CUSTOMER, RESELLER, Harness

CLOSED = AccountClosed(account_id="acc_c1", reseller_id="acc_r1", version=5, name="Acme")


class Month(NamedTuple):
    """What three users come to, and what is done about it."""

    currency: str
    cost: str
    credit: str
    month: str
    tax: str
    left: str
    """Of the credit, after the opening."""

    no_coins: str
    paid: str
    credited: str
    credited_tax: str
    lost: str
    """Written off at closing."""


MONTHS = (
    Month(
        currency="JPY",
        cost="333.3333",
        credit="1200",
        month="1100",
        tax="100",
        left="100",
        no_coins="0.50",
        paid="333",
        credited="500",
        credited_tax="45",
        lost="167",
    ),
    Month(
        currency="KWD",
        cost="1.2345",
        credit="4.10",
        month="4.074",
        tax="0.370",
        left="0.026",
        no_coins="0.0005",
        paid="1.234",
        credited="0.501",
        credited_tax="0.046",
        lost="2.313",
    ),
)


def pay(amount: str) -> PayInvoice:
    return PayInvoice(invoice_id="inv_acc_c1_2026-12-22", amount=micros(amount), source="outside")


async def last_of(billing: Harness) -> StoredInvoice:
    found = await invoices_of(billing)
    return next(one for one in found if one.id == "inv_acc_c1_2026-12-22")


@pytest.mark.parametrize("month", MONTHS, ids=lambda month: month.currency)
async def test_a_month_in_other_coins(billing: Harness, month: Month) -> None:
    await know_invoice_parties(billing, "acc_c1")
    await set_tax(billing, "10.00")
    ordered = plan("Plan of acc c1", users=3, cost_per_user=micros(month.cost))
    credit = CreditOrder(amount=micros(month.credit))
    await open_account(billing, plan=ordered, credit=credit, currency=month.currency)
    assert await balance_of(billing) == micros(month.left)
    await live_on(billing)
    await live_until(billing, day(2026, 12, 22))
    opening, renewal = await invoices_of(billing)
    assert (opening.status, opening.total, opening.tax) == (
        "paid",
        micros(month.month),
        micros(month.tax),
    )
    assert (renewal.due, renewal.tax) == (micros(month.month), micros(month.tax))
    problem = await billing.problem(pay(month.no_coins), RESELLER)
    assert [error.type for error in problem.errors] == ["too-many-decimals"]
    await billing.ask(pay(month.paid), RESELLER)
    assert (await last_of(billing)).due == micros(month.month) - micros(month.paid)
    order = IssueCreditNote(invoice_id=renewal.id, amount=micros(month.credited), reason="Sorry")
    note = await billing.ask(order, RESELLER)
    assert (note.total, note.tax) == (-micros(month.credited), -micros(month.credited_tax))
    assert await balance_of(billing) == 0, "what was left paid a part with the credit note"
    assert (await billing.problem(pay(month.month), CUSTOMER)).type == "forbidden"
    await billing.hear(CLOSED)
    assert (await last_of(billing)).written_off == micros(month.lost)
    assert await balance_of(billing) == 0
    assert await audit(billing) == []


@pytest.mark.parametrize("month", MONTHS, ids=lambda month: month.currency)
async def test_what_is_left_in_other_coins_is_refunded_at_the_end(
    billing: Harness, month: Month
) -> None:
    left = CreditOrder(amount=micros(month.left))
    await open_account(billing, plan=None, credit=left, currency=month.currency)
    await billing.hear(CLOSED)
    last = (await ledger_of(billing))[-1]
    assert (last.type, last.amount) == ("refund", -micros(month.left))
    assert await balance_of(billing) == 0
    assert await audit(billing) == []
