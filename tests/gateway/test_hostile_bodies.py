"""Bodies that nobody sends by mistake: no answer is a failure, and no money moves unseen."""

import asyncio
import itertools
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import httpx
import pytest

from tests.gateway.features.calls.test_calls import new_account, record
from tests.gateway.features.rejected_calls.test_rejected_calls import found
from tests.gateway.world import Json, World, fresh_key
from tests.waiting import eventually

AT_ONCE: Final = 6
VALUES: Final[tuple[object, ...]] = (
    True,
    2**63,
    10**400,
    "-0.00",
    "1e400",
    "\u0661.00",
    "1.0000001",
    "999999999.999999",
    "",
    " ",
    "A\x00",
    "\u202e1.00",
    "\ud800",
    "\u0130" * 200,
    "x" * 100_000,
    [],
    {"$gt": ""},
    "9999-12-31T23:59:59Z",
)
RAW: Final = (
    "",
    "{",
    "null",
    "[]",
    '{"amount": 1e400}',
    '{"amount": NaN}',
    '{"amount": "1.00", "amount": "2.00", "reason": "x"}',
    '{"\\ud800": 1}',
    '{"a": ' + "[" * 5_000 + "]" * 5_000 + "}",
)


class Door(NamedTuple):
    """A request that would be fine."""

    method: str
    path: str
    body: Json
    alone: bool = False
    """Whether each of its fields is sent by itself."""

    def bodies(self) -> Iterator[str]:
        """Yield what may be sent instead of the body."""
        yield from RAW
        for (field, right), value in itertools.product(self.body.items(), VALUES):
            rest = {} if self.alone else self.body
            yield json.dumps({**rest, field: value})
            if field == "billing_address":
                yield from (json.dumps({**rest, field: {**right, one: value}}) for one in right)


async def send(client: httpx.AsyncClient, door: Door, body: str, **headers: str) -> httpx.Response:
    sent = {**fresh_key(), "Content-Type": "application/json", "If-Match": "*", **headers}
    return await client.request(door.method, door.path, content=body, headers=sent)


async def rejected(world: World, account: Json) -> Json:
    """Return a call of an account of the other reseller that was rejected."""
    call = record(account, destination="+99999999")
    await world["switch"].program.post("/v1/calls", json=call)
    client = world["other reseller"].program

    async def look() -> Json:
        return await found(client, call["call_id"])

    return await eventually(look)


def doors(world: World, account: Json, rejected_call: Json) -> list[Door]:
    path = f"/v1/accounts/{account['id']}"
    call = f"/v1/rejected-calls/{rejected_call['id']}"
    address = {"line1": "1 High Street", "locality": "London", "country": "GB"}
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    key = {"name": "K", "scope": "calls", "dial_format": "e164", "expires_at": tomorrow}
    correction = {
        "call_id": uuid.uuid4().hex,
        "account_id": account["id"],
        "realm": account["realm"],
        "caller": "104",
        "destination": "+99999999",
        "answered_at": datetime.now(UTC).isoformat(),
        "seconds": 60,
    }
    about = {"account_id": account["id"], "realm": account["realm"], "requested_seconds": 60}
    return [
        Door("POST", f"{path}/adjustments", {"amount": "1.00", "reason": "r", "entry_seq": 1}),
        Door("PUT", f"{path}/credit-limit", {"credit_limit": "5.00"}),
        Door("POST", f"{path}/credits", {"amount": "1.00", "note": "n"}),
        Door("PATCH", path, {"billing_address": address, "tax_id": "GB123456782"}),
        Door("POST", f"{path}/payments", {"amount": "1.00"}),
        Door("PATCH", f"{path}/plan", {"users": 3, "cost_per_user": "1.00"}, alone=True),
        Door("PATCH", call, correction, alone=True),
        Door("POST", f"{call}/dismiss", {"reason": "A test"}),
        Door("POST", "/v1/keys", key),
        Door("POST", "/v1/accounts", {**world.order("Hostile"), "expected_total": "0.01"}),
        Door("POST", "/v1/calls/authorize", {**about, "call_id": "a", "destination": "+1"}),
        Door("POST", "/v1/calls/a/extend", about, alone=True),
        Door("POST", "/v1/calls/a/release", {"realm": account["realm"]}),
    ]


