"""A system that tests may break."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from local.servers import Addresses
from local.system import System
from tests.forked import Forked
from tests.world import World, enter

LOG_CHARACTERS: Final = 4_000
SETTINGS: Final = {"AM_LOG_LEVEL": "WARNING", "AM_PRINT_NICENESS": "19"}
"""Nobody waits for the bills of hundreds of openings: printing takes what is left over."""


@pytest.fixture
async def world(own_part: Addresses, tmp_path: Path) -> AsyncIterator[World]:
    """Give a system of the test's own, whose processes and servers it may kill.

    What a test before it has left to do, such as hundreds of e-mails, is not done first.
    """
    system = System(tmp_path, own_part, settings=SETTINGS, spawn=Forked.of)
    try:
        system.start()
        await asyncio.to_thread(system.wait_until_ready)
        world = await enter(system)
        yield world
        await world.close()
    finally:
        system.discard()
        for member in system.members.values():
            print(member.log.read_text()[-LOG_CHARACTERS:])  # noqa: T201 - shown when the test fails
