"""A record takes the free seconds of the period in which its call was answered."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from contracts.billing import AddCredit, AuthorizeCall, BundleExhausted, CreditOrder, ExtendCall
from contracts.calls import CallEnded
from contracts.values import micros
from services.billing.audit.model.chain import Chain
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.store.ledger import LEDGER, entry_of
from services.billing.lifecycle.handlers.renewals import renew_due
from tests.billing.charging.test_authorize import SWITCH
from tests.billing.charging_world import GERMANY, World, record
from tests.billing.conftest import audit
from tests.harness import RESELLER, Harness

RENEWAL = datetime(2026, 12, 22, 5, 0, tzinfo=UTC)
"""Midnight in New York."""

BEFORE, AFTER = RENEWAL - timedelta(minutes=30), RENEWAL + timedelta(minutes=1)


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with ten free minutes to Germany, of which the last period used four."""
    world = World(billing)
    await world.open(minutes={"DE": 10, "GB": 0})
    billing.clock.now = BEFORE
    await renew_due(world.running)
    await world.charger.charge([call("early", 240, BEFORE - timedelta(hours=1))])
    billing.clock.now = AFTER
    await renew_due(world.running)
    yield world
    assert await audit(billing) == []


def call(call_id: str, seconds: int, answered_at: datetime = BEFORE) -> CallEnded:
    """Return the record of a call to Germany."""
    return record(call_id, seconds=seconds, answered_at=answered_at, destination=GERMANY)


async def free_seconds(world: World) -> list[int]:
    """Return the free seconds that each call used."""
    return [entry.call.free_seconds for entry in await world.calls() if entry.call]


async def left(world: World) -> int:
    """Return the free seconds of the current period."""
    return (await world.billing_account())["seconds"]["DE"]


async def test_a_late_record_uses_what_was_left_of_its_own_period(world: World) -> None:
    assert await left(world) == 600
    await world.charger.charge([call("late", 300)])
    assert (await free_seconds(world), await left(world)) == ([240, 300], 600)
    await world.charger.charge([call("later", 300), call("new", 120, AFTER)])
    assert (await free_seconds(world), await left(world)) == ([240, 300, 60, 120], 480)
    assert [entry.amount for entry in await world.calls()][2] == -micros("0.40")
    assert world.bus.events(BundleExhausted) == [], "the current bundle is not used up"


async def test_what_was_left_is_kept_for_a_day_and_then_gone_for_good(world: World) -> None:
    world.billing.clock.forward(hours=23, minutes=59)
    await world.charger.charge([call("in time", 60)])
    world.billing.clock.forward(minutes=1)
    await world.charger.charge([call("too late", 60), call("new", 60, AFTER)])
    assert (await free_seconds(world), await left(world)) == ([240, 60, 0, 60], 540)
    last = (await world.calls())[-1].last_bundles
    assert last is not None
    assert last.seconds == {}


async def test_a_late_record_that_comes_again_to_another_process_changes_nothing(
    world: World,
) -> None:
    chargers = [world.charger, world.another_charger(), world.another_charger()]
    late = [call(f"late {number}", 60) for number in range(8)]
    credit = AddCredit(account_id="acc_c1", credit=CreditOrder(amount=micros("1.00")))
    await asyncio.gather(
        *(charger.charge(late) for charger in chargers),
        *(world.billing.ask(credit, RESELLER) for _ in range(3)),
    )
    assert sum(await free_seconds(world)) == 240 + 360
    assert await left(world) == 600


async def test_a_charger_that_knows_the_ledger_of_before_the_renewal_goes_by_the_new_one(
    world: World,
) -> None:
    world.billing.clock.now = datetime(2027, 1, 22, 5, 0, tzinfo=UTC) + timedelta(seconds=1)
    await world.charger.charge([call("new", 60, AFTER)])
    await renew_due(world.running)
    answered_at = world.billing.clock() - timedelta(seconds=2)
    await world.charger.charge([call("late", 600, answered_at), call("too late", 60)])
    assert (await free_seconds(world), await left(world)) == ([240, 60, 540, 0], 600)


async def test_a_call_that_runs_through_the_renewal_holds_seconds_of_its_own_period(
    billing: Harness,
) -> None:
    world = World(billing)
    await world.open(minutes={"DE": 10}, credit="0")
    billing.clock.now = RENEWAL - timedelta(minutes=4)
    await renew_due(world.running)
    ask = AuthorizeCall(
        call_id="call-1", account_id="acc_c1", destination=GERMANY, requested_seconds=3_600
    )
    assert (await billing.ask(ask, SWITCH)).max_seconds == 600
    billing.clock.now = RENEWAL + timedelta(seconds=5)
    await renew_due(world.running)
    other = ask.model_copy(update={"call_id": "call-2"})
    assert (await billing.ask(other, SWITCH)).max_seconds == 600
    extended = await billing.ask(ExtendCall(call_id="call-1"), SWITCH)
    assert (extended.seconds, extended.max_seconds) == (600, 600)


@pytest.mark.parametrize(
    "change",
    [
        {"seconds_after": {"DE": 540, "GB": 0}},
        {"last_bundles": None},
        {"seconds_after": {"DE": 540, "GB": 0}, "last_bundles": None},
    ],
)
async def test_the_audit_sees_a_bundle_of_another_period_being_used(
    world: World, change: dict[str, object]
) -> None:
    await world.charger.charge([call("late", 60)])
    found = world.billing.database.documents(LEDGER).each(
        {"account_id": "acc_c1"}, sort=[("seq", 1)]
    )
    entries = [entry_of(document) async for document in found]
    chain = Chain(account_id="acc_c1")
    for entry in entries[:-1]:
        chain = chain.after(entry)
    assert not chain.after(entries[-1]).fault
    wrong = Entry.model_validate({**entries[-1].model_dump(), **change})
    assert "does not carry on the totals or bundles" in chain.after(wrong).fault
