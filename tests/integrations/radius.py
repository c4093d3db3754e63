"""A NAS: Debian's radclient asks and tells, and a port of ours hears when a call must end."""

import asyncio
import re
import socket
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, NamedTuple, Self, cast

from pyrad.packet import AcctPacket, CoAPacket

from local.client import Json
from local.processes import free_port
from local.sip import program
from local.system import System
from tests.integrations.agents import EMIRATES, AgentProcess
from tests.integrations.sip import Kamailio
from tests.waiting import eventually
from tests.world import Reseller

SECRET: Final = "violet-tractor-97-moss"
OTHER_SECRET: Final = "amber-kettle-31-fern"
TRIES: Final = 30
ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_RESPONSE = (
    "Access-Accept",
    "Access-Reject",
    "Accounting-Response",
)
RECEIVED: Final = re.compile(r"^Received (\S+) Id .*?\n((?:\t.*\n)*)", re.MULTILINE)

Attributes = Mapping[str, str | int]


class Reply(NamedTuple):
    """What a NAS is answered; `kind` is empty when it isn't."""

    kind: str
    values: dict[str, str]


DONE: Final = Reply(ACCOUNTING_RESPONSE, {})


class RadiusAgent(AgentProcess):
    """An agent that speaks RADIUS, and the client that asks it."""

    switch: ClassVar[str] = "radius"

    def __init__(self, system: System, folder: Path, disconnect_port: int, **settings: str) -> None:
        self.auth_port, self.acct_port = free_port(), free_port()
        nases = folder / "nas.toml"
        nases.write_text(
            f'[first]\naddress = "127.0.0.1"\nsecret = "{SECRET}"\n'
            f"disconnect_port = {disconnect_port}\n"
            f'[second]\naddress = "127.0.0.2/31"\nsecret = "{OTHER_SECRET}"\n'
            f"disconnect_port = {disconnect_port}\n"
        )
        ports = {
            "AM_SWITCH_RADIUS_AUTH_PORT": str(self.auth_port),
            "AM_SWITCH_RADIUS_ACCT_PORT": str(self.acct_port),
            "AM_SWITCH_RADIUS_NAS_FILE": str(nases),
        }
        super().__init__(system, folder, "", **ports, **settings)

    async def request(
        self, attributes: Attributes, *, secret: str = SECRET, tries: int = TRIES
    ) -> Reply:
        """Let radclient send an Access-Request."""
        return await radclient(self.auth_port, "auth", attributes, secret, tries)

    async def authorize(self, call: Attributes, *, secret: str = SECRET, **more: str) -> Reply:
        """Ask for a call, as a NAS must: with Message-Authenticator."""
        asked = {**call, "Service-Type": "Call-Check", "Message-Authenticator": "0x00", **more}
        return await self.request(asked, secret=secret)

    async def account(
        self,
        status: str,
        call: Attributes,
        seconds: int | None = None,
        *,
        secret: str = SECRET,
        at: float | None = None,
        **more: str | int,
    ) -> Reply:
        """Tell what becomes of a call, now or `at` another time."""
        named = {name.replace("_", "-"): value for name, value in more.items()}
        told: dict[str, str | int] = {**call, "Acct-Status-Type": status, **named}
        told["Event-Timestamp"] = int(time.time() if at is None else at)
        if seconds is not None:
            told["Acct-Session-Time"] = seconds
        return await radclient(self.acct_port, "acct", told, secret, TRIES)


