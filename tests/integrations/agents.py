"""An agent as a real process, and the two sides of a switch around it."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, NamedTuple, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import httpx

from local.client import TLS, Json
from local.processes import free_port
from local.sip import Agent
from local.system import System
from tests.forked import Forked
from tests.waiting import eventually
from tests.world import Reseller

NOWHERE: Final = "amqp://switch:x@127.0.0.1:9/"
"""A port of this machine that nobody listens on."""

ANSWER_SECONDS: Final = 30
PATIENT_SECONDS: Final = 20
"""How long calls wait for billing, on a machine that runs many tests at once."""

INDIA, EMIRATES, PREMIUM = "+919876543210", "+971501234567", "+19002345678"


class Told(NamedTuple):
    """What a switch was told, and when."""

    what: str
    values: Mapping[str, str]
    at: float


class FakeSwitch:
    """The control interface of a switch: it does whatever it's told."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.lost: set[str] = set()
        """The calls that it says it doesn't know."""

        self.url = f"http://127.0.0.1:{free_port()}"
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        port = urlsplit(self.url).port
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            target = urlsplit(head.split()[1].decode())
            what = target.path.rpartition("/")[2]
            values = dict(parse_qsl(target.query))
            self.told.append(Told(what, values, time.monotonic()))
            status = b"404 Not Found" if values["call"] in self.lost else b"200 OK"
            head = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            writer.write(head % status)
            await writer.drain()

    async def hears(self, what: str, call_id: str) -> Told:
        """Wait until it is told something about a call."""

        def told() -> Told | None:
            for one in self.told:
                if (one.what, one.values["call"]) == (what, call_id):
                    return one
            return None

        found = await eventually(told)
        assert found is not None
        return found


class AgentProcess(Agent):
    """An agent with a name of its own, which waits as long as a busy machine needs."""

    switch: ClassVar[str] = "kamailio"

    def __init__(self, system: System, folder: Path, control_url: str, **settings: str) -> None:
        settings = {
            "AM_SWITCH_NAME": f"tried-{uuid.uuid4().hex[:8]}",
            "AM_SWITCH_ANSWER_SECONDS": str(PATIENT_SECONDS),
            "AM_SWITCH_CONTROL_URL": control_url,
            **settings,
        }
        super().__init__(self.switch, system.addresses, folder, settings, Forked.of)

    def change(self, **settings: str) -> None:
        """Change its environment, from its next start on."""
        self._environment.update(settings)

    async def wait_until_alive(self) -> None:
        """Wait until it answers, whether it is connected or not; raises StartError."""

        def alive() -> bool:
            try:
                url = f"http://127.0.0.1:{self.port}/health"
                return httpx.get(url, verify=TLS).is_success
            except httpx.TransportError:
                return False

        await asyncio.to_thread(self.wait_until, alive, ANSWER_SECONDS)

    def counted(self, metric: str) -> float:
        """Return what a metric is, its labels in its name; 0 while it counts nothing."""
        lines = self.metrics().splitlines()
        found = (one.removeprefix(f"{metric} ") for one in lines if one.startswith(f"{metric} "))
        return float(next(found, "0"))

    def metrics(self) -> str:
        """Return what it tells the monitoring."""
        return httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", verify=TLS).text

    # --- as accounts-manager.cfg speaks to it ---------------------------------------------------

    async def ask(self, account: Json, destination: str, **fields: str) -> dict[str, str]:
        """Ask for a call; return what it is answered."""
        asked = {
            "id": uuid.uuid4().hex,
            "realm": account["realm"],
            "caller": "104",
            "to": destination,
        }
        answer = await self.post("/kamailio/authorize", form({**asked, **fields}))
        assert answer.status_code == 200
        pairs = (pair.split("=", 1) for pair in answer.text.split(";"))
        return {name: unquote(value) for name, value in pairs}

    async def tell(self, *lines: Mapping[str, str]) -> int:
        """Tell what became of calls; return the status of the answer."""
        body = "\n".join(map(form, lines))
        return (await self.post("/kamailio/calls", body)).status_code

    async def post(self, path: str, body: str) -> httpx.Response:
        """Post something."""
        async with httpx.AsyncClient(verify=TLS, timeout=ANSWER_SECONDS) as client:
            return await client.post(f"http://127.0.0.1:{self.door_port}{path}", content=body)


def form(values: Mapping[str, str]) -> str:
    """Return a form as Kamailio writes it, which leaves a plus as it is."""
    return urlencode(values, safe="+", quote_via=quote)


def answered(account: Json, answer: Mapping[str, str], to: str, at: float) -> dict[str, str]:
    """Return what a switch says of a call that is answered."""
    return {
        "what": "answered",
        "id": uuid.uuid4().hex,
        "call": answer["call"],
        "account": answer["account"],
        "realm": account["realm"],
        "caller": "104",
        "to": to,
        "at": f"{at:.6f}",
        "seconds": answer["seconds"],
        "emergency": answer["emergency"],
        "handle": "17:4711",
    }


def ended(running: Mapping[str, str], seconds: float) -> dict[str, str]:
    """Return what a switch says when a call ends so long after its answer."""
    return {**running, "what": "ended", "until": f"{float(running['at']) + seconds:.6f}"}


async def open_account(reseller: Reseller, credit: str = "500.00", sheet_id: str = "") -> Json:
    """Open an account that pays 60.00 at once, and may call India and the Emirates."""
    countries = [{"country": "IN", "minutes": 0}, {"country": "AE", "minutes": 0}]
    rates = sheet_id or reseller.rate_sheet_id
    order = reseller.order(countries=countries, rate_sheet_id=rates)
    order["credit"]["amount"] = credit
    return await reseller.client.open_account(order)


async def charged(reseller: Reseller, account: Json, *costs: str) -> None:
    """Wait until an account's calls cost this, the last answered first, and nothing is held."""
    path = f"/v1/accounts/{account['id']}"

    async def as_expected() -> bool:
        balance = await reseller.client.get(f"{path}/balance")
        calls = (await reseller.client.get(f"{path}/calls"))["data"]
        assert (balance["held"], [one["cost"] for one in calls]) == ("0.00", [*costs])
        entries = (await reseller.client.get(f"{path}/transactions"))["data"]
        assert len([one for one in entries if one["type"] == "call"]) == len(costs)
        return True

    await eventually(as_expected)
