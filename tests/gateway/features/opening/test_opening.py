"""Opening accounts over HTTP: quoted, checked, made once."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from tests.gateway.world import Tenant, World, fresh_key, fresh_numbers


def wrong(answer: httpx.Response) -> dict[str, str]:
    """Return the type of each wrong field by its pointer."""
    return {error["pointer"]: error["type"] for error in answer.json()["errors"]}


async def post(
    tenant: Tenant, path: str, body: object, key: str = ""
) -> tuple[int, dict[str, Any], httpx.Response]:
    """Send a request that is new, unless it has a key."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    answer = await tenant.program.post(path, json=body, headers=headers)
    return answer.status_code, answer.json(), answer


async def test_the_quote_says_what_the_opening_then_charges(world: World) -> None:
    reseller = world["reseller"]
    order = world.order("Quoted")
    order["plan"]["numbers"] = [reseller.numbers[1]]
    order["plan"]["rate_sheet_id"] = reseller.rate_sheet_id
    quote = (await reseller.program.post("/v1/accounts/quote", json=order)).json()
    # 2 users at 10.00, a number at 1.00 to set up and 2.50 a month
    assert (quote["total"], quote["credit"], quote["balance_after"]) == ("23.50", "100.00", "76.50")
    assert quote["currency"] == "USD"
    assert [line["amount"] for line in quote["lines"]] == ["20.00", "1.00", "2.50"]
    account = await world.opened(reseller.program, "/v1/accounts", order)
    path = f"/v1/accounts/{account['id']}"
    balance = (await reseller.program.get(f"{path}/balance")).json()
    assert balance["balance"] == quote["balance_after"]
    ledger = (await reseller.program.get(f"{path}/transactions")).json()
    assert [entry["amount"] for entry in ledger["data"]][::-1] == [
        "100.00",
        "-20.00",
        "-1.00",
        "-2.50",
    ]
    assert ledger["closing_balance"] == "76.50"


async def test_an_opening_is_answered_before_it_is_done(world: World) -> None:
    status, account, answer = await post(world["reseller"], "/v1/accounts", world.order("Soon"))
    assert (status, account["status"]) == (201, "opening")
    assert answer.headers["location"] == f"/v1/accounts/{account['id']}"
    assert answer.headers["etag"] == f'"{account["version"]}"'
    await world.settled(world["reseller"].program, answer.headers["location"], "active")


async def test_all_wrong_fields_are_told_at_once(world: World) -> None:
    reseller = world["reseller"]
    order = world.order("x", name="!", credit={"amount": "0.001"})
    order["administrator"].update(email="nobody", phone="12", first_name=" ")
    order["plan"].update(
        users=0,
        cost_per_user="1.00001",
        rate_sheet_id="rs_none",
        numbers=[fresh_numbers(1)[0]],
        countries=[{"country": "XX", "minutes": -1}],
    )
    for path in ("/v1/accounts/quote", "/v1/accounts"):
        status, problem, answer = await post(reseller, path, order)
        assert (status, problem["code"]) == (422, "invalid-fields"), problem
        found = set(wrong(answer))
        assert found >= {
            "/name",
            "/administrator/email",
            "/administrator/phone",
            "/administrator/first_name",
            "/plan/users",
            "/plan/cost_per_user",
            "/plan/rate_sheet_id",
            "/plan/numbers/0",
            "/credit/amount",
        }


async def test_what_cannot_be_understood_is_told_at_once_as_well(world: World) -> None:
    order = world.order("x")
    order["plan"].update(users="two", cost_per_user=10.0, user=3)
    order["credit"] = {"amount": 100}
    del order["administrator"]["email"]
    status, problem, answer = await post(world["reseller"], "/v1/accounts", order)
    assert (status, problem["code"]) == (422, "invalid-fields")
    assert wrong(answer) == {
        "/administrator/email": "missing",
        "/plan/users": "int-type",
        "/plan/cost_per_user": "value-error",
        "/plan/user": "extra-forbidden",
        "/credit/amount": "value-error",
    }


async def test_too_little_credit_is_told_with_the_quote_and_nothing_is_made(world: World) -> None:
    order = world.order("Poor", credit={"amount": "19.99"})
    status, problem, answer = await post(world["reseller"], "/v1/accounts", order)
    assert (status, problem["code"]) == (402, "insufficient-credit")
    assert problem["quote"]["balance_after"] == "-0.01"
    assert "You need $20.00 of credit" in problem["detail"]
    assert wrong(answer) == {"/credit/amount": "insufficient-credit"}
    listed = await world["reseller"].program.get("/v1/accounts", params={"q": order["name"]})
    assert listed.json()["data"] == []
    quote = await world["reseller"].program.post("/v1/accounts/quote", json=order)
    assert (quote.status_code, quote.json()["sufficient_credit"]) == (200, False)