async def test_no_body_makes_a_request_fail_or_moves_what_it_does_not_answer(world: World) -> None:
    account = await new_account(world, "other reseller", minutes=0)
    reseller = world["other reseller"]
    switch = world.program(await world.make_key(reseller.person, "calls"))
    at_once = asyncio.Semaphore(AT_ONCE)
    failed: list[str] = []
    moved = 0.0

    async def knock(door: Door, body: str) -> None:
        nonlocal moved
        client = switch if door.path.startswith("/v1/calls") else reseller.program
        client = reseller.person if door.path == "/v1/keys" else client
        async with at_once:
            answer = await send(client, door, body)
        if answer.status_code >= 500:
            failed.append(f"{door.method} {door.path} {body[:80]}: {answer.text[:200]}")
        elif answer.status_code == 201 and "balance_after" in answer.json():
            moved += float(answer.json()["amount"])
        elif answer.status_code == 201:
            assert door.path == "/v1/keys", "nothing was opened at another price"
            await reseller.person.delete(f"/v1/keys/{answer.json()['id']}")

    path = f"/v1/accounts/{account['id']}/balance"
    before = float((await reseller.program.get(path)).json()["balance"])
    for door in doors(world, account, await rejected(world, account)):
        if door.path.endswith("/plan"):
            after = float((await reseller.program.get(path)).json()["balance"])
            assert after == pytest.approx(before + moved)
        await asyncio.gather(*(knock(door, body) for body in door.bodies()))
    assert not failed, "\n".join(failed)


async def test_of_a_crowd_with_one_key_one_request_is_done(world: World) -> None:
    account = await new_account(world, "other reseller", minutes=0)
    client = world["other reseller"].program
    path = f"/v1/accounts/{account['id']}"
    for door in (
        Door("POST", f"{path}/adjustments", {"amount": "-1.00", "reason": "x"}),
        Door("POST", f"{path}/credits", {"amount": "1.00"}),
        Door("PUT", f"{path}/credit-limit", {"credit_limit": "1.00"}),
    ):
        key = fresh_key()
        amount = next(name for name in door.body if name != "reason")
        others = [json.dumps({**door.body, amount: f"{number}.00"}) for number in range(2, 6)]
        answers = await asyncio.gather(*(send(client, door, body, **key) for body in others))
        done = [answer for answer in answers if answer.status_code < 300]
        reused = [answer.json()["code"] for answer in answers if answer.status_code == 422]
        assert (len(done), reused) == (1, ["idempotency-key-reused"] * 3)
        again = await send(client, door, done[0].request.content.decode(), **key)
        assert again.json() == done[0].json()


async def test_of_many_corrections_at_once_no_more_is_taken_back_than_was_moved(
    world: World,
) -> None:
    account = await new_account(world, "other reseller", minutes=0)
    client = world["other reseller"].program
    door = Door("POST", f"/v1/accounts/{account['id']}/adjustments", {})
    body = json.dumps({"amount": "-60.00", "reason": "Mistyped", "entry_seq": 1})
    answers = await asyncio.gather(*(send(client, door, body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422, 422]


@pytest.mark.parametrize("realm", [" ", "\u0130" * 200, "\u00a0"])
async def test_a_realm_that_is_none_once_it_is_compared_is_refused(
    world: World, realm: str
) -> None:
    account = await new_account(world, "other reseller", minutes=0)
    one = await rejected(world, account)
    answer = await world["other reseller"].program.patch(
        f"/v1/rejected-calls/{one['id']}",
        json={"realm": realm},
        headers={"If-Match": "*", "Content-Type": "application/merge-patch+json"},
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/realm")
    about = {"call_id": "c", "destination": "+919876543210", "requested_seconds": 60}
    switch = world["switch"].program
    answer = await switch.post("/v1/calls/authorize", json={**about, "realm": realm})
    assert answer.status_code == 422
