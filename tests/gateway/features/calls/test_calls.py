"""Calls over HTTP: what a switch asks and sends, and what the account sees."""

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.gateway.world import Json, World
from tests.waiting import eventually

INDIA = "+919876543210"
ANSWERED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def call_id() -> str:
    """Return the id of a new call; the switch's ids have signs of every kind."""
    return f"{uuid.uuid4().hex}/a@10.0.0.1;x=é"


def record(account: Json, seconds: int = 60, **changes: object) -> Json:
    """Return the record of a new call."""
    return {
        "call_id": call_id(),
        "account_id": account["id"],
        "caller": "104",
        "destination": INDIA,
        "answered_at": datetime.now(UTC).isoformat(),
        "seconds": seconds,
        **changes,
    }


@pytest.fixture
def switch(world: World) -> httpx.AsyncClient:
    """Give the platform's switch."""
    return world["switch"].program


@pytest.fixture
async def account(world: World) -> Json:
    """Give an account of its own, with credit and a minute to India."""
    return await new_account(world)


async def new_account(world: World, reseller: str = "reseller", minutes: int = 1) -> Json:
    """Open an account that calls India at 0.0350, the first minutes free; 80.00 are left."""
    order = world.order("Caller")
    order["plan"]["rate_sheet_id"] = world[reseller].rate_sheet_id
    order["plan"]["countries"] = [{"country": "IN", "minutes": minutes}]
    return await world.opened(world[reseller].program, "/v1/accounts", order)


async def charged(client: httpx.AsyncClient, account: Json, count: int) -> Json:
    """Return the calls of an account once there are so many billed ones."""

    async def look() -> Json:
        answer = await client.get(f"/v1/accounts/{account['id']}/calls", params={"limit": 100})
        page: Json = answer.json()
        assert len(page["data"]) == count, page
        return page

    return await eventually(look)


# --- asking ---------------------------------------------------------------------------------


def authorization(account: Json, **changes: object) -> Json:
    return {
        "account_id": account["id"],
        "call_id": call_id(),
        "destination": INDIA,
        "requested_seconds": 3_600,
        **changes,
    }


async def test_a_call_is_authorised_by_id_or_by_realm(
    switch: httpx.AsyncClient, account: Json
) -> None:
    by_id = authorization(account)
    by_realm = {**authorization(account, realm=account["realm"])}
    del by_realm["account_id"]
    for body in (by_id, by_realm):
        answer = await switch.post("/v1/calls/authorize", json=body)
        assert answer.status_code == 200
        told = answer.json()
        held_for = datetime.fromisoformat(told.pop("expires_at")) - datetime.now(UTC)
        assert timedelta(seconds=470) < held_for <= timedelta(seconds=480)
        assert told == {
            "granted": True,
            "account_id": account["id"],
            "kind": "international",
            "seconds": 300,
            "max_seconds": 3_600,
            "country": "IN",
            "rate": "0.035",
        }


async def test_a_refusal_is_an_answer_with_its_reason_alone(
    switch: httpx.AsyncClient, account: Json
) -> None:
    for destination, reason, detail in (
        (
            "+4930123456",
            "destination-not-allowed",
            "The account’s plan doesn’t allow calls to this country.",
        ),
        ("+1555", "invalid-destination", "The destination isn’t a valid number."),
    ):
        body = authorization(account, destination=destination)
        answer = await switch.post("/v1/calls/authorize", json=body)
        refused = {"granted": False, "reason": reason, "detail": detail}
        assert (answer.status_code, answer.json()) == (200, refused)


async def test_a_call_is_extended_until_it_is_released(
    switch: httpx.AsyncClient, account: Json, world: World
) -> None:
    body = authorization(account)
    await switch.post("/v1/calls/authorize", json=body)
    path = f"/v1/calls/{httpx.URL('/').copy_with(path='/' + body['call_id']).raw_path.decode()[1:]}"
    extended = await switch.post(f"{path}/extend", json={"requested_seconds": 900})
    assert (extended.status_code, extended.json()["seconds"]) == (200, 600)
    assert extended.json()["max_seconds"] == 900
    assert (await switch.post(f"{path}/extend")).json()["granted"]
    balance = f"/v1/accounts/{account['id']}/balance"
    held = (await world["reseller"].program.get(balance)).json()
    # 900 seconds, of which the bundle has 60
    assert (held["balance"], held["held"], held["available"]) == ("80.00", "0.49", "79.51")
    assert (await switch.post(f"{path}/release")).status_code == 204
    assert (await switch.post(f"{path}/release")).status_code == 204
    assert (await world["reseller"].program.get(balance)).json()["held"] == "0.00"
    gone = await switch.post(f"{path}/extend")
    assert (gone.status_code, gone.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"account_id": None}, ""),
        ({"requested_seconds": 0}, "/requested_seconds"),
        ({"requested_seconds": "60"}, "/requested_seconds"),
        ({"call_id": ""}, "/call_id"),
        ({"destination": "1" * 65}, "/destination"),
        ({"acount": "x"}, "/acount"),
    ],
)
async def test_a_question_that_cannot_be_understood_says_where(
    switch: httpx.AsyncClient, account: Json, change: Json, pointer: str
) -> None:
    answer = await switch.post("/v1/calls/authorize", json=authorization(account, **change))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


# --- telling --------------------------------------------------------------------------------


