"""`make run-sip`: beside the whole system a Kamailio, its agent, and a phone that answers."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from local.client import TLS
from local.processes import ROOT, Process, Spawn, StartError, free_port, spawn
from local.servers import Addresses
from local.system import Member

CONFIGURATION: Final = ROOT / "integrations" / "kamailio"
PHONES: Final = Path(__file__).parent / "phones"
SIP_PORT: Final = 5060
CONTROL_PORT: Final = 5062
GATEWAY_PORT: Final = 5070
READY_SECONDS: Final = 30
PROBE_SECONDS: Final = 2
ASK_SECONDS: Final = 6
REPORT_SECONDS: Final = 86_400
"""sipp writes a page of figures so often."""

PATH: Final = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def program(name: str) -> str:
    """Return where a program is; raises StartError."""
    found = shutil.which(name, path=PATH)
    if found is None:
        raise StartError(f"{name} is missing: run `local/setup --sip`")
    return found


class Ports(NamedTuple):
    """Where a Kamailio listens, and where its gateway does."""

    sip: int
    control: int
    gateway: int


class Agent(Member):
    """An agent: it keeps its folder and its ports through every stop and start."""

    def __init__(
        self,
        adapter: str,
        addresses: Addresses,
        folder: Path,
        settings: Mapping[str, str],
        spawn: Spawn = spawn,
    ) -> None:
        """Prepare it; `settings` are further environment variables."""
        self.door_port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "AM_RABBITMQ_URL": addresses.rabbitmq_url("switch"),
            "AM_HTTP_PORT": str(free_port()),
            "AM_METRICS_PORT": str(free_port()),
            "AM_SWITCH_FOLDER": str(folder / "agent"),
            "AM_SWITCH_COUNTRY": "US",
            "AM_SWITCH_PORT": str(self.door_port),
            **settings,
        }
        command = [sys.executable, "-m", "integrations.switch", adapter]
        super().__init__("switch", command, environment, folder, spawn)


class Kamailio(Process):
    """A Kamailio as docs/connect-kamailio.md sets it up, on 127.0.0.1."""

    def __init__(
        self,
        folder: Path,
        agent_url: str,
        *,
        trunk: str = "127.0.0.1",
        users: str = "",
        ask_seconds: int = ASK_SECONDS,
        ports: Ports | None = None,
    ) -> None:
        """Prepare it; `trunk` is whom it believes, `users` are lines of `users.cfg`."""
        ports = ports or Ports(free_port(), free_port(), free_port())
        self.port = ports.sip
        self.control_url = f"http://127.0.0.1:{ports.control}"
        self.gateway_port = ports.gateway
        self._folder = folder
        self._agent_url = agent_url
        self._trunk = trunk
        self._users = users
        self._ask_seconds = ask_seconds
        command = [program("kamailio"), "-DD", "-E", "-f", str(folder / "kamailio.cfg")]
        command += ["-w", str(folder), "-Y", str(folder), "-P", str(folder / "pid")]
        command += ["-m", "64", "-M", "8"]
        environment = {"PATH": PATH, "LANG": "C.UTF-8"}
        super().__init__("kamailio", command, environment, folder / "kamailio.log")

    def start(self) -> None:
        """Write its configuration, and start it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.configure(self._folder)
        super().start()

    def configure(self, folder: Path) -> None:
        """Write its configuration."""
        for path in CONFIGURATION.glob("*.cfg"):
            shutil.copy(path, folder)
        control = self.control_url.rpartition(":")[2]
        (folder / "site.cfg").write_text(
            "#!define SITE\n"
            f"listen=udp:127.0.0.1:{self.port}\n"
            f"listen=tcp:127.0.0.1:{control}\n"
            f'#!substdef "!GATEWAY_URI!sip:127.0.0.1:{self.gateway_port}!g"\n'
            f'#!substdef "!TRUNK_ADDRESS!{self._trunk}!g"\n'
            f'#!substdef "!AM_AGENT_URL!{self._agent_url}!g"\n'
            '#!substdef "!AM_EMERGENCY_NUMBERS!911!g"\n'
            f"#!define AM_ASK_SECONDS {self._ask_seconds}\n"
        )
        if self._users:
            (folder / "users.cfg").write_text(
                f"event_route[htable:mod-init] {{\n{self._users}\n}}\n"
            )

    def wait_until_ready(self) -> None:
        """Wait until it answers; raises StartError."""
        self.wait_until(self.answers, READY_SECONDS)

    def answers(self) -> bool:
        """Tell whether it answers on the agent's port."""
        try:
            url = f"{self.control_url}/accounts-manager/limit"
            httpx.post(url, content=b"", timeout=PROBE_SECONDS, verify=TLS)
        except httpx.TransportError:
            return False
        return True


class Switch:
    """A Kamailio, its agent and a phone that answers every call."""

    def __init__(self, folder: Path, addresses: Addresses) -> None:
        ports = Ports(free_port(SIP_PORT), free_port(CONTROL_PORT), free_port(GATEWAY_PORT))
        control_url = f"http://127.0.0.1:{ports.control}"
        settings = {"AM_SWITCH_NAME": "demo", "AM_SWITCH_CONTROL_URL": control_url}
        self._agent = Agent("kamailio", addresses, folder, settings)
        agent_url = f"http://127.0.0.1:{self._agent.door_port}"
        self.kamailio = Kamailio(folder / "kamailio", agent_url, ports=ports)
        answer = [program("sipp"), "-sf", str(PHONES / "callee.xml"), "-i", "127.0.0.1", "-nostdin"]
        answer += ["-p", str(ports.gateway), "-f", str(REPORT_SECONDS)]
        environment = {"PATH": PATH, "LANG": "C.UTF-8", "TERM": "dumb"}
        phone = Process("callee", answer, environment, folder / "callee.log")
        self._members = (self._agent, self.kamailio, phone)

    def start(self) -> None:
        """Start all, and wait until calls can be made; raises StartError."""
        for member in self._members:
            member.start()
        self._agent.wait_until_ready()
        self.kamailio.wait_until_ready()

    def check(self) -> None:
        """Raise StartError when one of them has ended by itself."""
        for member in self._members:
            member.check()

    def stop(self) -> None:
        """End all; a call that runs is told of first."""
        for member in reversed(self._members):
            member.stop()