@pytest.mark.parametrize(
    ("kind", "pointer"),
    [("account-name-taken", "/name"), ("plan-name-taken", "/plan/name")],
)
async def test_a_name_that_is_taken_is_a_conflict(world: World, kind: str, pointer: str) -> None:
    first = world.order("First")
    await world.opened(world["reseller"].program, "/v1/accounts", first)
    second = world.order("Second")
    if kind == "account-name-taken":
        second["name"] = f" {first['name'].upper()}"
    else:
        second["plan"]["name"] = first["plan"]["name"].upper()
    status, problem, answer = await post(world["reseller"], "/v1/accounts", second)
    assert (status, problem["code"]) == (409, kind)
    assert set(wrong(answer)) == {pointer}
    status, _, _ = await post(world["other reseller"], "/v1/accounts", second)
    assert status == 201


async def test_numbers_that_are_not_to_be_had_are_a_conflict_for_each(world: World) -> None:
    reseller, other = world["reseller"], world["other reseller"]
    order = world.order("Numbers")
    order["plan"]["numbers"] = [reseller.numbers[2], other.numbers[2], reseller.numbers[0]]
    status, problem, answer = await post(reseller, "/v1/accounts", order)
    assert (status, problem["code"]) == (409, "number-taken")
    assert wrong(answer) == {
        "/plan/numbers/1": "number-taken",
        "/plan/numbers/2": "number-taken",
    }


async def test_different_conflicts_together_are_wrong_fields(world: World) -> None:
    reseller = world["reseller"]
    taken = world.order("Taken")
    await world.opened(reseller.program, "/v1/accounts", taken)
    order = world.order("x", name=taken["name"])
    order["plan"]["name"] = taken["plan"]["name"]
    status, problem, answer = await post(reseller, "/v1/accounts", order)
    assert (status, problem["code"]) == (422, "invalid-fields")
    assert wrong(answer) == {"/name": "account-name-taken", "/plan/name": "plan-name-taken"}


async def test_two_orders_for_one_number_have_one_winner(world: World) -> None:
    reseller = world["reseller"]
    orders = [world.order(f"Race {index}") for index in range(4)]
    for order in orders:
        order["plan"]["numbers"] = [reseller.numbers[3]]
    answers = await asyncio.gather(*(post(reseller, "/v1/accounts", order) for order in orders))
    made = [body["id"] for status, body, _ in answers if status == 201]
    assert {status for status, _, _ in answers} <= {201, 409}

    states = await asyncio.gather(
        *(
            world.settled(reseller.program, f"/v1/accounts/{account_id}", "active", "failed")
            for account_id in made
        )
    )
    assert sum(account["status"] == "active" for account in states) == 1
    failed = [account["failure"]["code"] for account in states if account["status"] == "failed"]
    assert set(failed) <= {"number-taken"}


# --- once -------------------------------------------------------------------------------


async def test_the_same_request_twice_opens_one_account(world: World) -> None:
    reseller, order, key = world["reseller"], world.order("Twice"), uuid.uuid4().hex
    first = await post(reseller, "/v1/accounts", order, key)
    await world.settled(reseller.program, f"/v1/accounts/{first[1]['id']}", "active")
    again = await post(reseller, "/v1/accounts", order, key)
    assert (again[0], again[1]) == (201, first[1])
    assert again[2].headers["location"] == first[2].headers["location"]


async def test_the_same_request_at_the_same_time_opens_one_account(world: World) -> None:
    reseller, order, key = world["reseller"], world.order("Together"), uuid.uuid4().hex
    answers = await asyncio.gather(*(post(reseller, "/v1/accounts", order, key) for _ in range(8)))
    assert {status for status, _, _ in answers} == {201}
    assert len({body["id"] for _, body, _ in answers}) == 1


async def test_a_key_that_was_used_for_something_else_is_refused(world: World) -> None:
    reseller, order, key = world["reseller"], world.order("Reused"), uuid.uuid4().hex
    status, _, _ = await post(reseller, "/v1/accounts", order, key)
    assert status == 201
    other = {**order, "credit": {"amount": "200.00"}}
    status, problem, _ = await post(reseller, "/v1/accounts", other, key)
    assert (status, problem["code"]) == (422, "idempotency-key-reused")


