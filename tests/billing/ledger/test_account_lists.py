"""Lists of accounts by their money: order, filters, pages both ways, and how long credit lasts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.billing import (
    AddCredit,
    BillingAccountFilter,
    BillingAccountSort,
    BillingAccountSummary,
    CreditOrder,
    FindBillingAccounts,
    FindResellerTotals,
    ListBillingAccounts,
    PickBillingAccounts,
    SetCreditLimit,
)
from contracts.values import micros
from services.billing.app import service
from services.billing.ledger.handlers import account_lists as handlers
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.model.runway import days_left, is_low, pace_of
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.chassis.mongo import Int64
from tests.billing.charged import charge_calls
from tests.billing.conftest import open_account, opening, running
from tests.billing.months import live_on
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

OPENED = datetime(2026, 11, 22, 9, tzinfo=UTC)
DAY = timedelta(days=1)
MANY = 20_000


def billing_account(**fields: Any) -> BillingAccount:  # noqa: ANN401 - any part of a billing account
    return BillingAccount.model_validate(
        {
            "id": "acc_1",
            "parent_path": ("platform", "acc_r1"),
            "currency": "USD",
            "country": "US",
            "time_zone": "UTC",
            "opened_at": OPENED - 100 * DAY,
            "anchor_day": 2,
            "renews_at": datetime(2026, 12, 2, tzinfo=UTC),  # in 9 days and 15 hours
            "monthly_charge": micros("30.00"),
            **fields,
        }
    )


async def listed(harness: Harness, **query: Any) -> list[BillingAccountSummary]:  # noqa: ANN401 - any part of the query
    """Return all pages, having gone back from the last to the first, too."""
    page = await harness.ask(ListBillingAccounts(**query), RESELLER)
    assert page.previous is None
    pages = [list(page.data)]
    while page.next is not None:
        page = await harness.ask(ListBillingAccounts(**query, cursor=page.next), RESELLER)
        pages.append(list(page.data))
    for earlier in reversed(pages[:-1]):
        assert page.previous is not None
        page = await harness.ask(ListBillingAccounts(**query, cursor=page.previous), RESELLER)
        assert list(page.data) == earlier
    assert page.previous is None
    return [one for page in pages for one in page]


async def set_billing_account(harness: Harness, account_id: str, **fields: object) -> None:
    await harness.database.documents(BILLING_ACCOUNTS).update({"_id": account_id}, {"$set": fields})


@pytest.fixture
async def few(billing: Harness) -> Harness:
    """Give seven accounts: two alike in balance, one without a plan, one disabled, one closed."""
    balances = ["5.00", "-1.00", "120.00", "5.00", "300.00", "40.00", "0.00"]
    for number, balance in enumerate(balances):
        await open_account(billing, f"acc_{number}")
        await set_billing_account(
            billing,
            f"acc_{number}",
            balance=Int64(micros(balance)),
            renews_at=OPENED + (30 - 5 * (number % 3)) * DAY,
        )
    await set_billing_account(billing, "acc_4", renews_at=None, monthly_charge=Int64(0))
    await set_billing_account(billing, "acc_5", status="disabled")
    await set_billing_account(billing, "acc_6", status="closed", open=False)
    return billing


# --- order, filters, pages ------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_every_order_and_its_pages_show_each_account_once(few: Harness, limit: int) -> None:
    by_balance = ["acc_1", "acc_0", "acc_3", "acc_5", "acc_2", "acc_4"]
    by_renewal = ["acc_4", "acc_2", "acc_5", "acc_1", "acc_0", "acc_3"]
    orders: list[tuple[BillingAccountSort, list[str]]] = [
        ("balance", by_balance),
        ("-balance", by_balance[::-1]),
        ("renews_at", by_renewal),
        ("-renews_at", by_renewal[::-1]),
    ]
    for sort, expected in orders:
        found = await listed(few, sort=sort, limit=limit)
        assert [one.account_id for one in found] == expected, sort


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"status": "active"}, {"acc_0", "acc_1", "acc_2", "acc_3", "acc_4"}),
        ({"status": "disabled"}, {"acc_5"}),
        ({"status": "closed"}, {"acc_6"}),
        (
            {"balance_from": micros("5.00"), "balance_to": micros("40.00")},
            {"acc_0", "acc_3", "acc_5"},
        ),
        ({"renews_before": OPENED + 21 * DAY}, {"acc_2", "acc_5"}),
        ({"renews_from": OPENED + 30 * DAY}, {"acc_0", "acc_3"}),
        ({"account_ids": ("acc_1", "acc_2", "acc_6", "acc_r2", "other")}, {"acc_1", "acc_2"}),
    ],
)
async def test_filters_let_through_what_they_say(
    few: Harness, wanted: dict[str, Any], found: set[str]
) -> None:
    shown = await listed(few, filter=BillingAccountFilter.model_validate(wanted), limit=2)
    assert {one.account_id for one in shown} == found
    picked = await few.ask(
        PickBillingAccounts(filter=BillingAccountFilter.model_validate(wanted)), RESELLER
    )
    assert (set(picked.account_ids), picked.more) == (found, False)


async def test_credit_that_is_added_moves_an_account_at_once(few: Harness) -> None:
    await few.ask(
        AddCredit(account_id="acc_0", credit=CreditOrder(amount=micros("900.00"))), RESELLER
    )
    assert (await listed(few, sort="-balance"))[0].account_id == "acc_0"


async def test_nobody_lists_accounts_of_others(few: Harness) -> None:
    assert (await few.ask(ListBillingAccounts(), OTHER_RESELLER)).data == ()
    stolen = BillingAccountFilter(account_ids=("acc_0",))
    assert (await few.ask(ListBillingAccounts(filter=stolen), OTHER_RESELLER)).data == ()
    assert (await few.ask(PickBillingAccounts(filter=stolen), OTHER_RESELLER)).account_ids == ()
    for stranger in (CUSTOMER, OPERATOR):
        assert (await few.problem(ListBillingAccounts(), stranger)).type == "forbidden"
        assert (await few.problem(PickBillingAccounts(filter=stolen), stranger)).type == "forbidden"


async def test_a_cursor_of_another_list_is_refused(few: Harness) -> None:
    problem = await few.problem(ListBillingAccounts(cursor="elsewhere"), RESELLER)
    assert problem.code == "invalid-cursor"


@pytest.mark.parametrize("sort", ["balance", "-balance", "renews_at", "-renews_at"])
async def test_a_page_of_many_accounts_comes_from_an_index(
    few: Harness, sort: BillingAccountSort
) -> None:
    stored = few.database.documents(BILLING_ACCOUNTS)
    sample = await stored.find_one({"_id": "acc_0"})
    assert sample is not None
    await stored.insert(
        *(
            {
                **{key: value for key, value in sample.items() if key != "realm"},
                "_id": f"acc_m{number}",
                "balance": Int64(number % 1_000),
                "renews_at": OPENED + number % 31 * DAY,
            }
            for number in range(MANY)
        )
    )
    profile = few.database.raw["system.profile"]
    cursor = None
    for _ in range(3):
        await few.database.raw.command("profile", 2)
        page = await few.ask(ListBillingAccounts(sort=sort, cursor=cursor), RESELLER)
        await few.database.raw.command("profile", 0)
        (find,) = await profile.find({"command.find": BILLING_ACCOUNTS}).to_list()
        await profile.drop()
        assert not find.get("hasSortStage")
        assert find["docsExamined"] <= 110
        cursor = page.next


# --- how long credit lasts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("balance", "pace", "fields", "days"),
    [
        ("14.00", "1.00", {"monthly_charge": 0}, 14),
        ("0.00", "1.00", {}, 0),
        ("-2.00", "0.00", {}, 0),
        ("20.00", "0.00", {}, 9),  # the renewal is not covered
        ("20.00", "3.00", {}, 6),  # used up before it
        ("45.00", "1.00", {}, 15),  # 9 days, the renewal, and 6 days more
        ("100.00", "0.00", {"monthly_charge": 0}, None),
        ("5000.00", "1.00", {}, 366),
        ("5.00", "1.00", {"monthly_charge": 0, "credit_limit": micros("5.00")}, 10),
        ("65.00", "0.00", {}, 71),  # renewals of December and January, not that of February
    ],
)
def test_days_left_count_calls_and_renewals(
    balance: str, pace: str, fields: dict[str, Any], days: int | None
) -> None:
    assert days_left(billing_account(**fields), micros(balance), micros(pace), OPENED) == days


@given(
    balance=st.integers(-(10**9), 10**9),
    pace=st.integers(0, 10**8),
    charge=st.integers(0, 10**8),
)
def test_credit_that_lasts_for_fewer_days_than_14_is_low(
    balance: int, pace: int, charge: int
) -> None:
    it = billing_account(monthly_charge=charge)
    days = days_left(it, balance, pace, OPENED)
    if days is not None and days < 14:
        assert is_low(it, balance, pace, OPENED)


def test_a_new_account_is_taken_to_have_had_a_day_of_calls() -> None:
    new = billing_account(opened_at=OPENED - timedelta(hours=2))
    assert pace_of(new, micros("3.00"), OPENED) == micros("3.00")
    assert pace_of(billing_account(), micros("3.00"), OPENED) == micros("0.10")


async def test_the_pace_follows_the_calls_of_the_last_30_days(billing: Harness) -> None:
    await open_account(billing)
    billing.clock.now = OPENED + DAY
    await charge_calls(billing, [60] * 100)  # 16.40 on the second day
    billing.clock.now = OPENED + 4 * DAY
    await live_on(billing)
    assert await handlers.work_out_paces(running(billing)) > 0
    (summary,) = (await billing.ask(FindBillingAccounts(account_ids=("acc_c1",)), RESELLER)).data
    # 315.60 at 4.10 a day, and 168.00 for the renewal on 22 December
    assert summary.days_left == 36
    assert not summary.low
    assert await handlers.work_out_paces(running(billing)) == 0
    billing.clock.now = OPENED + 5 * DAY
    await handlers.work_out_paces(running(billing))
    (summary,) = (await billing.ask(FindBillingAccounts(account_ids=("acc_c1",)), RESELLER)).data
    assert summary.days_left == 45


@given(
    balance=st.integers(-(10**8), 10**9),
    pace=st.integers(0, 10**8),
    charge=st.integers(0, 10**9),
    days=st.none() | st.integers(-2, 40),
)
@settings(max_examples=30)
async def test_the_database_finds_low_credit_as_the_model_does(
    lasting: Harness, balance: int, pace: int, charge: int, days: int | None
) -> None:
    renews_at = None if days is None else lasting.clock.now + days * DAY
    await set_billing_account(
        lasting,
        "acc_low",
        balance=Int64(balance),
        pace=Int64(pace),
        monthly_charge=Int64(charge),
        renews_at=renews_at,
    )
    (summary,) = (await lasting.ask(FindBillingAccounts(account_ids=("acc_low",)), RESELLER)).data
    low = await lasting.ask(ListBillingAccounts(filter=BillingAccountFilter(low=True)), RESELLER)
    totals = await lasting.ask(FindResellerTotals(), RESELLER)
    assert bool(low.data) is summary.low
    assert totals.low == len(low.data)


@pytest.fixture(scope="module")
async def lasting(mongodb_url: str, database_prefix: str) -> AsyncIterator[Harness]:
    """Give billing with one account, for all examples of a property."""
    harness = await Harness.start(service, mongodb_url, database_prefix)
    await harness.ask(opening("acc_r1", parent_path=("platform",), plan=None, credit=None))
    await open_account(harness, "acc_low")
    yield harness
    await harness.stop()


async def test_a_credit_limit_counts_as_credit(few: Harness) -> None:
    await few.ask(SetCreditLimit(account_id="acc_1", credit_limit=micros("500.00")), RESELLER)
    low = await few.ask(ListBillingAccounts(filter=BillingAccountFilter(low=True)), RESELLER)
    assert "acc_1" not in {one.account_id for one in low.data}
    assert "acc_0" in {one.account_id for one in low.data}
