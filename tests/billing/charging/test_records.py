"""Records as a broken switch may send them: a bad one stands alone, whatever is wrong with it."""

import json
from collections.abc import AsyncIterator

import pytest

from contracts.billing import ListRejectedCalls
from services.billing.charging.lanes.records import Malformed, read
from tests.billing.charging_world import World, record
from tests.billing.conftest import audit
from tests.harness import OPERATOR, Harness

GOOD = record("good").model_dump_json()
BAD = record("bad").model_dump_json()
TOO_EARLY, TOO_LATE = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with one account."""
    world = World(billing)
    await world.open()
    yield world
    assert await audit(billing) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (BAD.replace('"seconds":120', f'"seconds":{"9" * 40}'), "malformed"),
        (BAD.replace('"seconds":120', '"seconds":1e400'), "malformed"),
        (BAD.replace('"seconds":120', '"seconds":-1,"$where":1,"a.b":2'), "malformed"),
        (BAD.replace('"seconds":120', '"seconds":-1,"\\u0000":1'), "malformed"),
        (BAD.replace('"call_id":"bad"', '"call_id":"\\ud800"'), "malformed"),
        (BAD.replace("2026-11-22T09:00:00Z", TOO_EARLY), "too-late"),
        (BAD.replace("2026-11-22T09:00:00Z", TOO_LATE), "implausible-time"),
    ],
)
async def test_a_bad_record_waits_for_repair_and_those_beside_it_are_charged(
    world: World, bad: str, reason: str
) -> None:
    message = f"[{bad},{GOOD}]".encode()
    for charger in (world.charger, world.another_charger()):
        await charger.charge(read(message))
    assert [entry.cause for entry in await world.calls()] == ["good"]
    (repair,) = (await world.billing.ask(ListRejectedCalls(limit=10), OPERATOR)).data
    assert repair.reason == reason
    assert json.loads(repair.model_dump_json())["record"]["caller"] == "+12125550142"


def test_what_is_no_time_is_refused_where_it_stands() -> None:
    (malformed,) = read(BAD.replace("2026-11-22T09:00:00Z", "noon").encode())
    assert isinstance(malformed, Malformed)
    assert malformed.detail.startswith("answered_at: ")
