"""A system that tests may break."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from local.servers import Servers
from local.system import System
from tests.world import World, enter

LOG_CHARACTERS: Final = 4_000

_numbers: Final = itertools.count()


@pytest.fixture
async def world(own_servers: Servers, tmp_path: Path) -> AsyncIterator[World]:
    """Give a system of the test's own, whose processes and servers it may kill.

    Its virtual host and databases are its own as well: what a test before it has left to do, such
    as hundreds of letters, is not done first. A broker from outside is used as it is.
    """
    part, addresses = f"system{next(_numbers)}", own_servers.addresses
    vhost = part if addresses.passwords else addresses.vhost
    addresses = replace(addresses, vhost=vhost, database_prefix=f"{part}_")
    system = System(tmp_path, addresses, settings={"LOG_LEVEL": "WARNING"})
    try:
        system.start()
        await asyncio.to_thread(system.wait_until_ready)
        world = await enter(system)
        yield world
        await world.close()
    finally:
        system.stop()
        for member in system.members.values():
            print(member.log.read_text()[-LOG_CHARACTERS:])  # noqa: T201 - shown when the test fails
