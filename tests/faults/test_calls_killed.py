"""Calls flow while billing processes and servers die: each is charged once, and told once."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from local.servers import Server, Servers
from local.system import Member
from tests.faults.calls import NUMBERS, Call, told_twice
from tests.faults.calls_world import CallWorld, calling
from tests.waiting import eventually

CALLS_PER_KILL: Final = 2_800
TOLD_WITHIN_CALLS: Final = 2_000
ACCOUNTS: Final = [f"acc_c{number}" for number in range(120)]
BUNDLED: Final = ACCOUNTS[::3]
BUNDLE_MINUTES: Final = 100
CREDIT: Final = 10_000_000_000
ADDED: Final = 5_000_000
CALL_SECONDS_MAX: Final = 180
AUTHORIZED: Final = 4
"""Calls of each bundled account that hold something when they are first told of."""

pytestmark = [pytest.mark.timeout(400), pytest.mark.long]


@pytest.fixture
async def world(own_servers: Servers, tmp_path: Path) -> AsyncIterator[CallWorld]:
    """Give two billing processes, and accounts of which some have bundles."""
    async with calling(own_servers, tmp_path, processes=2) as world:
        await world.open(BUNDLED, CREDIT, BUNDLE_MINUTES)
        await world.open(set(ACCOUNTS) - set(BUNDLED), CREDIT, 0)
        yield world


def _calls(count: int, chance: random.Random) -> list[Call]:
    """Return calls of all accounts, which all use the same ids; one in fifty was never answered."""
    return [
        Call(
            call_id=f"call-{number // len(ACCOUNTS)}",
            account_id=ACCOUNTS[number % len(ACCOUNTS)],
            prefix=chance.choice(list(NUMBERS)),
            seconds=chance.randint(1, CALL_SECONDS_MAX) if chance.randrange(50) else 0,
        )
        for number in range(count)
    ]


async def _kill(world: CallWorld, victim: Member, chance: random.Random) -> None:
    """Kill a process in the middle of its work, and start it again."""
    enough = await world.charged() + chance.randint(1, TOLD_WITHIN_CALLS // 2)

    async def some_are_charged() -> bool:
        return await world.charged() >= enough

    await eventually(some_are_charged, seconds=60)
    victim.kill()
    victim.start()


async def _restart(server: Server | None, *, kill: bool) -> None:
    assert server is not None, "this test needs servers of its own"
    await asyncio.to_thread(server.kill if kill else server.stop)
    server.start()
    await asyncio.to_thread(server.wait_until_ready)


@pytest.mark.parametrize("kills", [5, pytest.param(14, marks=pytest.mark.soak)])
async def test_every_call_is_charged_once_whoever_dies_meanwhile(
    world: CallWorld, own_servers: Servers, kills: int
) -> None:
    async def make_trouble(victim: Member, turn: int) -> None:
        await _kill(world, victim, chance)
        if turn == kills // 3:
            await _restart(own_servers.rabbitmq, kill=False)
        if turn == kills * 2 // 3:
            await _restart(own_servers.mongodb, kill=True)

    chance = random.Random(11)  # noqa: S311 - chance, not secrecy
    calls = _calls(kills * CALLS_PER_KILL, chance)
    first = [call for call in calls[: len(ACCOUNTS) * AUTHORIZED] if call.account_id in BUNDLED]
    assert all(answer.granted for answer in await world.authorize(first))
    assert await world.holding() == len(BUNDLED)
    messages = told_twice(calls, TOLD_WITHIN_CALLS, chance)
    share = len(messages) // kills + 1
    for turn in range(kills):
        victim = chance.choice(world.processes)
        await asyncio.to_thread(victim.wait_until_ready)
        await asyncio.gather(
            make_trouble(victim, turn + 1),
            world.switch.publish(messages[turn * share : (turn + 1) * share]),
            world.add_credit(ACCOUNTS[turn::kills], ADDED),
        )
    await world.check(calls)
