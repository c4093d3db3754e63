"""A running system with a reseller, and an agent beside a switch that the tests play."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.system import System
from tests.integrations.agents import AgentProcess, FakeSwitch
from tests.integrations.radius import FakeNas, RadiusAgent
from tests.world import Reseller, World, enter


@pytest.fixture(scope="session")
async def world(system: System) -> AsyncIterator[World]:
    """Give a world around this worker's running system."""
    world = await enter(system)
    yield world
    await world.close()


@pytest.fixture(scope="session")
async def reseller(world: World) -> Reseller:
    """Give the reseller whose accounts make the calls."""
    return await world.reseller(numbers=1)


@pytest.fixture
async def switch() -> AsyncIterator[FakeSwitch]:
    """Give a switch that does what it's told, and remembers it."""
    async with FakeSwitch() as switch:
        yield switch


@pytest.fixture
async def agent(system: System, switch: FakeSwitch, tmp_path: Path) -> AsyncIterator[AgentProcess]:
    """Give an agent of this test's own, ready, which a switch asks."""
    agent = AgentProcess(system, tmp_path, switch.url)
    try:
        agent.start()
        await asyncio.to_thread(agent.wait_until_ready)
        yield agent
    finally:
        agent.stop()


@pytest.fixture(scope="session")
async def nas() -> AsyncIterator[FakeNas]:
    """Give a NAS that ends calls as it's told."""
    async with FakeNas() as nas:
        yield nas


@pytest.fixture(scope="session")
async def radius(
    system: System, nas: FakeNas, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RadiusAgent]:
    """Give an agent that a NAS asks, ready."""
    agent = RadiusAgent(system, tmp_path_factory.mktemp("radius"), nas.port)
    try:
        agent.start()
        await asyncio.to_thread(agent.wait_until_ready)
        yield agent
    finally:
        agent.stop()
