"""The API of a call as any switch uses it: lists, routes, records of every kind."""

import math
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from tests.gateway.features.calls.test_calls import (
    INDIA,
    authorization,
    charged,
    new_account,
    record,
)
from tests.gateway.world import Json, World


@pytest.fixture
def switch(world: World) -> httpx.AsyncClient:
    """Give the platform's switch."""
    return world["switch"].program


@pytest.fixture
async def account(world: World) -> Json:
    """Give an account of its own, with credit."""
    return await new_account(world, minutes=0)


def address(body: Json, what: str) -> str:
    """Return the address of something about a call."""
    return f"/v1/calls/{quote(body['call_id'], safe='')}/{what}"


async def test_a_redirected_call_is_held_for_at_its_new_price(
    switch: httpx.AsyncClient, account: Json
) -> None:
    body = authorization(account)
    first = (await switch.post("/v1/calls/authorize", json=body)).json()
    inside = (await switch.post("/v1/calls/authorize", json={**body, "destination": "104"})).json()
    assert (first["kind"], inside["kind"], inside["rate"]) == ("international", "extension", "0.00")
    refused = await switch.post("/v1/calls/authorize", json={**body, "destination": "+4930123456"})
    assert refused.json()["reason"] == "destination-not-allowed"
    back = (await switch.post("/v1/calls/authorize", json=body)).json()
    assert (back["granted"], back["rate"]) == (True, first["rate"])


