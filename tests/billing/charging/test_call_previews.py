"""Previews of calls: what charging will come to, and nothing is charged by looking."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.base import Refused
from contracts.billing import CallPreview, PreviewCalls
from contracts.calls import CallEnded
from services.chassis.principal import Principal
from tests.billing.charging_world import ANSWERED, GERMANY, SWITCH, UK, World, record, records
from tests.billing.conftest import audit
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

PARIS = "+33142685300"


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with one account that has five minutes to the UK."""
    world = World(billing)
    await world.open(minutes={"GB": 5, "DE": 0})
    yield world
    assert await audit(billing) == []


async def preview(
    world: World, *calls: CallEnded, by: Principal = RESELLER
) -> tuple[CallPreview, ...]:
    return (await world.billing.ask(PreviewCalls(records=calls), by)).data


async def test_a_preview_is_what_charging_comes_to_and_charges_nothing(world: World) -> None:
    calls = [
        record("call-1", seconds=250),
        record("call-2", seconds=130),
        record("call-3", destination=GERMANY, seconds=61),
    ]
    found = await preview(world, *calls)
    assert await world.calls() == []
    await world.charger.charge(calls)
    entries = await world.calls()
    assert [one.status for one in found] == ["chargeable"] * 3
    assert [one.cost for one in found] == [-entry.amount for entry in entries]
    assert [one.rated_seconds for one in found] == [
        entry.call.rated_seconds for entry in entries if entry.call
    ]
    assert found[2].cost > 0


async def test_bundled_minutes_are_used_up_across_a_long_file(world: World) -> None:
    calls = records(range(450), seconds=1)
    found = await preview(world, *calls)
    # five minutes are 300 seconds, and calls are looked at in batches of 200
    assert [one.cost > 0 for one in found] == [False] * 300 + [True] * 150


async def test_a_charged_call_is_shown_as_such_with_what_it_cost(world: World) -> None:
    call = record(destination=GERMANY)
    (before,) = await preview(world, call)
    await world.charger.charge([call])
    (after,) = await preview(world, call)
    assert (after.status, after.cost) == ("charged", before.cost)
    (other,) = await preview(world, record(destination=GERMANY, seconds=121))
    assert (other.status, other.reason) == ("rejected", "conflict")


async def test_each_record_that_cannot_be_charged_has_its_reason(world: World) -> None:
    found = await preview(
        world,
        record("call-1", account_id="acc_nobody"),
        record("call-2", destination=PARIS),
        record("call-3", destination="+1"),
        record("call-4", answered_at=ANSWERED - timedelta(days=90)),
        record("call-5", seconds=0),
        record("call-6"),
        record("call-6"),
        record("call-6", seconds=7),
    )
    assert [one.reason or one.status for one in found] == [
        *("unknown-account", "no-rate", "invalid-destination", "too-late", "not-answered"),
        *("chargeable", "chargeable", "conflict"),
    ]
    assert await world.repairs() == []


async def test_a_reseller_sees_nothing_of_anothers_accounts(world: World) -> None:
    (found,) = await preview(world, record(), by=OTHER_RESELLER)
    assert found == CallPreview(
        status="rejected",
        reason="unknown-account",
        detail="There is no such account or realm.",
    )
    for by in (OPERATOR, SWITCH):
        assert (await preview(world, record(), by=by))[0].status == "chargeable"
    with pytest.raises(Refused, match="forbidden"):
        await preview(world, record(), by=CUSTOMER)


@given(
    seconds=st.lists(st.integers(1, 400), min_size=1, max_size=6),
    places=st.lists(st.sampled_from([UK, GERMANY, "442079460321"]), min_size=6, max_size=6),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_calls_cost_what_their_preview_says(
    world: World, seconds: list[int], places: list[str]
) -> None:
    before = len(await world.calls())
    calls = [
        record(f"call-{before + n}", seconds=one, destination=places[n], dial_format="e164")
        for n, one in enumerate(seconds)
    ]
    found = await preview(world, *calls)
    await world.charger.charge(calls)
    entries = (await world.calls())[before:]
    assert [one.cost for one in found] == [-entry.amount for entry in entries]
