"""Two resellers choose the same ids, keys and references, and nothing of theirs crosses."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from tests.gateway.world import Json, Tenant, World, fresh_key
from tests.waiting import eventually

INDIA = "+919876543210"
CALL_ID = "pbx-1/000042@10.0.0.1"
PATH = "/v1/calls/pbx-1%2F000042%4010.0.0.1"
TENANTS = ("reseller", "other reseller")


async def caller_of(world: World, tenant: Tenant) -> Json:
    """Open an account of a reseller that calls India at 0.0350; 80.00 are left."""
    order = world.order("Twin")
    order["plan"]["rate_sheet_id"] = tenant.rate_sheet_id
    order["plan"]["countries"] = [{"country": "IN", "minutes": 0}]
    return await world.opened(tenant.program, "/v1/accounts", order)


@pytest.fixture
async def twins(world: World) -> list[Json]:
    """Give an account of each of the two resellers, and a switch for each."""
    return [await caller_of(world, world[name]) for name in TENANTS]


async def switch_of(world: World, name: str) -> httpx.AsyncClient:
    """Return the switch of a reseller's own."""
    return world.program(await world.make_key(world[name].person, "calls"))


async def balance(world: World, name: str, account: Json) -> Json:
    path = f"/v1/accounts/{account['id']}/balance"
    return (await world[name].program.get(path)).json()


async def test_the_same_call_id_is_a_call_of_each_of_them(world: World, twins: list[Json]) -> None:
    switches = [await switch_of(world, name) for name in TENANTS]
    for switch, account in zip(switches, twins, strict=True):
        asked = {"call_id": CALL_ID, "realm": account["realm"], "destination": INDIA}
        answer = await switch.post("/v1/calls/authorize", json={**asked, "requested_seconds": 900})
        assert answer.json()["account_id"] == account["id"]
    platform = world["switch"].program
    for path in ("extend", "release"):
        ambiguous = await platform.post(f"{PATH}/{path}")
        assert (ambiguous.status_code, ambiguous.json()["code"]) == (409, "ambiguous-account")
    extended = await platform.post(f"{PATH}/extend", json={"realm": twins[1]["realm"]})
    assert (extended.json()["account_id"], extended.json()["seconds"]) == (twins[1]["id"], 600)
    assert (await switches[0].post(f"{PATH}/release")).status_code == 204
    held = [(await balance(world, *pair))["held"] for pair in zip(TENANTS, twins, strict=True)]
    assert held == ["0.00", "0.35"]


async def test_records_with_the_same_call_id_are_charged_to_each_of_them(
    world: World, twins: list[Json]
) -> None:
    for seconds, account in zip((60, 120), twins, strict=True):
        record = {"call_id": CALL_ID, "caller": "104", "destination": INDIA, "seconds": seconds}
        body = {**record, "account_id": account["id"], "answered_at": datetime.now(UTC).isoformat()}
        taken = await world["switch"].program.post("/v1/calls", json=body)
        assert taken.status_code == 202, taken.text
    for name, account, left in zip(TENANTS, twins, ("79.965", "79.93"), strict=True):

        async def is_charged(name: str = name, account: Json = account, left: str = left) -> bool:
            return (await balance(world, name, account))["balance"] == left

        await eventually(is_charged)
    again = {"call_id": CALL_ID, "account_id": twins[0]["id"], "destination": INDIA}
    answer = await world["switch"].program.post(
        "/v1/calls/authorize", json={**again, "requested_seconds": 60}
    )
    detail = "A call with this ID was charged before."
    refused = {"granted": False, "reason": "call-already-charged", "detail": detail}
    assert answer.json() == refused


async def test_the_same_idempotency_key_is_a_request_of_each_of_them(
    world: World, twins: list[Json]
) -> None:
    key = fresh_key()
    credit = {"amount": "1.00", "note": "PO-7"}
    for name, account in zip(TENANTS, twins, strict=True):
        path = f"/v1/accounts/{account['id']}/credits"
        sent = [world[name].program.post(path, json=credit, headers=key) for _ in range(2)]
        answers = await asyncio.gather(*sent)
        assert {answer.status_code for answer in answers} == {201}
    found = [(await balance(world, *pair))["balance"] for pair in zip(TENANTS, twins, strict=True)]
    assert found == ["81.00", "81.00"]
