"""Money of an account: credit, balance, transactions, and what lists show."""

import asyncio
from datetime import timedelta

import pytest

from contracts.accounts import AccountClosed
from contracts.base import Refused
from contracts.billing import (
    AddCredit,
    Balance,
    BillingAccountSummary,
    CreditAdded,
    CreditOrder,
    FindBalance,
    FindBillingAccounts,
    FindResellerTotals,
    ListTransactions,
)
from contracts.values import AMOUNT_MICROS_MAX, micros
from services.chassis.cursor import cursor_of
from services.chassis.principal import Principal
from tests.billing.conftest import (
    add_sheet,
    audit,
    balance_of,
    ledger_of,
    open_account,
    opened,
    plan,
)
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

ACCOUNT = {"account_id": "acc_c1", "reseller_id": "acc_r1"}


def credit(amount: str = "10.00", note: str = "", account_id: str = "acc_c1") -> AddCredit:
    order = CreditOrder(amount=micros(amount), note=note)
    return AddCredit(account_id=account_id, credit=order)


def closed(version: int = 5) -> AccountClosed:
    return AccountClosed(**ACCOUNT, version=version, name="Acme")


# --- credit ---------------------------------------------------------------------------------


async def test_added_credit_is_an_entry_and_an_event(billing: Harness) -> None:
    await open_account(billing)
    await billing.sent(CreditAdded)
    billing.clock.forward(hours=1)
    entry = await billing.ask(credit("10.50", "  Phone call "), RESELLER, message_id="request-1")
    assert (entry.seq, entry.type, entry.amount) == (3, "credit", micros("10.50"))
    assert entry.balance_after == micros("342.50")
    assert (entry.text, entry.actor, entry.cause) == (
        "Credit added: Phone call",
        "usr_r1",
        "request-1",
    )
    assert entry.at == billing.clock.now
    (event,) = await billing.sent(CreditAdded)
    assert (event.seq, event.amount, event.balance_after) == (3, entry.amount, entry.balance_after)
    assert await balance_of(billing) == micros("342.50")


async def test_the_same_request_twice_adds_credit_once(billing: Harness) -> None:
    await open_account(billing)
    first = await billing.ask(credit(), RESELLER, message_id="request-1")
    assert await billing.ask(credit(), RESELLER, message_id="request-1") == first
    # and even when the receipt is forgotten
    await billing.database.documents("inbox").delete({})
    assert await billing.ask(credit(), RESELLER, message_id="request-1") == first
    await billing.database.documents("inbox").delete({})
    with pytest.raises(Refused, match="idempotency-key-reused"):
        await billing.ask(credit("11.00"), RESELLER, message_id="request-1")
    assert len(await ledger_of(billing)) == 3


async def test_credit_added_by_many_at_once_makes_one_chain(billing: Harness) -> None:
    await open_account(billing)
    await asyncio.gather(*(billing.ask(credit("1.00"), RESELLER) for _ in range(12)))
    assert await balance_of(billing) == micros("344.00")
    assert [entry.seq for entry in await ledger_of(billing)] == list(range(1, 15))
    assert await audit(billing) == []


async def test_only_the_parent_adds_credit(billing: Harness) -> None:
    await open_account(billing)
    refusals = {
        "customer": await billing.problem(credit(), CUSTOMER),
        "other": await billing.problem(credit(), OTHER_RESELLER),
        "operator": await billing.problem(credit(), OPERATOR),
        "own": await billing.problem(credit(account_id="acc_r1"), RESELLER),
    }
    assert {who: problem.code for who, problem in refusals.items()} == {
        "customer": "forbidden",
        "other": "not-found",
        "operator": "not-found",
        "own": "forbidden",
    }
    entry = await billing.ask(credit(account_id="acc_r1"), OPERATOR)
    assert (entry.seq, entry.balance_after) == (1, micros("10.00"))


@pytest.mark.parametrize(
    ("amount", "kind"),
    [
        ("0.00", "out-of-range"),
        ("-1.00", "out-of-range"),
        ("0.001", "too-many-decimals"),
    ],
)
async def test_wrong_credit_is_refused(billing: Harness, amount: str, kind: str) -> None:
    await open_account(billing)
    problem = await billing.problem(credit(amount), RESELLER)
    assert problem.code == "invalid-fields"
    assert [(error.pointer, error.type) for error in problem.errors] == [("/amount", kind)]
    assert len(await ledger_of(billing)) == 2


async def test_a_balance_may_come_to_the_limit_of_an_amount(billing: Harness) -> None:
    await open_account(billing, plan=None, credit=None)
    most = AMOUNT_MICROS_MAX // 10_000 * 10_000
    order = AddCredit(account_id="acc_c1", credit=CreditOrder(amount=most))
    assert (await billing.ask(order, RESELLER)).balance_after == most


# --- balance --------------------------------------------------------------------------------


async def test_a_balance_is_shown_to_parent_and_administrator_only(billing: Harness) -> None:
    await open_account(billing)
    query = FindBalance(account_id="acc_c1")
    expected = Balance(
        account_id="acc_c1",
        balance=micros("332.00"),
        held=0,
        available=micros("332.00"),
        credit_limit=0,
        currency="USD",
    )
    assert await billing.ask(query, RESELLER) == expected
    assert await billing.ask(query, CUSTOMER) == expected
    other_customer = Principal(id="u", account_id="acc_c2", parent_id="acc_r1", role="customer")
    for stranger in (OTHER_RESELLER, OPERATOR, other_customer):
        assert (await billing.problem(query, stranger)).type == "not-found"
    assert (await billing.problem(FindBalance(account_id="acc_0"), RESELLER)).type == "not-found"


