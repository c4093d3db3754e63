"""Lists of invoices: who sees which, in what order, filtered how, and what they come to."""

import asyncio
from datetime import date
from typing import Any

import pytest

from contracts.accounts import PLATFORM_ID
from contracts.billing import (
    SEVERAL_CURRENCIES,
    ChangeBillingSettings,
    CreditOrder,
    FindInvoice,
    GetInvoiceForDelivery,
    InvoicePage,
    ListInvoices,
)
from contracts.values import micros
from services.billing.audit.handlers.sums_audit import audit_sums
from services.chassis.cursor import cursor_of
from services.chassis.principal import Principal
from tests.billing.conftest import open_account, running
from tests.billing.invoiced import credit, draft, keep_and_issue, know_invoice_parties, line, pay
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

NEIGHBOUR = Principal(id="usr_c2", account_id="acc_c2", parent_id="acc_r1", role="customer")
SWITCH = Principal(id="key_1", account_id="acc_r1", parent_id="platform", role="switch")


@pytest.fixture
async def issued(billing: Harness) -> Harness:
    """Give billing with six invoices of two accounts, one on each day from 22 November on.

    Of acc_c1: 1 (10.00, paid), 3 (20.00, 5.00 of it paid), 5 (40.00); of acc_c2: 2 (1.00) and
    4 (2.00, paid by credit). Number 6 is a credit note of 8.00 for number 5.
    """
    # as much as is paid below: what is left would pay the others with the credit note
    await open_account(billing, "acc_c1", plan=None, credit=CreditOrder(amount=micros("15.00")))
    await open_account(billing, "acc_c2")
    await know_invoice_parties(billing, "acc_c1", "acc_c2")
    for number, (account_id, amount, by_credit) in enumerate(
        [
            ("acc_c1", "10.00", 0),
            ("acc_c2", "1.00", 0),
            ("acc_c1", "20.00", 0),
            ("acc_c2", "2.00", micros("2.00")),
            ("acc_c1", "40.00", 0),
        ],
        start=1,
    ):
        fields = {"account_id": account_id, "lines": (line(amount),), "paid_by_credit": by_credit}
        await keep_and_issue(billing, draft(f"inv_{number}", **fields))
        billing.clock.forward(days=1)
    await billing.ask(pay(), CUSTOMER)
    await billing.ask(pay("5.00", "inv_3"), CUSTOMER)
    await billing.ask(credit("8.00", "inv_5"), RESELLER)
    await keep_and_issue(billing, draft("inv_draft", account_id="acc_unknown"))
    return billing


async def listed(harness: Harness, by: Principal = RESELLER, **query: Any) -> InvoicePage:  # noqa: ANN401 - any part of a query
    return await harness.ask(ListInvoices.model_validate(query), by)


def numbers(page: InvoicePage) -> list[int]:
    return [int(one.number.removeprefix("INV-")) for one in page.data]


async def test_a_seller_sees_all_it_issued_the_newest_first(issued: Harness) -> None:
    page = await listed(issued)
    assert numbers(page) == [6, 5, 4, 3, 2, 1]
    assert (page.count, page.currency, page.next) == (6, "USD", None)
    assert page.total == micros("65.00")
    assert page.due == page.unpaid == micros("48.00")
    assert page.unpaid_count == 3
    newest = page.data[0]
    assert (newest.kind, newest.total, newest.customer_name) == (
        "credit-note",
        micros("-8.00"),
        "Name of acc_c1",
    )
    assert newest.issued_on == newest.due_on == date(2026, 11, 27)


async def test_an_account_sees_its_own_and_so_does_its_parent(issued: Harness) -> None:
    for by in (CUSTOMER, RESELLER):
        page = await listed(issued, by, account_id="acc_c1")
        assert numbers(page) == [6, 5, 3, 1]
        assert (page.count, page.total, page.due) == (4, micros("62.00"), micros("47.00"))
        assert (page.unpaid_count, page.unpaid) == (2, micros("47.00"))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("issued", [5, 3, 2]),
        ("paid", [6, 4, 1]),
        ("overdue", []),
        ("void", []),
        ("unpaid", [5, 3, 2]),
    ],
)
async def test_a_filter_counts_for_list_and_sums(
    issued: Harness, wanted: str, found: list[int]
) -> None:
    page = await listed(issued, filter=wanted)
    assert numbers(page) == found
    assert page.count == len(found)
    assert page.total == sum(one.total for one in page.data)
    assert page.due == sum(one.due for one in page.data)
    assert (page.unpaid_count, page.unpaid) == (3, micros("48.00"))


