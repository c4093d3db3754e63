"""A file of accounts whose services are killed in the middle: exactly its accounts open, once."""

import asyncio
import uuid
from typing import Final

import httpx
import pytest

from local.client import Json
from tests.waiting import eventually
from tests.world import Reseller, World

ACCOUNTS: Final = 60
FINISH_SECONDS: Final = 240
"""A step that was told to a process that died is told again after two minutes."""

PATH: Final = "/v1/accounts/imports"

pytestmark = [pytest.mark.timeout(400), pytest.mark.long]


def _file(reseller: Reseller) -> str:
    lines = ["account name,e-mail,first name,last name,phone,users,cost per user,credit,numbers"]
    for number in range(ACCOUNTS):
        assigned = reseller.numbers[number] if number < len(reseller.numbers) else ""
        lines.append(
            f"Killed {number:03},k{number}@customer.example,Ann,Lee,+14155550142,2,10,50,{assigned}"
        )
    return "\n".join(lines)


async def _send(reseller: Reseller, text: str, **parameters: str) -> httpx.Response:
    """Send the file until it is answered, as a careful program would."""
    headers = {"Content-Type": "text/csv", "Idempotency-Key": parameters.pop("key", "none")}

    async def answered() -> httpx.Response:
        try:
            answer = await reseller.client.http.post(
                PATH, content=text, headers=headers, params=parameters
            )
        except httpx.TransportError as error:
            raise AssertionError from error
        assert answer.status_code < 500, answer.text
        return answer

    return await eventually(answered, seconds=60)


async def _finished(reseller: Reseller, where: str) -> Json:
    async def look() -> Json:
        found = await reseller.client.get(where)
        assert found["state"] == "done", found
        return found

    return await eventually(look, seconds=FINISH_SECONDS)


async def test_a_file_opens_exactly_its_accounts_whoever_is_killed(world: World) -> None:
    reseller, key = await world.reseller(numbers=10), uuid.uuid4().hex
    text = _file(reseller)
    total = (await _send(reseller, text, dry_run="true")).json()["totals"]["total"]
    sending = asyncio.create_task(_send(reseller, text, key=key, expected_total=total))
    gateway = world.system["gateway"]
    gateway.kill()
    gateway.start()
    await asyncio.to_thread(gateway.wait_until_ready)
    where = (await sending).headers["location"]

    async def is_halfway() -> bool:
        return 0 < (await reseller.client.get(where))["opened"] < ACCOUNTS

    await eventually(is_halfway)
    for name in ("accounts", "billing"):
        member = world.system[name]
        member.kill()
        member.start()
        await asyncio.to_thread(member.wait_until_ready)
    again = await _send(reseller, text, key=key, expected_total=total)
    assert again.headers["location"] == where
    done = await _finished(reseller, where)
    assert (done["opened"], done["failed"]) == (ACCOUNTS, 0)
    ids = [row["account_id"] for row in done["rows"]]
    assert len(set(ids)) == ACCOUNTS
    listed = await reseller.client.get("/v1/accounts", q="Killed", limit=100)
    assert {account["id"] for account in listed["data"]} == set(ids)
    for account_id in ids[:12]:
        ledger = await reseller.client.get(f"/v1/accounts/{account_id}/transactions")
        assert sorted(entry["type"] for entry in ledger["data"])[:1] == ["credit"]
        assert sum(entry["type"] == "users" for entry in ledger["data"]) == 1
    print(await asyncio.to_thread(world.system.operate, "audit"))  # noqa: T201 - the proof; raises on faults
