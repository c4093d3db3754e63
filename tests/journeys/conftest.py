"""The running system, and an operator who has entered it."""

from collections.abc import AsyncIterator

import pytest

from local.system import System
from tests.world import World, enter


@pytest.fixture(scope="session")
async def world(system: System) -> AsyncIterator[World]:
    """Give a world around this worker's running system."""
    world = await enter(system)
    yield world
    await world.close()
