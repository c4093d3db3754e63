"""Takes packets from the network: drops what isn't a NAS's, and carries each out once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, cast

import structlog

from integrations.switch import telemetry
from integrations.switch.radius.door import RadiusDoor
from integrations.switch.radius.nas import Nas, Nases
from integrations.switch.radius.packets import Dropped, Request, Source, read_request

REQUESTS_MAX: Final = 1_000
"""So many are carried out at once; more are dropped, and their NAS sends them again."""

ANSWERS_MAX: Final = 20_000
ANSWERS_SECONDS: Final = 30.0
"""How long an answer is remembered for a packet that comes again; RFC 5080, 2.2.2 asks for 5 s."""

LOG_AGAIN_SECONDS: Final = 60.0
WAIT_SECONDS: Final = 5.0

Key = tuple[Source, int, int, bytes]
log = structlog.get_logger()


class _Answer(NamedTuple):
    """What a packet was answered; None while it's still carried out."""

    body: bytes | None
    at: float


class RadiusServer(asyncio.DatagramProtocol):
    """A port that listens to RADIUS."""

    def __init__(self, door: RadiusDoor, nases: Nases) -> None:
        self._door = door
        self._nases = nases
        self._transport: asyncio.DatagramTransport | None = None
        self._answers: OrderedDict[Key, _Answer] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._logged_at: dict[tuple[str, str], float] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        # uvloop's transports are no subclasses of asyncio's own
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a packet."""
        source = Source(*addr[:2])
        nas = self._nases.find(source.host)
        if nas is None:
            # anybody can send these, so they leave no line in the log
            telemetry.RADIUS.labels("unknown-nas").inc()
            return
        try:
            request = read_request(data, nas, source)
        except Dropped as dropped:
            self._drop(nas, str(dropped))
            return
        packet = request.packet
        key = (source, packet.code, packet.id, packet.authenticator)
        self._forget_answers()
        if (answer := self._answers.get(key)) is not None:
            telemetry.RADIUS.labels("duplicate").inc()
            if answer.body is not None:
                self._send(answer.body, source)
            return
        if len(self._tasks) >= REQUESTS_MAX and not self._door.is_urgent(request):
            self._drop(nas, "busy")
            return
        self._answers[key] = _Answer(None, time.monotonic())
        task = asyncio.create_task(self._carry_out(request, key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def error_received(self, exc: Exception) -> None:
        """Note that an answer didn't arrive: its NAS will ask again."""
        log.info("packet not delivered", reason=type(exc).__name__)

    async def finished(self) -> None:
        """Wait until what was begun is answered."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=WAIT_SECONDS)

    async def _carry_out(self, request: Request, key: Key) -> None:
        body: bytes | None = None
        try:
            body = await self._door.answer(request)
        except Exception:
            # a packet must never end the server; its NAS sends it again
            log.exception("packet failed", nas=request.nas.name)
        if body is None:
            self._answers.pop(key, None)
            telemetry.RADIUS.labels("failed").inc()
            return
        if key in self._answers:
            self._answers[key] = _Answer(body, self._answers[key].at)
        telemetry.RADIUS.labels("answered").inc()
        self._send(body, request.source)

    def _send(self, body: bytes, source: Source) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(body, source)

    def _drop(self, nas: Nas, reason: str) -> None:
        telemetry.RADIUS.labels(reason).inc()
        now = time.monotonic()
        if now - self._logged_at.get((nas.name, reason), -LOG_AGAIN_SECONDS) >= LOG_AGAIN_SECONDS:
            self._logged_at[nas.name, reason] = now
            log.error("packet dropped", nas=nas.name, reason=reason)

    def _forget_answers(self) -> None:
        past = time.monotonic() - ANSWERS_SECONDS
        while self._answers:
            key, answer = next(iter(self._answers.items()))
            if answer.at > past and len(self._answers) < ANSWERS_MAX:
                return
            del self._answers[key]


@asynccontextmanager
async def listening(server: RadiusServer, host: str, port: int) -> AsyncGenerator[None]:
    """Listen until the block ends; what was begun is answered still."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=(host, port))
    try:
        yield
    finally:
        await server.finished()
        transport.close()
