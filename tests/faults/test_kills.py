"""Openings while processes and servers are killed: all end well, and the audit finds no fault."""

import asyncio
import itertools
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx
import pytest

from local.client import Json, RefusedError
from local.servers import Servers
from local.system import System
from tests.waiting import eventually
from tests.world import Reseller, World

IN_FLIGHT: Final = 6
PATIENCE_SECONDS: Final = 90
TRY_AGAIN_SECONDS: Final = 0.2
ORDERS_PER_KILL: Final = 20

REFUSALS: Final = {"number-taken", "plan-name-taken", "insufficient-credit", "account-name-taken"}

pytestmark = [pytest.mark.timeout(400), pytest.mark.long]


def _order(reseller: Reseller, chance: random.Random) -> Json:
    """Return an order; some want the same number, the same plan name, or more than they pay."""
    wanted = chance.sample(reseller.numbers, chance.choice((0, 0, 0, 1, 2)))
    order = reseller.order(numbers=wanted)
    if chance.random() < 0.1:
        order["plan"]["name"] = f"Popular {chance.randrange(5)}"
    if chance.random() < 0.05:
        order["credit"]["amount"] = "1.00"
    return order


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
    reasons = {error["type"] for error in errors} or {refusal.code}
    if not reasons <= REFUSALS:
        raise refusal


async def _open_many(reseller: Reseller, enough: Callable[[int], bool]) -> list[str]:
    """Send orders, some at a time, until there are enough; return the accounts that began."""
    chance = random.Random(1)  # noqa: S311 - chance, not secrecy
    sent: list[Json] = []
    opened: list[str] = []

    async def lane() -> None:
        while not enough(len(sent)):
            sent.append(_order(reseller, chance))
            account_id = await _open(reseller, sent[-1])
            if account_id is not None:
                opened.append(account_id)

    await asyncio.gather(*(lane() for _ in range(IN_FLIGHT)))
    return opened


@dataclass(slots=True)
class Trouble:
    """Kills one process after the other, each as soon as the one before is back."""

    system: System
    wanted: int
    kills: int = 0

    async def go_on(self) -> None:
        """Make trouble until cancelled."""
        for member in itertools.cycle(list(self.system.members.values())):
            member.kill()
            member.start()
            self.kills += 1
            await asyncio.to_thread(member.wait_until_ready)

    def enough(self, sent: int) -> bool:
        """Tell whether the proof has orders and kills enough."""
        return sent >= self.wanted * ORDERS_PER_KILL and self.kills >= self.wanted


async def _check(world: World, reseller: Reseller, opened: list[str], orders: int) -> None:
    accounts = [await reseller.client.opened(account_id) for account_id in opened]
    states = {account["status"] for account in accounts}
    assert states <= {"active", "failed"}, states
    assert len({account["id"] for account in accounts}) == len(accounts)
    for account in accounts:
        if account["status"] == "active":
            ledger = await reseller.client.get(f"/v1/accounts/{account['id']}/transactions")
            assert sum(1 for entry in ledger["data"] if entry["type"] == "credit") == 1
            assert sum(1 for entry in ledger["data"] if entry["type"] == "users") == 1
    await eventually(lambda: _no_number_is_held(reseller))
    names = [account["plan"]["name"] for account in accounts if account["status"] == "active"]
    assert len(names) == len(set(names)), "a plan name was used twice"
    assert sum(account["status"] == "active" for account in accounts) > orders / 2
    print(world.system.operate("audit"))  # noqa: T201 - what the audit says is the proof; raises on faults


async def _no_number_is_held(reseller: Reseller) -> bool:
    return not (await reseller.client.get("/v1/numbers", state="reserved"))["data"]


# Each of the five processes once; `make soak` kills each twice, with twice as many orders.
@pytest.mark.parametrize("kills", [5, pytest.param(10, marks=pytest.mark.soak)])
async def test_killing_every_process_in_turn_leaves_no_account_half_open(
    world: World, kills: int
) -> None:
    reseller = await world.reseller(numbers=40)
    trouble = Trouble(world.system, kills)
    making = asyncio.create_task(trouble.go_on())
    opened = await _open_many(reseller, trouble.enough)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    await asyncio.to_thread(world.system.wait_until_ready)
    await _check(world, reseller, opened, kills * ORDERS_PER_KILL)


@pytest.mark.parametrize("orders", [100, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.parametrize("server", ["rabbitmq", "mongodb"])
async def test_restarting_a_server_in_the_middle_loses_nothing(
    world: World, own_servers: Servers, server: str, orders: int
) -> None:
    reseller = await world.reseller(numbers=40)
    restarted = asyncio.Event()
    opening = asyncio.create_task(
        _open_many(reseller, lambda sent: sent >= orders and restarted.is_set())
    )
    part = getattr(own_servers, server)
    await eventually(lambda: _some_are_open(reseller))
    part.stop()
    part.start()
    await asyncio.to_thread(part.wait_until_ready)
    restarted.set()
    opened = await opening
    await asyncio.to_thread(world.system.wait_until_ready)
    await _check(world, reseller, opened, orders)


async def _some_are_open(reseller: Reseller) -> bool:
    page = await reseller.client.get("/v1/accounts", status="active", limit=20)
    return len(page["data"]) == 20
