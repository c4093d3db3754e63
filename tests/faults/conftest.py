"""A system that tests may break."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.servers import Servers
from local.system import System
from tests.world import World, enter


@pytest.fixture
async def world(own_servers: Servers, tmp_path: Path) -> AsyncIterator[World]:
    """Give a system of the test's own, whose processes and servers it may kill."""
    system = System(tmp_path, own_servers.addresses, settings={"LOG_LEVEL": "WARNING"})
    try:
        system.start()
        await asyncio.to_thread(system.wait_until_ready)
        world = await enter(system)
        yield world
        await world.close()
    finally:
        system.stop()
