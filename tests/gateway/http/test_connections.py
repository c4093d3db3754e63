"""What a client may do with its connections: a real gateway process, and clients on loopback."""

import asyncio
import json
import re
import select
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import httpx
import pytest

from local.client import TLS
from local.system import Member, System
from tests.world import enter

SLOW: Final = "POST /v1/sessions HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
QUICK_SECONDS: Final = 5.0
HEADERS_SECONDS: Final = 2.0
BODY_SECONDS: Final = 4.0
PER_CLIENT: Final = 300
HEADER_FLOOD_BYTES: Final = 81_000_000
GROWTH_BYTES_MAX: Final = 30_000_000


@pytest.fixture(scope="module")
async def key(system: System) -> AsyncIterator[str]:
    """Give an operator's API key."""
    world = await enter(system)
    yield world.operator.http.headers["Authorization"]
    await world.close()


@pytest.fixture(scope="module")
def gateway(system: System) -> Iterator[Member]:
    """Give a gateway that waits for nobody long."""
    settings = {
        "AM_HEADERS_SECONDS_MAX": str(HEADERS_SECONDS),
        "AM_BODY_SECONDS_MAX": str(BODY_SECONDS),
        "AM_CONNECTIONS_PER_CLIENT_MAX": str(PER_CLIENT),
    }
    with system.replica("gateway", **settings) as member:
        yield member


class Caller:
    """A client that writes what it likes, from an address of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._said = b""

    @classmethod
    @asynccontextmanager
    async def of(cls, member: Member, host: str = "127.0.0.1") -> AsyncGenerator["Caller"]:
        """Connect from a loopback address."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", member.port, local_addr=(host, 0)
        )
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    def send(self, text: str) -> None:
        """Write, if the connection is still open."""
        if not self.writer.is_closing():
            self.writer.write(text.encode())

    async def rest(self, seconds: float) -> str | None:
        """Return what came until the gateway hung up; None when it does not in this time."""
        try:
            async with asyncio.timeout(seconds):
                while came := await self.reader.read(65_536):
                    self._said += came
        except TimeoutError:
            return None
        except ConnectionError:
            return self._said.decode()  # it did not listen any more, and said so before
        return self._said.decode()

    def _has_something_to_read(self) -> bool:
        poll = select.poll()
        poll.register(self.writer.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def drip(self, text: str, piece: str, seconds: float) -> str:
        """Send a piece each second until the gateway hangs up; return what it said."""
        self.send(text)
        until = monotonic() + seconds
        while monotonic() < until:
            if (said := await self.rest(1.0)) is not None:
                return said
            # who writes to a connection that was ended loses what it has not read yet
            if not self._has_something_to_read():
                self.send(piece)
        raise AssertionError("the gateway still listens")


def status_of(said: str) -> int:
    """Return the status of an answer; 0 when there is none."""
    found = re.match(r"HTTP/1.1 (\d+) ", said)
    return int(found[1]) if found else 0


def problem_of(said: str) -> str:
    """Return the code of the problem that is the only answer."""
    head, _, body = said.partition("\r\n\r\n")
    document = json.loads(body)
    assert "content-type: application/problem+json" in head
    assert "connection: close" in head
    assert document["status"] == status_of(said)
    assert document["type"].endswith(f"/docs/problems#{document['code']}")
    return document["code"]


async def quick(member: Member, key: str, host: str = "127.0.0.1") -> None:
    """Check that a page, the health and the API answer at once."""
    transport = httpx.AsyncHTTPTransport(verify=TLS, local_address=host)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{member.port}", transport=transport, timeout=QUICK_SECONDS
    ) as http:
        for path in ("/login", "/health", "/ready"):
            assert (await http.get(path)).status_code == 200, path
        api = await http.get("/v1/resellers", headers={"Authorization": key})
        assert api.status_code == 200
        signing_in = {"email": "nobody@x.example", "password": "wrong"}
        assert (await http.post("/v1/sessions", json=signing_in)).status_code == 401


