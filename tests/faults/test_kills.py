"""Openings while processes and servers are killed: all end well, and the audit finds no fault."""

import asyncio
import itertools
import random
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import httpx
import pytest

from local.client import Json, RefusedError
from local.servers import Servers
from local.system import System
from tests.world import Reseller, World, enter

ACCOUNTS: Final = 200
IN_FLIGHT: Final = 6
PATIENCE_SECONDS: Final = 90
TRY_AGAIN_SECONDS: Final = 0.2
REFUSALS: Final = {"number-taken", "plan-name-taken", "insufficient-credit", "account-name-taken"}

pytestmark = [pytest.mark.timeout(400)]


@pytest.fixture
async def world(own_servers: Servers, tmp_path: Path) -> AsyncIterator[World]:
    """Give a system of the test's own, whose processes and servers it may kill."""
    system = System(tmp_path, own_servers.addresses, settings={"LOG_LEVEL": "WARNING"})
    try:
        system.start()
        await asyncio.to_thread(system.wait_until_ready)
        yield await enter(system)
    finally:
        system.stop()


def _orders(reseller: Reseller, chance: random.Random) -> list[Json]:
    """Return orders of which some want the same number, the same plan name, or too much."""
    orders: list[Json] = []
    for _ in range(ACCOUNTS):
        mark = uuid.uuid4().hex[:10]
        wanted = chance.sample(reseller.numbers, chance.choice((0, 0, 0, 1, 2)))
        order = reseller.order(mark, numbers=wanted)
        if chance.random() < 0.1:
            order["plan"]["name"] = f"Popular {chance.randrange(5)}"
        if chance.random() < 0.05:
            order["credit"]["amount"] = "1.00"
        orders.append(order)
    return orders


async def _open(reseller: Reseller, order: Json) -> str | None:
    """Send an order until it is answered, as a careful program would; None when it is refused."""
    key = uuid.uuid4().hex
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_SECONDS
    while True:
        try:
            return (await reseller.client.post("/v1/accounts", order, key=key))["id"]
        except RefusedError as refusal:
            if refusal.status not in (429, 503):
                return _nothing_for(refusal)
        except httpx.TransportError:
            pass  # the gateway itself was killed; the same key makes asking again harmless
        assert loop.time() < until, "the system does not come back"
        await asyncio.sleep(TRY_AGAIN_SECONDS)


def _nothing_for(refusal: RefusedError) -> None:
    """Check that the order was refused for a reason that its making allows."""
    errors = refusal.problem.get("errors", [])
    reasons = {error["type"] for error in errors} or {refusal.type}
    if not reasons <= REFUSALS:
        raise refusal


async def _open_all(reseller: Reseller, orders: list[Json]) -> list[str]:
    places = asyncio.Semaphore(IN_FLIGHT)

    async def one(order: Json) -> str | None:
        async with places:
            return await _open(reseller, order)

    opened = await asyncio.gather(*(one(order) for order in orders))
    return [account_id for account_id in opened if account_id is not None]


async def _disturb(trouble: Callable[[int], None], ready: Callable[[], None]) -> int:
    """Make trouble again and again until cancelled; return how often it was made."""
    for count in itertools.count():
        try:
            trouble(count)
            await asyncio.to_thread(ready)
            await asyncio.sleep(random.uniform(0.1, 0.8))  # noqa: S311 - when a fault comes is chance
        except asyncio.CancelledError:
            return count
    raise AssertionError


async def _check(world: World, reseller: Reseller, opened: list[str]) -> None:
    accounts = [await reseller.client.opened(account_id) for account_id in opened]
    states = {account["status"] for account in accounts}
    assert states <= {"active", "failed"}, states
    assert len({account["id"] for account in accounts}) == len(accounts)
    for account in accounts:
        if account["status"] == "active":
            ledger = await reseller.client.get(f"/v1/accounts/{account['id']}/transactions")
            assert sum(1 for entry in ledger["data"] if entry["type"] == "credit") == 1
            assert sum(1 for entry in ledger["data"] if entry["type"] == "users") == 1
    await _no_number_is_held(reseller)
    names = [account["plan"]["name"] for account in accounts if account["status"] == "active"]
    assert len(names) == len(set(names)), "a plan name was used twice"
    assert sum(account["status"] == "active" for account in accounts) > ACCOUNTS / 2
    print(world.system.operate("audit"))  # noqa: T201 - what the audit says is the proof; raises on faults


async def _no_number_is_held(reseller: Reseller) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_SECONDS
    while (await reseller.client.get("/v1/numbers", state="held"))["data"]:
        assert loop.time() < until, "numbers are held for nobody"
        await asyncio.sleep(TRY_AGAIN_SECONDS)


async def test_killing_every_process_in_turn_leaves_no_account_half_open(world: World) -> None:
    reseller = await world.reseller(numbers=40)
    orders = _orders(reseller, random.Random(1))  # noqa: S311 - chance, not secrecy
    members = list(world.system.members.values())

    def trouble(count: int) -> None:
        member = members[count % len(members)]
        member.kill()
        member.start()

    disturbing = asyncio.create_task(_disturb(trouble, world.system.wait_until_ready))
    opened = await _open_all(reseller, orders)
    disturbing.cancel()
    assert await disturbing >= len(members), "too few faults for a proof"
    await asyncio.to_thread(world.system.wait_until_ready)
    await _check(world, reseller, opened)


@pytest.mark.parametrize("server", ["rabbitmq", "mongodb"])
async def test_restarting_a_server_in_the_middle_loses_nothing(
    world: World, own_servers: Servers, server: str
) -> None:
    reseller = await world.reseller(numbers=40)
    orders = _orders(reseller, random.Random(2))  # noqa: S311 - chance, not secrecy
    opening = asyncio.create_task(_open_all(reseller, orders))
    await asyncio.sleep(2)
    part = getattr(own_servers, server)
    part.stop()
    part.start()
    await asyncio.to_thread(part.wait_until_ready)
    opened = await opening
    await asyncio.to_thread(world.system.wait_until_ready)
    await _check(world, reseller, opened)
