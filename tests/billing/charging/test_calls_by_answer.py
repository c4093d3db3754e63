"""Calls are listed by when they were answered, with totals that fit them."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from contracts.billing import CallPage, FindDailyUsage, ListCalls
from contracts.values import micros
from services.billing.ledger.store import usage, usage_sums
from services.billing.ledger.store.behind import ENTRIES_BEHIND, Behind
from tests.billing.charged import charge_calls
from tests.billing.charging_world import ANSWERED, World, record
from tests.billing.conftest import audit, open_account
from tests.harness import RESELLER, Harness


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with one account; its ledger must pass the audit whatever was done to it."""
    world = World(billing)
    await world.open()
    yield world
    assert await audit(billing) == []


async def page_of(harness: Harness, **frame: object) -> CallPage:
    query = ListCalls.model_validate({"account_id": "acc_c1", **frame})
    return await harness.ask(query, RESELLER)


async def test_a_late_record_is_listed_on_the_day_of_its_call_and_says_when_it_was_charged(
    world: World,
) -> None:
    await world.charger.charge([record("call-1", answered_at=ANSWERED + timedelta(minutes=3))])
    world.billing.clock.forward(hours=20)
    await world.charger.charge([record("late", answered_at=ANSWERED)])
    await world.charger.charge([record("call-2", answered_at=world.billing.clock.now)])
    page = await page_of(world.billing)
    assert [one.call_id for one in page.data] == ["call-2", "call-1", "late"]
    assert page.data[2].charged_at == world.billing.clock.now
    day = await page_of(world.billing, start=ANSWERED, end=ANSWERED + timedelta(hours=19))
    assert [one.call_id for one in day.data] == ["call-1", "late"]
    assert day.totals.call_charges == sum(one.cost for one in day.data) == 2 * micros("0.25")
    first = ANSWERED.date()
    query = FindDailyUsage(account_id="acc_c1", first=first, last=first + timedelta(days=2))
    days = await world.billing.ask(query, RESELLER)
    assert [one.minutes_used for one in days.data] == [4.0, 2.0, 0.0]


async def test_calls_answered_at_the_same_moment_come_in_pages_that_hold_each_once(
    world: World,
) -> None:
    await world.charger.charge([record(str(number)) for number in range(7)])
    seen: list[str] = []
    cursor: str | None = None
    for size in (3, 3, 1):
        page = await page_of(world.billing, limit=3, cursor=cursor)
        assert len(page.data) == size
        seen += [one.call_id for one in page.data]
        cursor = page.next
    assert (cursor, seen) == (None, [str(number) for number in range(6, -1, -1)])


async def summed_up_to(harness: Harness) -> int:
    head = await harness.database.documents(usage.HEADS).find_one({"_id": "acc_c1"})
    return head["seq"] if head else 0


async def test_totals_are_the_same_whatever_part_of_the_calls_is_summed(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_sums, "ENTRIES_PER_STEP", 50)
    await open_account(billing)
    begun = billing.clock.now
    midnight = datetime.combine(begun + timedelta(days=1), time(), tzinfo=UTC)
    await charge_calls(billing, range(1, 121), every=timedelta(minutes=7))
    frames = [
        {},
        {"start": begun + timedelta(minutes=1)},
        {"start": begun + timedelta(minutes=61), "end": begun + timedelta(hours=9, minutes=20)},
        {"start": begun + timedelta(minutes=16), "end": begun + timedelta(minutes=29)},
        {"start": begun + timedelta(hours=2), "end": begun + timedelta(hours=2)},
        {"end": begun + timedelta(hours=5, seconds=1)},
        {"start": midnight, "end": midnight + timedelta(hours=3)},
        {"start": midnight - timedelta(hours=3), "end": midnight},
        {"start": midnight + timedelta(minutes=15), "end": midnight + timedelta(minutes=22)},
        {"start": midnight - timedelta(days=1), "end": midnight + timedelta(days=1)},
    ]
    days = FindDailyUsage(account_id="acc_c1", first=date(2026, 11, 21), last=date(2026, 11, 24))

    async def answers() -> list[object]:
        totals = [(await page_of(billing, **frame)).totals for frame in frames]
        return [*totals, (await billing.ask(days, RESELLER)).data]

    before = await answers()
    minutes = (await page_of(billing)).totals.minutes_used
    more = True
    steps: list[int] = []
    while more:
        more = await usage_sums.advance(billing.database, "acc_c1")
        steps.append(await summed_up_to(billing))
        assert await answers() == before
    assert len(steps) == 3
    assert steps[-1] > 120
    await charge_calls(billing, [60, 60])
    totals = (await page_of(billing)).totals
    page = await page_of(billing, limit=2)
    assert totals.minutes_used == minutes + sum(one.rated_seconds for one in page.data) / 60


async def test_an_account_with_many_calls_is_summed_once_they_are_many(billing: Harness) -> None:
    db = billing.database.reader()
    behind = db.memory(Behind)
    behind.add("acc_c1", ENTRIES_BEHIND - 1)
    assert behind.take() == set()
    behind.add("acc_c1", 1)
    assert (behind.take(), behind.take()) == ({"acc_c1"}, set())
