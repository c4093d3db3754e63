"""Rejected calls over HTTP and in the portal: what a batch answers, and who mends what."""

import uuid

import httpx
import pytest

from tests.gateway.features.calls.test_calls import INDIA, charged, new_account, record
from tests.gateway.portal.test_portal_answers import PAGE
from tests.gateway.world import Json, World, fresh_key
from tests.waiting import eventually

LIST = "/v1/rejected-calls"
PATCH = "application/merge-patch+json"


@pytest.fixture
async def switch(world: World) -> httpx.AsyncClient:
    """Give a switch of the other reseller's own."""
    return world.program(await world.make_key(world["other reseller"].person, "calls"))


async def found(client: httpx.AsyncClient, call_id: str, path: str = LIST) -> Json:
    """Return the rejected call with a call id, on whatever page it is."""
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(path, params={"limit": "100", **cursor})).json()
        for rejected in page["data"]:
            if rejected["call_id"] == call_id:
                return rejected
        assert page["next"], "it isn't in the list"
        cursor = {"cursor": page["next"]}


async def has_status(client: httpx.AsyncClient, call_id: str, status: str) -> Json:
    """Return a rejected call once it has a status."""

    async def look() -> Json:
        rejected = await found(client, call_id)
        assert rejected["status"] == status, rejected
        return rejected

    return await eventually(look)


# --- what is sent -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["object", "list"])
async def test_no_record_of_a_batch_keeps_another_from_being_charged(
    switch: httpx.AsyncClient, world: World, form: str
) -> None:
    mine = await new_account(world, "other reseller", minutes=0)
    theirs = await new_account(world, minutes=0)
    records: list[object] = [
        record(mine),
        record(mine, seconds=-1),
        {**record(mine), "answered_at": "yesterday", "callid": "x"},
        record(theirs),
        record(theirs, account_id=None, realm=theirs["realm"]),
        record(mine, account_id=None, realm=mine["realm"].upper()),
        7,
    ]
    body = {"calls": records} if form == "object" else records
    answer = await switch.post("/v1/calls/batch", json=body)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (202, 2, 5)
    results = answer.json()["data"]
    assert [one["reason"] for one in results] == [
        None,
        "malformed",
        "malformed",
        "unknown-account",
        "unknown-account",
        None,
        "malformed",
    ]
    assert [one["status"] for one in results[:2]] == ["accepted", "rejected"]
    assert "seconds" in results[1]["detail"]
    assert [one["call_id"] for one in results] == [
        one["call_id"] if isinstance(one, dict) else "" for one in records
    ]
    await charged(world["other reseller"].program, mine, 2)
    assert (await charged(world["reseller"].program, theirs, 0))["totals"]["call_charges"] == "0.00"
    kept = await found(world["other reseller"].program, results[3]["call_id"])
    assert (kept["reason"], kept["reseller_id"]) == (
        "unknown-account",
        world["other reseller"].account_id,
    )
    with pytest.raises(AssertionError, match="isn't in the list"):
        await found(world["reseller"].program, results[3]["call_id"])


async def test_a_single_record_of_an_unknown_account_is_kept_and_said_to_be_rejected(
    switch: httpx.AsyncClient, world: World
) -> None:
    theirs = await new_account(world, minutes=0)
    for body in (record(theirs), record(theirs, account_id="acc_none")):
        answer = await switch.post("/v1/calls", json=body)
        assert answer.status_code == 202
        (result,) = answer.json()["data"]
        assert (result["status"], result["reason"]) == ("rejected", "unknown-account")
        kept = await found(world["other reseller"].program, body["call_id"])
        assert kept["record"]["account_id"] == body["account_id"]


@pytest.mark.parametrize(
    ("by", "nobody"),
    [
        ("realm", "{}.example"),
        ("realm", "{}" + "\u00fc" * 200),
        ("account_id", "\U0001f4de" * 64),
    ],
    ids=["realm", "long-realm", "long-id"],
)
async def test_a_record_of_nobody_waits_for_the_operator_and_is_retried(
    world: World, by: str, nobody: str
) -> None:
    body = record(await new_account(world))
    del body["account_id"]
    body[by] = nobody.format(uuid.uuid4().hex)
    assert (await world["switch"].program.post("/v1/calls", json=body)).status_code == 202
    operator = world["operator"].program
    kept = await has_status(operator, body["call_id"], "waiting")
    assert kept == await found(operator, body["call_id"], "/v1/repairs")
    assert (kept["reason"], kept["record"][by]) == ("unknown-account", body[by])
    for path in (f"{LIST}/{kept['id']}/retry", f"/v1/repairs/{kept['id']}/replay"):
        answer = await operator.post(path, headers=fresh_key())
        assert (answer.status_code, answer.json()["status"]) == (200, "retrying")
        await has_status(operator, body["call_id"], "waiting")
    assert (await operator.post("/v1/repairs/rep_none/replay")).status_code == 404


# --- mending ------------------------------------------------------------------------------------


