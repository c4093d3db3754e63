"""A line: both ends of a call, and the Kamailio between them."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.integrations.agents import EMIRATES
from tests.integrations.sip import Kamailio, ended_well, listens, sipp


@dataclass(slots=True)
class Line:
    """A Kamailio with its agent."""

    kamailio: Kamailio
    folder: Path

    async def call(
        self,
        realm: str,
        caller: str,
        callee: str = "",
        *,
        to: str = EMIRATES,
        arguments: tuple[str, ...] = (),
    ) -> None:
        """Let one call another; returns when both have done all their steps."""
        async with AsyncExitStack() as stack:
            ends: dict[str, asyncio.subprocess.Process] = {}
            port = self.kamailio.gateway_port
            if callee:
                end = sipp(self.folder, "callee", callee, ("-p", str(port)))
                ends["callee"] = await stack.enter_async_context(end)
                await listens(port)
            target = f"127.0.0.1:{self.kamailio.port}"
            asked = ("-s", to, "-key", "realm", realm, *arguments, target)
            end = sipp(self.folder, "caller", caller, asked)
            ends["caller"] = await stack.enter_async_context(end)
            for name, process in reversed(ends.items()):
                await ended_well(self.folder, name, process)