async def test_a_time_frame_is_half_open(issued: Harness) -> None:
    page = await listed(issued, start=date(2026, 11, 23), end=date(2026, 11, 25))
    assert numbers(page) == [3, 2]
    assert (page.count, page.total, page.due) == (2, micros("21.00"), micros("16.00"))
    # what can be paid is all that is unpaid, whenever it was issued
    assert page.unpaid_count == 3
    assert numbers(await listed(issued, start=date(2026, 11, 26))) == [6, 5]
    assert numbers(await listed(issued, end=date(2026, 11, 23))) == [1]
    empty = await listed(issued, start=date(2026, 11, 25), end=date(2026, 11, 23))
    assert (empty.count, empty.total, empty.currency) == (0, 0, "USD")


async def test_a_search_finds_the_beginning_of_numbers(issued: Harness) -> None:
    assert numbers(await listed(issued, search=" inv-000004 ")) == [4]
    page = await listed(issued, search="INV-00000", filter="unpaid")
    assert numbers(page) == [5, 3, 2]
    for beginning in ("i", "INV", "inv-", "INV-0"):
        page = await listed(issued, search=beginning)
        assert (page.count, page.total, page.due) == (6, micros("65.00"), micros("48.00"))
    for other in ("000004", "INV-1", ".*", "\U0010ffff"):
        page = await listed(issued, search=other)
        assert (numbers(page), page.count) == ([], 0)


async def test_a_search_sums_up_what_it_finds_among_several_prefixes(issued: Harness) -> None:
    version = 1
    for prefix in ("INV-0", "IN", "X"):
        change = ChangeBillingSettings(version=version, invoice_prefix=prefix)
        version = (await issued.ask(change, RESELLER)).version
        await keep_and_issue(issued, draft(f"inv_{prefix}", lines=(line("100.00"),)))
    # INV-000001 to 6, INV-0-000007, IN-000008 and X-000009
    for search, found in (("I", 8), ("IN-", 1), ("INV", 7), ("INV-0", 7), ("INV-0-", 1), ("x", 1)):
        page = await listed(issued, search=search)
        assert (search, page.count) == (search, found)
        assert len(page.data) == found
        assert page.total == sum(one.total for one in page.data)
        assert page.due == sum(one.due for one in page.data)


async def test_sums_are_those_of_the_invoices_whatever_became_of_them(issued: Harness) -> None:
    await asyncio.gather(
        *(keep_and_issue(issued, draft(f"inv_more{index}")) for index in range(3)),
        issued.ask(pay(None, "inv_5", "outside"), RESELLER),
        issued.ask(pay("1.00", "inv_3", "outside"), RESELLER),
        issued.ask(credit("1.00", "inv_2"), RESELLER),
    )
    page = await listed(issued)
    assert len(page.data) == page.count == 10
    assert page.total == sum(one.total for one in page.data)
    assert page.due == page.unpaid == sum(one.due for one in page.data)
    assert page.unpaid_count == sum(one.due > 0 for one in page.data)
    kept = await issued.database.documents("invoice_sums").count({"number": {"$lte": 0}})
    assert kept == 0, "days without invoices are not kept"
    assert await audit_sums(running(issued)) == []


async def test_the_audit_finds_sums_that_are_not_those_of_the_invoices(issued: Harness) -> None:
    sums = issued.database.documents("invoice_sums")
    await sums.update({"day": "2026-11-22"}, {"$inc": {"due": 1}})
    await sums.delete({"day": "2026-11-24"})
    assert await audit_sums(running(issued)) == [
        "invoices of acc_r1: the sums of 2026-11-22 are not theirs",
        "invoices of acc_r1: the sums of 2026-11-24 are not theirs",
    ]


