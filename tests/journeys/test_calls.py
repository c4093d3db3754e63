"""A call, from the question whether it may be made to the page, file and event that show it."""

import asyncio
import csv
import io
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from local.client import Client, Json, link_token_for, make_key, set_password
from local.system import System
from tests.waiting import eventually
from tests.world import Reseller, World

PASSWORD = "violet-tractor-97-moss"
INDIA, EMIRATES = "+919876543210", "+971501234567"
STREAM_SECONDS = 20


@pytest.fixture
async def reseller(world: World) -> Reseller:
    """Give a reseller of this test's own."""
    return await world.reseller(numbers=1)


@pytest.fixture
async def switch(system: System, reseller: Reseller) -> AsyncIterator[Client]:
    """Give the switch of that reseller."""
    key = await make_key(system.portal_url, reseller.email, reseller.password, scope="calls")
    async with Client(system.portal_url, key) as switch:
        yield switch


async def opened(reseller: Reseller) -> Json:
    """Open an account with 440.00 and five free minutes to India; the Emirates cost 0.164."""
    countries = [{"country": "IN", "minutes": 5}, {"country": "AE", "minutes": 0}]
    return await reseller.client.open_account(reseller.order(countries=countries))


def record(account: Json, call_id: str, destination: str, seconds: int) -> Json:
    return {
        "call_id": call_id,
        "account_id": account["id"],
        "caller": "104",
        "destination": destination,
        "answered_at": datetime.now(UTC).isoformat(),
        "seconds": seconds,
    }


async def charges_told(client: httpx.AsyncClient, began: asyncio.Event, call_id: str) -> Json:
    """Return the event by which a stream tells that a call was charged."""
    headers = {"Accept": "text/event-stream"}
    async with (
        asyncio.timeout(STREAM_SECONDS),
        client.stream("GET", "/v1/events", headers=headers) as answer,
    ):
        began.set()
        topic = ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            topic = value if name == "event" else topic
            if name == "data" and topic == "billing.calls-charged.v1":
                for call in json.loads(value)["calls"]:
                    if call["call_id"] == call_id:
                        return call
    raise AssertionError("the stream ended before the call was told")


async def test_a_call_is_asked_for_extended_told_charged_and_seen_everywhere(
    system: System, reseller: Reseller, switch: Client
) -> None:
    account = await opened(reseller)
    email = account["administrator"]["email"]
    await set_password(system.portal_url, await link_token_for(system.mailbox, email), PASSWORD)
    call_id = uuid.uuid4().hex
    question = {
        "realm": account["realm"],
        "call_id": call_id,
        "destination": EMIRATES,
        "requested_seconds": 1_800,
    }
    granted = await switch.post("/v1/calls/authorize", question)
    assert (granted["granted"], granted["seconds"], granted["max_seconds"]) == (True, 300, 1_800)
    path = f"/v1/accounts/{account['id']}"
    balance = await reseller.client.get(f"{path}/balance")
    assert (balance["balance"], balance["held"], balance["available"]) == (
        "440.00",
        "0.82",
        "439.18",
    )
    extended = await switch.post(f"/v1/calls/{call_id}/extend", {"requested_seconds": 1_800})
    assert extended["seconds"] == 600
    async with Client(system.portal_url) as customer:
        await customer.post("/v1/sessions", {"email": email, "password": PASSWORD})
        await _tell_and_watch(customer, switch, record(account, call_id, EMIRATES, 421))
        await _look_everywhere(customer, path, call_id)


async def _tell_and_watch(customer: Client, switch: Client, told: Json) -> None:
    """Tell of the call, and see the event that says what it was charged."""
    began = asyncio.Event()
    watching = asyncio.create_task(charges_told(customer.http, began, told["call_id"]))
    await began.wait()
    assert (await switch.post("/v1/calls", told))["accepted"] == 1
    event = await watching
    assert (event["rated_seconds"], event["cost"], event["balance_after"]) == (
        480,
        "1.312",
        "438.688",
    )


async def _look_everywhere(customer: Client, path: str, call_id: str) -> None:
    """See the call in the list, the balance, the file, the page and the ledger."""
    page = await customer.get(f"{path}/calls")
    assert [call["call_id"] for call in page["data"]] == [call_id]
    assert page["totals"]["minutes_used"] == 8.0

    async def released() -> bool:
        return (await customer.get(f"{path}/balance"))["held"] == "0.00"

    await eventually(released)
    text = (await customer.http.get(f"{path}/calls.csv")).text
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["call_id"], row["seconds"], row["cost"]) == (call_id, "421", "1.312")
    html = (await customer.http.get("/my/per-minute")).text
    shown = ("+971 50 123 4567", "8 m 00 s", "$1.3120", "United Arab Emirates", "$438.69")
    assert [text for text in shown if text not in html] == []
    entries = (await customer.get(f"{path}/transactions"))["data"]
    assert (entries[0]["type"], entries[0]["cause"]) == ("call", call_id)


async def test_a_call_that_outlives_its_bundle_is_charged_for_the_rest_only(
    reseller: Reseller, switch: Client
) -> None:
    account = await opened(reseller)
    path = f"/v1/accounts/{account['id']}"
    first, second = (uuid.uuid4().hex for _ in range(2))
    await switch.post("/v1/calls", record(account, first, INDIA, 240))
    await switch.post("/v1/calls", record(account, second, INDIA, 90))

    async def charged() -> Json:
        page = await reseller.client.get(f"{path}/calls")
        assert page["data"]
        return page

    page: Json = await eventually(charged)
    # sixty of its ninety seconds were free; at 0.021 a minute, by six seconds
    assert [(one["call_id"], one["rated_seconds"], one["cost"]) for one in page["data"]] == [
        (second, 30, "0.0105")
    ]
    plan = await reseller.client.get(f"{path}/plan")
    assert {one["country"]: one["seconds_left"] for one in plan["countries"]} == {"IN": 0, "AE": 0}


async def test_a_balance_that_falls_below_its_threshold_is_told_by_email_once(
    system: System, reseller: Reseller, switch: Client
) -> None:
    order = reseller.order(countries=[{"country": "AE", "minutes": 0}], users=1)
    order["credit"]["amount"] = "17.50"  # 5.50 are left, and 5.00 is low
    account = await reseller.client.open_account(order)
    for seconds in (240, 60):  # 0.656, then 0.164
        told = record(account, uuid.uuid4().hex, EMIRATES, seconds)
        await switch.post("/v1/calls", told)

    async def charged() -> bool:
        page = await reseller.client.get(f"/v1/accounts/{account['id']}/calls")
        return len(page["data"]) == 2

    await eventually(charged)
    email = account["administrator"]["email"]

    def emails() -> list[str]:
        texts = [path.read_text(errors="replace") for path in system.mailbox.glob("*.eml")]
        return [text for text in texts if email in text and "running low" in text]

    await eventually(emails)
    (message,) = emails()
    assert "$4.84" in message or "$4.68" in message