async def test_a_reseller_corrects_its_rejected_call_and_it_is_charged(
    switch: httpx.AsyncClient, world: World
) -> None:
    mine = await new_account(world, "other reseller", minutes=0)
    body = record(mine, account_id="acc_none")
    await switch.post("/v1/calls", json=body)
    reseller = world["other reseller"].program
    kept = await found(reseller, body["call_id"])
    path = f"{LIST}/{kept['id']}"
    shown = await reseller.get(path)
    headers = {"If-Match": shown.headers["ETag"], "Content-Type": PATCH}
    change = {"account_id": mine["id"], "seconds": 120}
    assert (await reseller.patch(path, json=change)).status_code == 428
    answer = await reseller.patch(path, json=change, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "retrying"), answer.text
    assert (await reseller.patch(path, json=change, headers=headers)).status_code == 412
    page = await charged(reseller, mine, 1)
    assert page["data"][0]["seconds"] == 120
    closed = await has_status(reseller, body["call_id"], "charged")
    assert closed["record"]["account_id"] == "acc_none"
    answer = await reseller.post(f"{path}/dismiss", json={"reason": "Late."})
    assert (answer.status_code, answer.json()["code"]) == (409, "rejected-call-closed")


async def test_a_rejected_call_is_dismissed_with_a_reason(
    switch: httpx.AsyncClient, world: World
) -> None:
    body = record(await new_account(world, minutes=0))
    await switch.post("/v1/calls", json=body)
    reseller = world["other reseller"].program
    path = f"{LIST}/{(await found(reseller, body['call_id']))['id']}/dismiss"
    for wrong in ({}, {"reason": " "}, {"reason": "x" * 501}):
        assert (await reseller.post(path, json=wrong)).status_code == 422
    answer = await reseller.post(path, json={"reason": "A test call."})
    assert (answer.json()["status"], answer.json()["dismissed_because"]) == (
        "dismissed",
        "A test call.",
    )
    trail = (await reseller.get("/v1/audit", params={"limit": "5"})).json()["data"]
    assert trail[0]["action"] == "rejected-call.dismissed"


# --- in the portal ------------------------------------------------------------------------------


async def test_a_reseller_mends_its_rejected_calls_in_the_portal(
    switch: httpx.AsyncClient, world: World
) -> None:
    mine = await new_account(world, "other reseller", minutes=0)
    bodies = [record(mine, account_id="acc_none", caller="<i>") for _ in range(2)]
    for body in bodies:
        await switch.post("/v1/calls", json=body)
    person, program = world["other reseller"].person, world["other reseller"].program
    kept = [await found(program, body["call_id"]) for body in bodies]
    listed = (await person.get("/rejected-calls?reason=unknown-account", headers=PAGE)).text
    assert f"/rejected-calls/{kept[0]['id']}" in listed
    path = f"/rejected-calls/{kept[0]['id']}"
    shown = (await person.get(path, headers=PAGE)).text
    assert "Enter the account that made the call" in shown
    assert "<i>" not in shown
    form = {
        "version": str(kept[0]["version"]),
        "account": "acc_none",
        "call_id": bodies[0]["call_id"],
        "caller": "104",
        "destination": INDIA,
        "answered_at": "soon",
        "seconds": "x",
    }
    answer = await person.post(f"{path}/correct", data=form, headers=PAGE)
    assert answer.status_code == 422
    assert "Enter a date and a time." in answer.text
    assert "Enter whole seconds" in answer.text
    local = kept[0]["record"]["answered_at"]
    right = {**form, "account": mine["realm"].upper(), "answered_at": local, "seconds": "90"}
    answer = await person.post(f"{path}/correct", data=right, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, path), answer.text
    page = await charged(program, mine, 1)
    assert (page["data"][0]["seconds"], page["data"][0]["caller"]) == (90, "104")
    path = f"/rejected-calls/{kept[1]['id']}"
    assert (
        await person.post(f"{path}/dismiss", data={"reason": ""}, headers=PAGE)
    ).status_code == 422
    answer = await person.post(f"{path}/dismiss", data={"reason": "A test."}, headers=PAGE)
    assert answer.status_code == 303
    assert "A test." in (await person.get(path, headers=PAGE)).text


async def test_nobody_else_opens_a_rejected_call(switch: httpx.AsyncClient, world: World) -> None:
    body = record(await new_account(world, minutes=0))
    await switch.post("/v1/calls", json=body)
    kept = await found(world["other reseller"].program, body["call_id"])
    path = f"/rejected-calls/{kept['id']}"
    statuses = {"reseller": 404, "customer": 403, "operator": 200, "other reseller": 200}
    for name, status in statuses.items():
        assert (await world[name].person.get(path, headers=PAGE)).status_code == status, name
    answer = await world["reseller"].person.post(
        f"{path}/dismiss", data={"reason": "x"}, headers=PAGE
    )
    assert answer.status_code == 404
    former = await world["other reseller"].person.get("/repairs?status=all", headers=PAGE)
    assert former.headers["location"] == "/rejected-calls?status=all"