async def radclient(port: int, kind: str, attributes: Attributes, secret: str, tries: int) -> Reply:
    """Send a packet, again each second until it's answered; return the answer."""
    command = ("-x", "-t", "1", "-r", str(tries), f"127.0.0.1:{port}", kind, secret)
    process = await asyncio.create_subprocess_exec(
        program("radclient"),
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    lines = [f"{name} = {_quoted(value)}\n" for name, value in attributes.items()]
    output, _ = await process.communicate("".join(lines).encode())
    text = output.decode()
    found = RECEIVED.search(text)
    if found is None:
        assert "No reply from server" in text, text
        return Reply("", {})
    pairs = (line.strip().split(" = ", 1) for line in found[2].splitlines())
    return Reply(found[1], {name: value.strip('"') for name, value in pairs})


def _quoted(value: str | int) -> str:
    is_plain = isinstance(value, int) or re.fullmatch(r"0x[0-9a-f]*|[A-Za-z-]+|[\d.]+", value)
    return str(value) if is_plain else f'"{value}"'


def call_of(account: Json, to: str = EMIRATES, **more: str) -> dict[str, str]:
    """Return what a NAS says of a new call."""
    return {
        "User-Name": f"104@{account['realm']}",
        "Calling-Station-Id": "104",
        "Called-Station-Id": to,
        "Acct-Session-Id": uuid.uuid4().hex,
        "NAS-Identifier": "sbc1",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


class AccountingKamailio(Kamailio):
    """A Kamailio that bills nobody, and tells RADIUS of its calls by `acc_radius`."""

    def __init__(self, folder: Path, acct_port: int) -> None:
        self._acct_port = acct_port
        super().__init__(folder, "")

    def configure(self, folder: Path) -> None:
        """Write its configuration, and that of its client."""
        (folder / "servers").write_text(f"127.0.0.1 {SECRET}\n")
        (folder / "dictionary").write_text(
            "$INCLUDE /etc/radcli/dictionary\n$INCLUDE /etc/radcli/dictionary.sip\n"
            "VALUE Service-Type Sip-Session 15\nVALUE Acct-Status-Type Failed 15\n"
        )
        server = f"127.0.0.1:{self._acct_port}"
        (folder / "radius.conf").write_text(
            f"acctserver {server}\nauthserver {server}\nservers {folder}/servers\n"
            f"dictionary {folder}/dictionary\ndefault_realm\n"
            "radius_timeout 10\nradius_retries 3\nbindaddr *\n"
        )
        modules = ("tm", "sl", "rr", "pv", "textops", "siputils", "acc", "acc_radius")
        (folder / "kamailio.cfg").write_text(
            f"listen=udp:127.0.0.1:{self.port}\nchildren=2\nlog_stderror=yes\n"
            + "".join(f'loadmodule "{one}.so"\n' for one in modules)
            + f'modparam("acc_radius", "radius_config", "{folder}/radius.conf")\n'
            'modparam("acc_radius", "radius_flag", 1)\n'
            'modparam("acc_radius", "radius_extra",'
            ' "User-Name=$fu;Calling-Station-Id=$fU;Called-Station-Id=$rU")\n'
            "request_route {\n"
            '    if (is_method("INVITE|BYE")) { setflag(1); }\n'
            "    if (has_totag()) {\n"
            "        if (loose_route()) { t_relay(); exit; }\n"
            '        if (is_method("ACK") && t_check_trans()) { t_relay(); }\n'
            "        exit;\n    }\n"
            f'    record_route();\n    $ru = "sip:" + $rU + "@127.0.0.1:{self.gateway_port}";\n'
            "    t_relay();\n}\n"
        )

    def answers(self) -> bool:
        """Tell whether it listens."""
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return True
        return False


class Ended(NamedTuple):
    """A call that a NAS was told to end."""

    session_id: str
    nas_identifier: str
    at: float


class FakeNas(asyncio.DatagramProtocol):
    """Takes Disconnect-Requests, and obeys."""

    def __init__(self) -> None:
        self.port = free_port()
        self.ended: list[Ended] = []
        self.lost = 0
        """So many requests get no answer."""

        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        assert self._transport is not None
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """End a call, once it's certain who says so."""
        packet = CoAPacket(40, secret=SECRET.encode(), packet=data)
        assert packet.code == 40
        assert packet.VerifyCoARequest()
        assert packet.verify_message_authenticator()
        if self.lost:
            self.lost -= 1
            return
        session_id, nas_identifier = packet[44][0].decode(), packet[32][0].decode()
        self.ended.append(Ended(session_id, nas_identifier, time.monotonic()))
        assert self._transport is not None
        self._transport.sendto(packet.CreateReply().ReplyPacket(), addr)

    async def hears(self, call: Mapping[str, str]) -> Ended:
        """Wait until it is told to end a call."""

        def told() -> Ended | None:
            session_id = call["Acct-Session-Id"]
            return next((one for one in self.ended if one.session_id == session_id), None)

        found = await eventually(told)
        assert found is not None
        return found


# --- what the tests look at ----------------------------------------------------------------------


async def held(reseller: Reseller, account: Json, amount: str) -> None:
    """Wait until so much is held for an account's calls."""

    async def as_expected() -> bool:
        balance = await reseller.client.get(f"/v1/accounts/{account['id']}/balance")
        assert balance["held"] == amount
        return True

    await eventually(as_expected)


def packets(agent: RadiusAgent, outcome: str) -> float:
    """Return how many packets an agent has counted of an outcome."""
    return agent.counted(f'accounts_manager_switch_radius_packets_total{{outcome="{outcome}"}}')


def accounting(call: dict[str, str], status: int, seconds: int) -> bytes:
    """Return an Accounting-Request as bytes, to be sent as it is."""
    numbers = {"User-Name": 1, "Called-Station-Id": 30, "Calling-Station-Id": 31}
    numbers |= {"NAS-Identifier": 32, "Acct-Session-Id": 44}
    packet = AcctPacket(4, 7, SECRET.encode())
    for name, number in numbers.items():
        packet[number] = [call[name].encode()]
    packet[40], packet[46] = [status.to_bytes(4)], [seconds.to_bytes(4)]
    packet[55] = [int(time.time()).to_bytes(4)]
    return packet.RequestPacket()


def exchanged(agent: RadiusAgent, port: socket.socket, packet: bytes) -> bytes:
    """Send a packet from a port; return the answer, empty when there's none."""
    port.settimeout(5)
    port.sendto(packet, ("127.0.0.1", agent.acct_port))
    return port.recv(4_096)
