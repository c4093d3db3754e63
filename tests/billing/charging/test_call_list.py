"""Charged calls as they are shown: lists, totals, days, and the credit that running calls leave."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from contracts.billing import (
    CallPage,
    DailyUsage,
    FindBalance,
    FindDailyUsage,
    ListCalls,
    ResolveCallAccounts,
)
from contracts.values import micros
from services.billing.ledger.model.usage import day_borders
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.chassis.cursor import cursor_of
from services.chassis.mongo import Int64
from services.chassis.principal import Principal
from tests.billing.charged import charge_calls, seconds_left
from tests.billing.conftest import add_sheet, audit, open_account, opened, plan
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

SWITCH = Principal(id="key_1", account_id="platform", parent_id="", role="switch")


async def page_of(harness: Harness, **frame: Any) -> CallPage:  # noqa: ANN401 - any part of the query
    return await harness.ask(ListCalls(account_id="acc_c1", **frame), CUSTOMER)


async def days_of(harness: Harness, first: str, last: str) -> DailyUsage:
    query = FindDailyUsage(
        account_id="acc_c1", first=date.fromisoformat(first), last=date.fromisoformat(last)
    )
    return await harness.ask(query, CUSTOMER)


async def with_bundle(harness: Harness, minutes: int) -> None:
    sheet = await add_sheet(harness, csv="prefix,rate\n971,0.164\n")
    countries = opened("AE", minutes)
    order = plan("Office", rate_sheet_id="", countries=countries)
    await open_account(harness, plan=order.model_copy(update={"rate_sheet_id": sheet.id}))


# --- lists ----------------------------------------------------------------------------------


async def test_billed_calls_come_with_what_they_come_to(billing: Harness) -> None:
    await open_account(billing)  # 332.00
    await charge_calls(billing, [61, 30])
    page = await page_of(billing)
    assert [(call.seconds, call.rated_seconds, call.cost) for call in page.data] == [
        (30, 60, micros("0.164")),
        (61, 120, micros("0.328")),
    ]
    newest = page.data[0]
    assert (newest.call_id, newest.caller, newest.country) == ("acc_c1-call-4", "104", "AE")
    assert (newest.destination, newest.rate) == ("+971501234567", micros("0.164"))
    assert page.totals.minutes_used == 3.0
    assert page.totals.call_charges == micros("0.492")
    assert page.totals.available_credit == micros("331.508")
    assert (page.currency, page.next) == ("USD", None)
    assert await audit(billing) == []


async def test_a_call_that_its_bundle_covered_is_not_listed_one_that_outlived_it_is(
    billing: Harness,
) -> None:
    await with_bundle(billing, 2)
    assert await seconds_left(billing, "AE") == 120
    await charge_calls(billing, [90, 90, 10])
    page = await page_of(billing)
    assert [(call.seconds, call.rated_seconds) for call in page.data] == [(10, 60), (90, 90)]
    assert page.totals.minutes_used == 2.5
    assert page.totals.call_charges == sum(call.cost for call in page.data)
    assert await seconds_left(billing, "AE") == 0


async def test_calls_come_in_pages_that_hold_each_of_them_once(billing: Harness) -> None:
    await with_bundle(billing, 1)
    made = await charge_calls(billing, [60, *[5] * 7])  # the first is free
    seen: list[str] = []
    cursor = None
    for size in (3, 3, 1):
        page = await page_of(billing, limit=3, cursor=cursor)
        assert len(page.data) == size
        assert page.totals.minutes_used == 7.0
        seen += [call.call_id for call in page.data]
        cursor = page.next
    assert cursor is None
    assert seen == made[:0:-1]


async def test_a_time_frame_of_calls_is_half_open_and_its_totals_fit_its_calls(
    billing: Harness,
) -> None:
    await open_account(billing)
    start = billing.clock.now
    await charge_calls(billing, [60, 120, 180, 240], every=timedelta(hours=1))

    async def frame(begin: int | None, end: int | None) -> list[int]:
        page = await page_of(
            billing,
            start=None if begin is None else start + timedelta(hours=begin),
            end=None if end is None else start + timedelta(hours=end),
        )
        assert page.totals.call_charges == sum(call.cost for call in page.data)
        assert page.totals.minutes_used == sum(call.rated_seconds for call in page.data) / 60
        return [call.seconds for call in page.data]

    assert await frame(None, None) == [240, 180, 120, 60]
    assert await frame(1, 3) == [180, 120]
    assert await frame(0, 1) == [60]
    assert await frame(None, 0) == []
    assert await frame(3, 1) == []
    assert await frame(9, None) == []


async def test_calls_are_shown_to_parent_and_administrator_only(billing: Harness) -> None:
    await open_account(billing)
    await charge_calls(billing, [61])
    today = billing.clock.now.date()
    queries = (
        ListCalls(account_id="acc_c1"),
        FindDailyUsage(account_id="acc_c1", first=today, last=today),
    )
    for query in queries:
        await billing.ask(query, RESELLER)
        await billing.ask(query, CUSTOMER)
        for stranger in (OTHER_RESELLER, OPERATOR):
            assert (await billing.problem(query, stranger)).type == "not-found"
        assert (await billing.problem(query, SWITCH)).type == "forbidden"


async def test_strange_cursors_of_calls_are_refused(billing: Harness) -> None:
    await open_account(billing)
    for cursor in ("x", cursor_of("3"), cursor_of(3)):
        query = ListCalls(account_id="acc_c1", cursor=cursor)
        assert (await billing.problem(query, CUSTOMER)).type == "invalid-cursor"


# --- days -----------------------------------------------------------------------------------


async def test_days_are_those_of_the_accounts_time_zone(billing: Harness) -> None:
    await open_account(billing)  # New York: UTC-5
    billing.clock.now = datetime(2026, 11, 24, 4, 59, tzinfo=UTC)
    await charge_calls(billing, [60, 120])  # a minute before midnight there, and at midnight
    found = await days_of(billing, "2026-11-22", "2026-11-25")
    assert [(str(day.day)[8:], day.minutes_used, day.call_charges) for day in found.data] == [
        ("22", 0.0, 0),
        ("23", 1.0, micros("0.164")),
        ("24", 2.0, micros("0.328")),
        ("25", 0.0, 0),
    ]
    assert found.currency == "USD"


async def test_days_and_totals_of_a_time_frame_are_the_same(billing: Harness) -> None:
    await open_account(billing)
    await charge_calls(billing, range(1, 200), every=timedelta(hours=5))
    found = await days_of(billing, "2026-11-22", "2027-01-10")
    page = await page_of(billing)
    assert sum(day.call_charges for day in found.data) == page.totals.call_charges
    assert round(sum(day.minutes_used for day in found.data)) == round(page.totals.minutes_used)


async def test_a_day_of_23_or_25_hours_is_one_day(billing: Harness) -> None:
    borders = day_borders(date(2026, 10, 31), date(2026, 11, 2), "America/New_York")
    assert [(later - earlier).total_seconds() / 3600 for earlier, later in _pairs(borders)] == [
        24,
        25,
        24,
    ]
    await open_account(billing)
    assert len((await days_of(billing, "2026-10-31", "2026-11-02")).data) == 3


def _pairs(borders: tuple[datetime, ...]) -> list[tuple[datetime, datetime]]:
    return list(pairwise(borders))


async def test_at_most_92_days_are_told_at_once(billing: Harness) -> None:
    await open_account(billing)
    assert len((await days_of(billing, "2026-09-01", "2026-12-01")).data) == 92
    for last in ("2026-12-02", "2026-08-31"):
        query = FindDailyUsage(
            account_id="acc_c1", first=date(2026, 9, 1), last=date.fromisoformat(last)
        )
        problem = await billing.problem(query, CUSTOMER)
        assert (problem.code, "1 to 92 days" in problem.detail) == ("invalid-fields", True)


# --- what running calls leave ---------------------------------------------------------------


def hold(call_id: str, money: str, until: datetime) -> dict[str, object]:
    return {
        "call_id": call_id,
        "destination": "+971501234567",
        "country": "AE",
        "money": Int64(micros(money)),
        "free_seconds": 0,
        "seconds": 300,
        "began_at": until - timedelta(seconds=330),
        "until": until,
    }


async def test_what_running_calls_hold_is_not_available(billing: Harness) -> None:
    await open_account(billing)  # 332.00
    now = billing.clock.now
    held = [
        hold("running", "0.82", now + timedelta(seconds=1)),
        hold("another", "1.18", now + timedelta(seconds=90)),
        hold("expired", "50.00", now),
    ]
    change = {"holds": held, "credit_limit": Int64(micros("10.00"))}
    await billing.database.documents(BILLING_ACCOUNTS).update({"_id": "acc_c1"}, {"$set": change})
    balance = await billing.ask(FindBalance(account_id="acc_c1"), CUSTOMER)
    assert (balance.balance, balance.held) == (micros("332.00"), micros("2.00"))
    assert (balance.credit_limit, balance.available) == (micros("10.00"), micros("340.00"))
    page = await page_of(billing)
    assert page.totals.available_credit == micros("340.00")


# --- whose calls ----------------------------------------------------------------------------


@pytest.fixture
async def realms(billing: Harness) -> Harness:
    """Give a customer of each reseller, with realms."""
    await open_account(billing, realm="one.example")
    parent_path = ("platform", "acc_r2")
    await open_account(
        billing, "acc_c2", parent_path=parent_path, currency="EUR", realm="two.example"
    )
    return billing


async def owners(harness: Harness, asker: Principal, **names: tuple[str, ...]) -> dict[str, str]:
    found = await harness.ask(ResolveCallAccounts.model_validate(names), asker)
    return {owner.account_id: owner.realm for owner in found.data}


async def test_the_platforms_switch_tells_of_everybodys_calls(realms: Harness) -> None:
    both = {"acc_c1": "one.example", "acc_c2": "two.example"}
    assert await owners(realms, SWITCH, account_ids=("acc_c1", "acc_c2", "acc_0")) == both
    assert await owners(realms, SWITCH, realms=("one.example", "two.example", "", "no")) == both
    mixed = await owners(realms, SWITCH, account_ids=("acc_c1",), realms=("two.example",))
    assert mixed == both
    assert await owners(realms, SWITCH) == {}


async def test_a_resellers_switch_tells_of_its_own_calls_only(realms: Harness) -> None:
    own = Principal(id="key_2", account_id="acc_r2", parent_id="platform", role="switch")
    named = ("acc_c1", "acc_c2", "acc_r1", "acc_r2")
    assert set(await owners(realms, own, account_ids=named)) == {"acc_c2", "acc_r2"}
    assert set(await owners(realms, own, realms=("one.example", "two.example"))) == {"acc_c2"}
    assert (await realms.problem(ResolveCallAccounts(), CUSTOMER)).type == "forbidden"


async def test_people_import_records_of_the_accounts_that_their_switch_serves(
    realms: Harness,
) -> None:
    assert set(await owners(realms, RESELLER, account_ids=("acc_c1", "acc_c2"))) == {"acc_c1"}
    assert len(await owners(realms, OPERATOR, account_ids=("acc_c1", "acc_c2"))) == 2