async def test_pages_follow_each_other_whatever_is_issued_meanwhile(issued: Harness) -> None:
    seen: list[int] = []
    cursor = None
    for size in (2, 2, 2):
        page = await listed(issued, limit=2, cursor=cursor)
        assert (len(page.data), page.total) == (size, micros("65.00") + len(seen) * micros("1.00"))
        seen += numbers(page)
        cursor = page.next
        for _ in range(2):
            extra = draft(f"inv_x{len(seen)}{_}", lines=(line("1.00"),))
            await keep_and_issue(issued, extra)
    assert seen == [6, 5, 4, 3, 2, 1]
    assert cursor is None


async def test_strange_cursors_are_refused(issued: Harness) -> None:
    for cursor in ("x", cursor_of(1, "2026-11-22"), cursor_of("2026-11-22")):
        problem = await issued.problem(ListInvoices(cursor=cursor), RESELLER)
        assert problem.code == "invalid-cursor"


async def test_strangers_see_nothing(issued: Harness) -> None:
    for stranger in (OTHER_RESELLER, OPERATOR, NEIGHBOUR):
        problem = await issued.problem(ListInvoices(account_id="acc_c1"), stranger)
        assert problem.code == "not-found"
        assert (await issued.problem(FindInvoice(invoice_id="inv_1"), stranger)).type == "not-found"
    for nobody in (CUSTOMER, SWITCH):
        assert (await issued.problem(ListInvoices(), nobody)).type == "forbidden"
    assert (await issued.problem(FindInvoice(invoice_id="inv_1"), SWITCH)).type == "forbidden"
    page = await listed(issued, OTHER_RESELLER)
    assert (page.count, page.unpaid_count, page.currency, page.data) == (0, 0, "EUR", ())


async def test_the_platform_has_no_sums_over_several_currencies(billing: Harness) -> None:
    page = await listed(billing, OPERATOR)
    assert (page.count, page.currency) == (0, SEVERAL_CURRENCIES)
    await know_invoice_parties(billing, "acc_r1", "acc_r2")
    for account_id, currency in (("acc_r1", "USD"), ("acc_r2", "EUR")):
        fields = {"account_id": account_id, "reseller_id": PLATFORM_ID, "currency": currency}
        await keep_and_issue(billing, draft(f"inv_{account_id}", **fields))
        page = await listed(billing, OPERATOR)
        assert page.data[0].currency == currency
        if account_id == "acc_r1":
            assert (page.currency, page.total) == ("USD", micros("168.00"))
    assert (page.count, page.unpaid_count) == (2, 2)
    assert (page.currency, page.total, page.due, page.unpaid) == (SEVERAL_CURRENCIES, 0, 0, 0)
    one = await listed(billing, OPERATOR, account_id="acc_r2")
    assert (one.currency, one.total) == ("EUR", micros("168.00"))
    own = await listed(billing, RESELLER, account_id="acc_r1")
    assert numbers(own) == [1]


async def test_an_invoice_is_shown_to_both_its_parties(issued: Harness) -> None:
    shown = await issued.ask(FindInvoice(invoice_id="inv_3"), CUSTOMER)
    assert await issued.ask(FindInvoice(invoice_id="inv_3"), RESELLER) == shown
    assert (shown.number, shown.total, shown.paid, shown.due) == (
        "INV-000003",
        micros("20.00"),
        micros("5.00"),
        micros("15.00"),
    )
    assert shown.lines == (line("20.00"),)
    assert shown.seller.name == "Name of acc_r1"


async def test_a_draft_is_shown_to_nobody(issued: Harness) -> None:
    for by in (RESELLER, Principal("usr_9", "acc_unknown", "acc_r1", "customer")):
        problem = await issued.problem(FindInvoice(invoice_id="inv_draft"), by)
        assert problem.code == "not-found"
    to_send = GetInvoiceForDelivery(invoice_id="inv_draft", account_id="acc_unknown")
    assert (await issued.problem(to_send)).type == "not-found"


async def test_the_mailer_finds_an_invoice_by_its_account(issued: Harness) -> None:
    found = await issued.ask(GetInvoiceForDelivery(invoice_id="inv_3", account_id="acc_c1"))
    assert found.number == "INV-000003"
    other = GetInvoiceForDelivery(invoice_id="inv_3", account_id="acc_c2")
    assert (await issued.problem(other)).type == "not-found"