# --- transactions ---------------------------------------------------------------------------


async def test_transactions_come_newest_first_in_pages(billing: Harness) -> None:
    await open_account(billing)
    for _ in range(5):
        await billing.ask(credit("1.00"), RESELLER)
    seen: list[int] = []
    cursor = None
    for size in (3, 3, 1):
        page = await billing.ask(
            ListTransactions(account_id="acc_c1", limit=3, cursor=cursor), CUSTOMER
        )
        assert len(page.data) == size
        assert (page.opening_balance, page.closing_balance) == (0, micros("337.00"))
        seen += [entry.seq for entry in page.data]
        cursor = page.next
        # what is added meanwhile does not move the pages
        await billing.ask(credit("1.00"), RESELLER) if cursor is None else None
    assert cursor is None
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_a_time_frame_is_half_open_and_its_balances_fit_its_entries(
    billing: Harness,
) -> None:
    await open_account(billing)  # 332.00 after two entries at 09:00
    start = billing.clock.now
    for _ in range(3):
        billing.clock.forward(hours=1)
        await billing.ask(credit("1.00"), RESELLER)

    async def frame(begin: int | None, end: int | None) -> tuple[list[int], str, str]:
        page = await billing.ask(
            ListTransactions(
                account_id="acc_c1",
                start=None if begin is None else start + timedelta(hours=begin),
                end=None if end is None else start + timedelta(hours=end),
            ),
            RESELLER,
        )
        entries = [entry.seq for entry in page.data]
        moved = sum(entry.amount for entry in page.data)
        assert page.opening_balance + moved == page.closing_balance
        opening, closing = page.opening_balance // 10**6, page.closing_balance // 10**6
        return entries, str(opening), str(closing)

    assert await frame(None, None) == ([5, 4, 3, 2, 1], "0", "335")
    assert await frame(1, 3) == ([4, 3], "332", "334")
    assert await frame(0, 1) == ([2, 1], "0", "332")
    assert await frame(3, None) == ([5], "334", "335")
    assert await frame(None, 0) == ([], "0", "0")
    assert await frame(4, 9) == ([], "335", "335")
    assert await frame(3, 1) == ([], "334", "334")


async def test_strange_cursors_are_refused(billing: Harness) -> None:
    await open_account(billing)
    for cursor in ("x", "!!!", cursor_of("3"), cursor_of(3, 4), "é", "9" * 3_000):
        query = ListTransactions(account_id="acc_c1", cursor=cursor)
        assert (await billing.problem(query, RESELLER)).type == "invalid-cursor"
    far = ListTransactions(account_id="acc_c1", cursor=cursor_of(-5))
    assert (await billing.ask(far, RESELLER)).data == ()


async def test_transactions_of_strangers_are_not_found(billing: Harness) -> None:
    await open_account(billing)
    problem = await billing.problem(ListTransactions(account_id="acc_c1"), OTHER_RESELLER)
    assert problem.code == "not-found"


# --- lists ----------------------------------------------------------------------------------


async def test_lists_show_the_billing_accounts_of_the_askers_accounts_only(
    billing: Harness,
) -> None:
    sheet = await add_sheet(billing)
    with_bundle = plan("Bundle", rate_sheet_id=sheet.id, countries=opened("IN", 300))
    await open_account(billing, "acc_c1", plan=with_bundle)
    await open_account(billing, "acc_c2", parent_path=("platform", "acc_r2"), currency="EUR")
    await billing.ask(credit("1.00"), RESELLER)
    found = await billing.ask(
        FindBillingAccounts(account_ids=("acc_c1", "acc_c2", "acc_0")), RESELLER
    )
    assert found.data == (
        BillingAccountSummary(
            account_id="acc_c1",
            balance=micros("333.00"),
            currency="USD",
            bundle_minutes=300,
            bundle_minutes_left=300,
            renews_at=billing.clock.now,
            days_left=60,
        ),
    )
    assert (await billing.ask(FindBillingAccounts(account_ids=()), RESELLER)).data == ()
    assert (
        await billing.problem(FindBillingAccounts(account_ids=()), CUSTOMER)
    ).type == "forbidden"


async def test_totals_are_those_of_the_resellers_open_accounts(billing: Harness) -> None:
    await open_account(billing, "acc_c1")
    await open_account(billing, "acc_c2", credit=CreditOrder(amount=micros("168.00")))
    await open_account(billing, "acc_c3")
    await open_account(billing, "acc_c4", parent_path=("platform", "acc_r2"), currency="EUR")
    await billing.hear(
        AccountClosed(account_id="acc_c3", reseller_id="acc_r1", version=9, name="Gone")
    )
    totals = await billing.ask(FindResellerTotals(), RESELLER)
    assert totals.currency == "USD"
    assert totals.monthly_charge == 2 * micros("168.00")
    assert (totals.credit, totals.below_zero) == (micros("332.00"), 1)
    assert (await billing.ask(FindResellerTotals(), OTHER_RESELLER)).currency == "EUR"
    for other in (CUSTOMER, OPERATOR):
        assert (await billing.problem(FindResellerTotals(), other)).type == "forbidden"


async def test_a_reseller_without_accounts_has_totals_of_zero(billing: Harness) -> None:
    totals = await billing.ask(FindResellerTotals(), RESELLER)
    assert (totals.monthly_charge, totals.credit, totals.below_zero) == (0, 0, 0)