async def test_a_record_is_taken_then_charged_once_however_often_it_is_sent(
    switch: httpx.AsyncClient, account: Json, world: World
) -> None:
    body = record(account, 90)
    for _ in range(3):
        answer = await switch.post("/v1/calls", json=body)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    await switch.post("/v1/calls", json=record(account, 6))
    page = await charged(world["reseller"].program, account, 2)
    first = page["data"][1]
    assert first == {
        "call_id": body["call_id"],
        "answered_at": first["answered_at"],
        "charged_at": first["charged_at"],
        "caller": "104",
        "destination": INDIA,
        "country": "IN",
        "seconds": 90,
        "rated_seconds": 60,
        "rate": "0.035",
        "rate_exact": None,
        "cost": "0.035",
        "notes": None,
    }
    assert datetime.fromisoformat(first["answered_at"]) == pytest.approx(
        datetime.fromisoformat(body["answered_at"]), abs=timedelta(milliseconds=1)
    )
    assert page["totals"] == {
        "available_credit": "79.93",
        "minutes_used": 2.0,
        "call_charges": "0.07",
    }


@pytest.mark.parametrize("form", ["object", "array"])
async def test_a_batch_of_several_accounts_is_taken_as_a_whole(
    switch: httpx.AsyncClient, world: World, form: str
) -> None:
    accounts = [await new_account(world, minutes=0), await new_account(world, minutes=0)]
    records = [record(accounts[count % 2]) for count in range(130)]
    by_realm = record(accounts[0], realm=accounts[0]["realm"])
    del by_realm["account_id"]
    records.append(by_realm)
    body = {"calls": records} if form == "object" else records
    answer = await switch.post("/v1/calls/batch", json=body)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 131)
    assert {one["status"] for one in answer.json()["data"]} == {"accepted"}
    await charged(world["reseller"].program, accounts[0], 66)
    await charged(world["reseller"].program, accounts[1], 65)


async def test_a_batch_has_a_limit(switch: httpx.AsyncClient, account: Json) -> None:
    records = [record(account)] * 1_001
    for body, pointer in (({"calls": records}, "/calls"), (records, "")):
        answer = await switch.post("/v1/calls/batch", json=body)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    for nonsense in (b"", b"[", b'{"calls"', b"3"):
        answer = await switch.post(
            "/v1/calls/batch", content=nonsense, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 415, 422), nonsense


async def test_an_unanswered_call_is_taken_and_charged_nothing(
    switch: httpx.AsyncClient, world: World
) -> None:
    account = await new_account(world, minutes=0)
    answer = await switch.post("/v1/calls", json=record(account, 0, answered_at=None))
    assert answer.status_code == 202
    await switch.post("/v1/calls", json=record(account))
    page = await charged(world["reseller"].program, account, 1)
    assert page["totals"]["minutes_used"] == 1.0


# --- seeing ---------------------------------------------------------------------------------


async def test_calls_and_transactions_are_exported_whole(
    switch: httpx.AsyncClient, world: World
) -> None:
    account = await new_account(world, minutes=0)
    records = [record(account, 60 + count, caller="=1+1") for count in range(205)]
    await switch.post("/v1/calls/batch", json=records)
    client = world["reseller"].program
    path = f"/v1/accounts/{account['id']}"

    async def whole() -> list[list[str]]:
        answer = await client.get(f"{path}/calls.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == 206
        return rows

    exported: list[list[str]] = await eventually(whole)
    header, *rows = exported
    assert header[:4] == ["call_id", "answered_at", "caller", "destination"]
    assert {row[0] for row in rows} == {one["call_id"] for one in records}
    assert {(row[2], row[3], row[4]) for row in rows} == {("'=1+1", f"'{INDIA}", "IN")}
    answer = await client.get(f"{path}/transactions.csv")
    header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert header == ["seq", "at", "type", "amount", "balance_after", "text", "cause"]
    assert [int(row[0]) for row in rows] == list(range(len(rows), 0, -1))
    assert {row[2] for row in rows} == {"credit", "users", "call"}


async def test_a_time_frame_of_an_export_is_that_of_the_list(
    switch: httpx.AsyncClient, world: World
) -> None:
    account = await new_account(world, minutes=0)
    await switch.post("/v1/calls", json=record(account))
    client = world["reseller"].program
    await charged(client, account, 1)
    for frame, count in (
        ({"from": "2020-01-01T00:00:00Z"}, 1),
        ({"to": "2020-01-01T00:00:00Z"}, 0),
    ):
        answer = await client.get(f"/v1/accounts/{account['id']}/calls.csv", params=frame)
        assert len(answer.text.splitlines()) == 1 + count
        listed = await client.get(f"/v1/accounts/{account['id']}/calls", params=frame)
        assert len(listed.json()["data"]) == count


async def test_days_are_told_and_their_limit(switch: httpx.AsyncClient, world: World) -> None:
    account = await new_account(world, minutes=0)
    await switch.post("/v1/calls", json=record(account))
    client = world["reseller"].program
    await charged(client, account, 1)
    today = datetime.now(UTC).date()
    frame = {"first": str(today - timedelta(days=1)), "last": str(today + timedelta(days=1))}
    answer = await client.get(f"/v1/accounts/{account['id']}/usage/daily", params=frame)
    days = answer.json()["data"]
    assert [day["day"] for day in days] == [
        str(today + timedelta(days=offset)) for offset in (-1, 0, 1)
    ]
    assert sum(day["minutes_used"] for day in days) == 1.0
    frame["first"] = "2020-01-01"
    answer = await client.get(f"/v1/accounts/{account['id']}/usage/daily", params=frame)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fields")
    for parameters in ({}, {"first": "0001-01-01", "last": "0001-01-02"}, {"first": "x"}):
        answer = await client.get(f"/v1/accounts/{account['id']}/usage/daily", params=parameters)
        assert answer.status_code == 422