async def test_a_key_is_its_senders_own(world: World) -> None:
    key = uuid.uuid4().hex
    answers = [
        await post(world[name], "/v1/accounts", world.order("Own"), key)
        for name in ("reseller", "other reseller")
    ]
    assert [status for status, _, _ in answers] == [201, 201]
    assert answers[0][1]["id"] != answers[1][1]["id"]


@pytest.mark.parametrize(
    ("tenant", "path"),
    [
        ("reseller", "/v1/accounts"),
        ("reseller", "/v1/numbers/reservations"),
        ("reseller", "/v1/accounts/x/credits"),
        ("operator", "/v1/resellers"),
        ("operator", "/v1/resellers/x/numbers"),
    ],
)
async def test_where_money_or_numbers_move_a_key_is_needed(
    world: World, tenant: str, path: str
) -> None:
    answer = await world[tenant].program.post(path, json={})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")


async def test_credit_is_added_once_however_often_it_is_sent(world: World) -> None:
    reseller = world["reseller"]
    account = await world.opened(reseller.program, "/v1/accounts", world.order("Credit"))
    path, key = f"/v1/accounts/{account['id']}/credits", uuid.uuid4().hex
    body = {"amount": "25.00", "note": "Cheque 7"}
    answers = await asyncio.gather(*(post(reseller, path, body, key) for _ in range(5)))
    assert {status for status, _, _ in answers} == {201}
    assert len({body["seq"] for _, body, _ in answers}) == 1
    balance = (await reseller.program.get(f"/v1/accounts/{account['id']}/balance")).json()
    assert balance["balance"] == "105.00"


# --- resellers and stock ------------------------------------------------------------------


async def test_a_reseller_is_an_account_of_the_platform(world: World) -> None:
    operator, order = world["operator"], world.reseller_order("Fresh Telecom")
    quote = await operator.program.post("/v1/resellers/quote", json=order)
    assert (quote.json()["total"], quote.json()["lines"]) == ("0.00", [])
    account = await world.opened(operator.program, "/v1/resellers", order)
    assert account["parent_id"] == "platform"
    assert account["reseller"]["domain"] == "fresh-telecom.example"
    wrong_order = {**world.reseller_order("x"), "currency": "XXY", "time_zone": "Mars/Olympus"}
    status, _, answer = await post(operator, "/v1/resellers", wrong_order)
    assert status == 422
    assert set(wrong(answer)) >= {"/currency", "/time_zone"}


async def test_stock_is_taken_row_by_row_as_json_and_as_csv(world: World) -> None:
    operator, reseller = world["operator"].program, world["reseller"]
    path = f"/v1/resellers/{reseller.account_id}/numbers"
    good = fresh_numbers(3)
    text = (
        "number,setup_fee,monthly_fee\n"
        f"{good[0]},1.00,2.00\n12,1,1\n{good[0]},1,1\n{reseller.numbers[0]},1,1\n{good[1]},x,1\n"
    )
    headers = {**fresh_key(), "Content-Type": "text/csv; charset=utf-8"}
    report = (await operator.post(path, content=text, headers=headers)).json()
    assert report["added"] == 1
    assert {row["line"]: row["type"] for row in report["refused"]} == {
        3: "invalid-number",
        4: "duplicate-row",
        5: "not-spare",
        6: "invalid-fee",
    }
    answer = await operator.post(path, json=[{"number": good[2]}], headers=fresh_key())
    assert (answer.json()["added"], answer.json()["refused"]) == (1, [])
    answer = await operator.post(
        path, json=[{"number": 14155550142}, {"no": "x"}], headers=fresh_key()
    )
    assert answer.status_code == 422
    assert wrong(answer) == {
        "/0/number": "string-type",
        "/1/number": "missing",
        "/1/no": "extra-forbidden",
    }


async def test_a_hold_keeps_numbers_for_its_owner(world: World) -> None:
    reseller = world["reseller"]
    wanted = [reseller.numbers[4], reseller.numbers[5]]
    status, hold, _ = await post(reseller, "/v1/numbers/reservations", {"numbers": wanted})
    assert status == 201
    assert [number["number"] for number in hold["numbers"]] == wanted
    status, problem, _ = await post(reseller, "/v1/numbers/reservations", {"numbers": wanted[:1]})
    assert (status, problem["code"]) == (409, "number-taken")
    order = world.order("Held", reservation_id=hold["id"])
    order["plan"]["numbers"] = wanted
    account = await world.opened(reseller.program, "/v1/accounts", order)
    numbers = (await reseller.program.get(f"/v1/accounts/{account['id']}/numbers")).json()
    assert [number["number"] for number in numbers["data"]] == wanted