async def test_an_extension_is_absolute_and_counts_from_the_answer(
    switch: httpx.AsyncClient, account: Json
) -> None:
    body = authorization(account)
    await switch.post("/v1/calls/authorize", json=body)
    more = {"account_id": account["id"], "total_seconds": 800, "elapsed_seconds": 0}
    answers = [(await switch.post(address(body, "extend"), json=more)).json() for _ in range(3)]
    assert answers[0]["seconds"] == 800
    assert answers[1:] == answers[:1] * 2
    ends_in = datetime.fromisoformat(answers[0]["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=790) < ends_in <= timedelta(seconds=800)
    for field, value in (("total_seconds", 0), ("elapsed_seconds", -1), ("elapsed_seconds", 0.5)):
        answer = await switch.post(address(body, "extend"), json={field: value})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


async def test_a_key_says_how_much_of_a_call_is_held(world: World, account: Json) -> None:
    person = world["reseller"].person
    order = {"name": "Short slices", "scope": "calls", "slice_seconds": 60}
    made = (await person.post("/v1/keys", json=order)).json()
    switch = world.program(made["secret"])
    body = authorization(account)
    assert (await switch.post("/v1/calls/authorize", json=body)).json()["seconds"] == 60
    assert (await switch.post(address(body, "extend"))).json()["seconds"] == 120
    await person.delete(f"/v1/keys/{made['id']}")


async def test_the_calls_that_run_are_listed_page_by_page(world: World, account: Json) -> None:
    switch = world.program(await world.make_key(world["reseller"].person, "calls"))
    bodies = [authorization(account, caller=f"10{number}") for number in range(3)]
    for body in bodies:
        await switch.post("/v1/calls/authorize", json=body)
    asked = {"account_id": account["id"], "limit": "2"}
    first = (await switch.get("/v1/calls/holds", params=asked)).json()
    asked["cursor"] = first["next"]
    second = (await switch.get("/v1/calls/holds", params=asked)).json()
    shown = [*first["data"], *second["data"]]
    assert {one["call_id"] for one in shown} == {body["call_id"] for body in bodies}
    assert {(one["destination"], one["kind"]) for one in shown} == {(INDIA, "international")}
    assert (len(shown), second["next"]) == (3, None)
    for body in bodies:
        await switch.post(address(body, "release"))
    asked = {"account_id": account["id"]}
    assert (await switch.get("/v1/calls/holds", params=asked)).json()["data"] == []
    theirs = world.program(await world.make_key(world["other reseller"].person, "calls"))
    await switch.post("/v1/calls/authorize", json=bodies[0])
    assert (await theirs.get("/v1/calls/holds", params=asked)).json()["data"] == []
    everything = (await theirs.get("/v1/calls/holds")).json()
    assert account["id"] not in {one["account_id"] for one in everything["data"]}
    answer = await switch.get("/v1/calls/holds", params={"cursor": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


async def test_a_call_that_comes_in_finds_its_account_and_is_free(
    world: World, switch: httpx.AsyncClient
) -> None:
    customer = world["customer"]
    path = f"/v1/accounts/{customer.account_id}/numbers"
    numbers = (await world["reseller"].program.get(path)).json()["data"]
    number = numbers[0]["number"]
    route = await switch.get("/v1/calls/route", params={"number": number})
    assert route.status_code == 200, route.text
    found = route.json()
    assert (found["number"], found["account_id"]) == (number, customer.account_id)
    assert (found["state"], found["inbound"]) == ("active", {"rate": "0.00"})
    bare = (await switch.get(f"/v1/calls/route?number={number}")).json()
    assert bare == found, "a plus that came as a space"
    body = {"call_id": f"in-{number}", "direction": "in", "destination": number}
    granted = (await switch.post("/v1/calls/authorize", json=body)).json()
    assert (granted["kind"], granted["account_id"]) == ("inbound", customer.account_id)
    assert (await switch.post(address(body, "release"))).status_code == 204
    nobody = await switch.get("/v1/calls/route", params={"number": "+14155559999"})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not-found")
    assert (await switch.get("/v1/calls/route")).status_code == 422
    theirs = world.program(await world.make_key(world["other reseller"].person, "calls"))
    foreign = await theirs.get("/v1/calls/route", params={"number": number})
    assert foreign.status_code == 404


async def test_a_record_is_taken_as_switches_write_it(
    world: World, switch: httpx.AsyncClient, account: Json
) -> None:
    answered = datetime.now(UTC).timestamp() - 100
    told = {
        "hangup_cause": "NORMAL_CLEARING",
        "sip_code": 200,
        "carrier": "carrier-a",
        "switch_call_id": "84b4@192.0.2.20",
    }
    body = record(account, answered_at=answered, mos=4.1, path=["a", "b"])
    body |= {**told, "seconds": 60.2}
    answer = await switch.post("/v1/calls", json=body)
    assert (answer.status_code, answer.json()["rejected"]) == (202, 0), answer.text
    again = record(account, answered_at=str(math.floor(answered)), hangup_cause="x" * 500)
    answer = await switch.post("/v1/calls/batch", json=[again])
    assert answer.json()["data"] == [
        {"call_id": again["call_id"], "status": "accepted", "reason": None, "detail": ""}
    ]
    page = await charged(world["reseller"].program, account, 2)
    calls = {one["call_id"]: one for one in page["data"]}
    call = calls[body["call_id"]]
    assert (call["seconds"], call["cost"]) == (61, "0.07")
    assert datetime.fromisoformat(call["answered_at"]).timestamp() == pytest.approx(
        answered, abs=0.002
    )
    others = {"mos": "4.1", "path": '["a", "b"]'}
    assert call["notes"] == {**told, "direction": "out", "others": others}
    assert calls[again["call_id"]]["notes"]["hangup_cause"] == "x" * 64


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"seconds": -0.5}, "/seconds"),
        ({"seconds": 86_401}, "/seconds"),
        ({"seconds": True}, "/seconds"),
        ({"seconds": "60"}, "/seconds"),
        ({"answered_at": "yesterday"}, "/answered_at"),
        ({"answered_at": True}, "/answered_at"),
        ({"answered_at": 1e300}, "/answered_at"),
        ({"direction": "sideways"}, "/direction"),
    ],
)
async def test_a_record_that_cannot_be_charged_says_where(
    switch: httpx.AsyncClient, account: Json, change: Json, pointer: str
) -> None:
    answer = await switch.post("/v1/calls", json={**record(account), **change})
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_no_field_that_is_not_known_makes_a_record_fail(
    world: World, switch: httpx.AsyncClient, account: Json
) -> None:
    plain = record(account)
    texts = ('"\\ud800"', '"\\u0000"', "NaN", "1e400", "9" * 400, "[[[[]]]]", '{"a":{"b":1}}')
    names = ("x", "\\ud800", "\\u0000", "$where", "a.b", "", "__proto__", "others", "topic", "_id")
    for number, (name, text) in enumerate((name, text) for name in names for text in texts):
        facts = ("account_id", "caller", "destination", "answered_at")
        head = "".join(f'"{key}":"{plain[key]}",' for key in facts)
        sent = f'{{{head}"seconds":60,"call_id":"{account["id"]}-{number}","{name}":{text}}}'
        answer = await switch.post(
            "/v1/calls", content=sent, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (202, 400, 422), (sent, answer.text)
    taken = record(account)
    assert (await switch.post("/v1/calls", json=taken)).status_code == 202

    client = world["reseller"].program
    page = (await client.get(f"/v1/accounts/{account['id']}/calls")).json()
    assert "next" in page
