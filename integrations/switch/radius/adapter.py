"""RADIUS as an adapter of the agent."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Final

from integrations.switch.adapter import Adapter, Door
from integrations.switch.agent import Agent
from integrations.switch.model import utc_now
from integrations.switch.radius.control import RadiusControl
from integrations.switch.radius.door import RadiusDoor
from integrations.switch.radius.nas import read_nases
from integrations.switch.radius.server import RadiusServer, listening
from integrations.switch.settings import Settings
from integrations.switch.spool import Spool

FORGET_SECONDS: Final = 10.0


def radius_adapter(settings: Settings, spool: Spool) -> Adapter:
    """Return the adapter; raises NasFileError."""
    nases = read_nases(settings.switch_radius_nas_file)

    def door(agent: Agent) -> Door:
        answers = RadiusDoor(settings, agent, spool, utc_now)

        def on(port: int) -> AbstractAsyncContextManager[None]:
            return listening(RadiusServer(answers, nases), settings.switch_radius_host, port)

        async def forget() -> None:
            while True:
                await spool.forget_notes(utc_now().timestamp())
                await asyncio.sleep(FORGET_SECONDS)

        ports = (settings.switch_radius_auth_port, settings.switch_radius_acct_port)
        return Door([on(port) for port in ports], [forget])

    control = RadiusControl(nases, settings.switch_radius_silent_seconds, utc_now)
    return Adapter(control, door)
