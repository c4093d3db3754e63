"""Files and posts of call records as an adapter of the agent."""

from datetime import datetime

from integrations.switch import telemetry
from integrations.switch.adapter import Adapter, Door
from integrations.switch.agent import Agent
from integrations.switch.cdr.door import CdrDoor
from integrations.switch.cdr.following import Follower
from integrations.switch.cdr.formats import legs_reader
from integrations.switch.cdr.gathering import Gathering
from integrations.switch.cdr.options import options_of
from integrations.switch.model import RunningCall
from integrations.switch.settings import Settings
from integrations.switch.spool import Spool


class NoControl:
    """The control of calls that are over when the agent hears of them."""

    @property
    def cuts(self) -> bool:
        """There's nothing to cut."""
        return True

    async def end(self, call: RunningCall, reason: str) -> None:
        """No call runs."""

    async def limit(self, call: RunningCall) -> None:
        """No call runs."""

    async def seen_at(self, call: RunningCall) -> datetime | None:
        """No call runs."""


def cdr_adapter(settings: Settings, spool: Spool) -> Adapter:
    """Return the adapter; raises SettingsError."""
    options = options_of(settings)

    def door(agent: Agent) -> Door:
        gathering = Gathering(
            agent,
            spool,
            options.naming,
            options.dial_format,
            settings.switch_cdr_settle_seconds,
        )
        if settings.switch_cdr_path is not None:
            follower = Follower(
                settings.switch_cdr_path,
                legs_reader(options.format, options.zone),
                gathering,
                spool,
                by_paragraph=options.format == "radius-detail",
            )

            async def follow() -> None:
                await follower.begin(settings.switch_cdr_start)
                await follower.run()

            return Door((), (follow, gathering.run))
        handle = CdrDoor(options.format, gathering).handle
        server = telemetry.server(handle, settings.switch_host, settings.switch_port)
        return Door((telemetry.serving(server),), (gathering.run,))

    return Adapter(NoControl(), door)
