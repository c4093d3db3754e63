"""Kamailio as an adapter of the agent."""

from integrations.switch import telemetry
from integrations.switch.adapter import Adapter, Door
from integrations.switch.agent import Agent
from integrations.switch.kamailio.control import KamailioControl
from integrations.switch.kamailio.door import KamailioDoor
from integrations.switch.model import utc_now
from integrations.switch.settings import Settings
from integrations.switch.spool import Spool


def kamailio_adapter(settings: Settings, _spool: Spool) -> Adapter:
    """Return the adapter."""

    def door(agent: Agent) -> Door:
        handle = KamailioDoor(agent, settings.switch_dial_format).handle
        server = telemetry.server(handle, settings.switch_host, settings.switch_port)
        return Door([telemetry.serving(server)])

    return Adapter(KamailioControl(settings.switch_control_url, utc_now), door)