def memory_of(member: Member) -> int:
    """Return the most memory that a process ever had, in bytes."""
    status = Path(f"/proc/{member.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


# --- slow clients ---------------------------------------------------------------------------


@pytest.mark.alone
async def test_six_hundred_dripping_clients_shut_no_door_and_are_cut_off(
    gateway: Member, key: str
) -> None:
    async with AsyncExitStack() as stack:
        dripping: list[asyncio.Task[str]] = []
        for number in range(600):
            one = await stack.enter_async_context(Caller.of(gateway, f"127.0.0.{2 + number % 3}"))
            # at once: the first would be cut off before the last has come
            drip = one.drip(f"{SLOW}Content-Length: 900\r\n\r\n", "x", 30)
            dripping.append(asyncio.create_task(drip))
        for host in ("127.0.0.1", "127.0.0.2"):
            await quick(gateway, key, host)
        said = await asyncio.gather(*dripping)
        assert Counter(map(status_of, said)) == {408: 600}
        assert {problem_of(one) for one in said} == {"request-timeout"}
    await quick(gateway, key)


@pytest.mark.alone
async def test_a_client_that_opens_too_many_loses_its_slowest_and_others_nothing(
    gateway: Member, key: str
) -> None:
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(Caller.of(gateway, "127.0.0.9"))
        other.send(SLOW)
        slow = [
            await stack.enter_async_context(Caller.of(gateway, "127.0.0.8"))
            for _ in range(PER_CLIENT + 20)
        ]
        said = [await one.rest(QUICK_SECONDS) for one in slow[:20]]
        assert all(one is not None for one in said), "the first to come have gone"
        assert await slow[-1].rest(0.1) is None
        await quick(gateway, key, "127.0.0.8")
        other.send("Content-Length: 2\r\nConnection: close\r\n\r\n{}")
        answer = await other.rest(QUICK_SECONDS)
        assert answer is not None
        assert status_of(answer) == 422


@pytest.mark.parametrize(
    ("text", "piece", "answers"),
    [
        ("", "", []),
        ("GET /login HTTP/1.1\r\n", "x", [408]),
        (SLOW, "X-Header: x\r\n", [408]),
        (f"{SLOW}Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", [408]),
        (f"{SLOW}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", "X-Trailer: x\r\n", [408]),
        ("GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n", "x", [200]),
        ("GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /login HTTP/1.1\r\n", "x", [200, 408]),
    ],
    ids=["nothing", "headers", "many headers", "chunks", "trailers", "unasked body", "a second"],
)
async def test_a_request_that_never_ends_is_cut_off_wherever_it_stands(
    gateway: Member, text: str, piece: str, answers: list[int]
) -> None:
    async with Caller.of(gateway, "127.0.0.5") as slow:
        said = await slow.drip(text, piece, 3 * BODY_SECONDS)
        statuses = [int(status) for status in re.findall(r"HTTP/1.1 (\d+) ", said)]
        assert statuses == answers


async def test_a_body_that_comes_along_well_may_take_longer(gateway: Member) -> None:
    size, pieces = 400_000, 8
    piece = "x" * (size // pieces)
    async with Caller.of(gateway) as steady:
        steady.send(f"{SLOW}Content-Length: {size}\r\n\r\n")
        for _ in range(pieces):
            assert await steady.rest(BODY_SECONDS / pieces * 1.5) is None
            steady.send(piece)
        said = await steady.reader.readline()
        assert status_of(said.decode()) == 400


async def test_a_stream_of_events_outlives_every_deadline(gateway: Member, key: str) -> None:
    async with Caller.of(gateway) as watching:
        watching.send(f"GET /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: {key}\r\n\r\n")
        head = await watching.reader.readuntil(b"\r\n\r\n")
        assert status_of(head.decode()) == 200
        assert await watching.rest(BODY_SECONDS + HEADERS_SECONDS + 1) is None


# --- headers --------------------------------------------------------------------------------


@pytest.mark.alone
async def test_a_flood_of_headers_is_refused_at_once_and_takes_no_memory(gateway: Member) -> None:
    before = memory_of(gateway)
    piece = "X-Flood: " + "x" * 65_000 + "\r\n"
    began = monotonic()
    async with Caller.of(gateway) as flooding:
        flooding.send("GET /login HTTP/1.1\r\nHost: a\r\n")
        sent = 0
        try:
            while sent < HEADER_FLOOD_BYTES:
                flooding.send(piece)
                await flooding.writer.drain()
                sent += len(piece)
        except ConnectionError:
            assert sent, "it was cut off while it sent"
        said = await flooding.rest(5.0)
    assert said is not None
    assert problem_of(said) == "headers-too-large"
    assert status_of(said) == 431
    assert monotonic() - began < 10
    assert memory_of(gateway) - before < GROWTH_BYTES_MAX


@pytest.mark.parametrize(
    "head",
    [
        "GET /login HTTP/1.1\r\nX-Long: " + "x" * 40_000,
        "GET /" + "x" * 40_000,
        "GET /login HTTP/1.1\r\n" + "X-Many: 1\r\n" * 101,
        f"{SLOW}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: " + "x" * 400_000,
        f"{SLOW}Transfer-Encoding: chunked\r\n\r\n1;" + "x" * 400_000,
    ],
    ids=["one long header", "a long address", "many headers", "a long trailer", "a long frame"],
)
@pytest.mark.parametrize("end", ["", "\r\n\r\n"], ids=["open", "whole"])
async def test_headers_have_a_limit(gateway: Member, head: str, end: str) -> None:
    async with Caller.of(gateway) as long:
        long.send(head + end)
        said = await long.rest(HEADERS_SECONDS + QUICK_SECONDS)
        if "1;" in head and end:
            assert said is None or status_of(said) in (400, 408, 431)
            return
        assert said is not None
        assert status_of(said) in ((400, 431) if end else (408, 431)), said[:300]


async def test_what_is_no_request_is_a_problem(gateway: Member) -> None:
    async with Caller.of(gateway) as confused:
        confused.send("HELLO\r\n\r\n")
        said = await confused.rest(QUICK_SECONDS)
        assert said is not None
        assert problem_of(said) == "malformed-request"


async def test_ordinary_clients_have_ordinary_headers(gateway: Member) -> None:
    headers = {f"X-Header-{number}": "x" * 300 for number in range(80)}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}", verify=TLS) as http:
        for _ in range(3):
            assert (await http.get("/login", headers=headers)).status_code == 200
