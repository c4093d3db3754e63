"""The list of accounts by their money, and one search over everything, over HTTP."""

import asyncio
import uuid
from datetime import UTC, datetime

import pytest

from tests.gateway.world import Json, World, fresh_key
from tests.waiting import eventually


async def funded(world: World, word: str, amounts: list[str]) -> list[Json]:
    """Return accounts whose names have the word, with so much more credit each, in this order."""
    program = world["reseller"].program
    accounts = await asyncio.gather(
        *(
            world.opened(program, "/v1/accounts", world.order(f"{word} {at}"))
            for at in range(len(amounts))
        )
    )
    for account, amount in zip(accounts, amounts, strict=True):
        answer = await program.post(
            f"/v1/accounts/{account['id']}/credits", json={"amount": amount}, headers=fresh_key()
        )
        assert answer.status_code == 201, answer.text
    return list(accounts)


async def listed(world: World, query: str) -> list[Json]:
    """Return all pages of a list, two accounts each."""
    program, cursor = world["reseller"].program, ""
    found: list[Json] = []
    while True:
        answer = await program.get(f"/v1/accounts?{query}&limit=2{cursor}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["data"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


async def test_accounts_are_sorted_and_filtered_by_balance_and_renewal(world: World) -> None:
    word = f"Funded{uuid.uuid4().hex[:6]}"
    poor, rich, middle = await funded(world, word, ["1.00", "3000.00", "2000.00"])
    ids = [one["id"] for one in (poor, middle, rich)]
    upwards = await listed(world, f"q={word}&sort=balance")
    assert [one["id"] for one in upwards] == ids
    balances = [float(one["billing_account"]["balance"]) for one in upwards]
    assert balances == sorted(balances)
    assert [one["id"] for one in await listed(world, f"q={word}&sort=-balance")] == ids[::-1]
    rest = await listed(world, f"q={word}&sort=name&balance_from={balances[1]:.2f}")
    assert {one["id"] for one in rest} == {middle["id"], rich["id"]}
    assert await listed(world, f"q={word}&renews_to=2020-01-01") == []
    soon = await listed(world, f"q={word}&sort=renews_at&renews_from=2020-01-01")
    assert {one["id"] for one in soon} == set(ids)
    everything = await listed(world, "sort=-balance")
    money = [float(one["billing_account"]["balance"]) for one in everything]
    assert money == sorted(money, reverse=True)
    assert set(ids) <= {one["id"] for one in everything}


async def test_low_balances_are_listed_and_exported_with_their_state(world: World) -> None:
    word = f"Low{uuid.uuid4().hex[:6]}"
    low, high = await funded(world, word, ["1.00", "9000.00"])
    program = world["reseller"].program
    balance = (await program.get(f"/v1/accounts/{low['id']}/balance")).json()["balance"]
    body = {"amount": f"-{float(balance) - 1:.2f}", "reason": "Spent"}
    answer = await program.post(
        f"/v1/accounts/{low['id']}/adjustments", json=body, headers=fresh_key()
    )
    assert answer.status_code == 201, answer.text
    for sort in ("name", "balance"):
        found = await listed(world, f"q={word}&low_balance=true&sort={sort}")
        assert [one["id"] for one in found] == [low["id"]]
        assert found[0]["billing_account"]["low"] is True
    program_text = (await program.get(f"/v1/accounts.csv?q={word}&low_balance=true")).text
    assert low["name"] in program_text
    assert high["name"] not in program_text
    disabled = await listed(world, f"q={word}&status=disabled&sort=balance")
    assert disabled == []


async def test_an_operator_is_told_that_currencies_are_not_compared(world: World) -> None:
    answer = await world["operator"].program.get("/v1/accounts?sort=balance")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


# --- one search over everything --------------------------------------------------------------


async def search(world: World, tenant: str, text: str) -> Json:
    answer = await world[tenant].program.get("/v1/search", params={"q": text})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "typed",
    ["ops@münchen-{}.example", "OPS@xn--", "ops@Mu\u0308nchen-{}.example"],
)
async def test_a_person_is_found_by_any_form_of_the_address(world: World, typed: str) -> None:
    word = uuid.uuid4().hex[:6]
    order = world.order("Sign")
    order["administrator"]["email"] = f"ops@münchen-{word}.example"
    account = await world.opened(world["reseller"].program, "/v1/accounts", order)
    if "xn--" in typed:
        encoded = f"münchen-{word}".encode("punycode").decode()
        typed = f"OPS@xn--{encoded}.example"
    found = await search(world, "reseller", typed.format(word))
    assert [one["id"] for one in found["accounts"]] == [account["id"]]
    assert (await search(world, "other reseller", typed.format(word)))["accounts"] == []


async def test_a_call_is_found_by_its_id_and_by_nobody_else(world: World) -> None:
    (account,) = await funded(world, f"Called{uuid.uuid4().hex[:6]}", ["10.00"])
    call_id = f"call-{uuid.uuid4().hex}"
    record = {
        "call_id": call_id,
        "account_id": account["id"],
        "caller": "104",
        "destination": "+14155552671",
        "answered_at": datetime.now(UTC).isoformat(),
        "seconds": 60,
    }
    unknown = {**record, "call_id": f"{call_id}-x", "account_id": "acc_unknown"}
    switch = world.program(await world.make_key(world["reseller"].person, scope="calls"))
    assert (await switch.post("/v1/calls", json=record)).status_code == 202
    await switch.post("/v1/calls", json=unknown)

    async def found() -> Json:
        results = await search(world, "reseller", call_id)
        return results if results["calls"] else {}

    (hit,) = (await eventually(found))["calls"]
    assert (hit["account_name"], hit["call"]["account_id"]) == (account["name"], account["id"])
    assert hit["call"]["call_id"] == call_id

    async def rejected() -> Json:
        results = await search(world, "reseller", f"{call_id}-x")
        return results if results["rejected_calls"] else {}

    kept = (await eventually(rejected))["rejected_calls"]
    assert [one["call_id"] for one in kept] == [f"{call_id}-x"]
    strange = await search(world, "other reseller", call_id)
    assert (strange["calls"], strange["rejected_calls"]) == ([], [])


async def test_invoices_and_numbers_are_found_within_the_tenant(world: World) -> None:
    program = world["reseller"].program
    stock = (await program.get("/v1/numbers?limit=1")).json()["data"][0]
    found = await search(world, "reseller", stock["number"])
    assert stock["number"] in [one["number"] for one in found["numbers"]]
    assert (await search(world, "other reseller", stock["number"]))["numbers"] == []

    async def issued() -> Json:
        page = (await program.get("/v1/invoices?limit=1")).json()
        return page if page["data"] else {}

    (invoice,) = (await eventually(issued))["data"]
    found = await search(world, "reseller", invoice["number"].lower())
    assert invoice["id"] in [one["id"] for one in found["invoices"]]
    others = await search(world, "other reseller", invoice["number"])
    assert invoice["id"] not in [one["id"] for one in others["invoices"]]
