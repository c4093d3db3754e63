"""A load of HTTP requests or of any other work, bounded in number, and what it took."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

ANSWER_SECONDS_MAX: Final = 30.0

Work = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a number of pieces of work took."""

    count: int
    seconds: float
    p50_milliseconds: float
    p99_milliseconds: float

    @property
    def per_second(self) -> float:
        """Return the throughput."""
        return self.count / self.seconds


async def measure(work: Work, *, count: int, in_flight: int) -> Measured:
    """Do pieces of work 0 … count-1, `in_flight` at a time, and time each."""
    times: list[float] = []
    numbers = iter(range(count))

    async def lane() -> None:
        for number in numbers:
            began = time.perf_counter()
            await asyncio.wait_for(work(number), ANSWER_SECONDS_MAX)
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(in_flight)))
    return measured_of(times, time.perf_counter() - began)


def measured_of(times: Sequence[float], seconds: float) -> Measured:
    """Return what the seconds of each piece of work, and of all together, say."""
    ordered = sorted(times)
    return Measured(
        count=len(ordered),
        seconds=seconds,
        p50_milliseconds=ordered[len(ordered) // 2] * 1000,
        p99_milliseconds=ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000,
    )


class Connections:
    """Kept-alive HTTP/1.1 connections to one server of this machine.

    Bare on purpose: a full HTTP client would take more of the two cores than what it measures.
    """

    def __init__(self, url: str, headers: dict[str, str], count: int) -> None:
        address = urlsplit(url)
        assert address.hostname == "127.0.0.1", "a load goes to this machine only"
        self._host, self._port = address.hostname, address.port or 80
        self._head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._count = count
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        for _ in range(self._count):
            self._free.put_nowait(await asyncio.open_connection(self._host, self._port))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        while not self._free.empty():
            _, writer = self._free.get_nowait()
            writer.close()
            await writer.wait_closed()

    async def get(self, path: str) -> bytes:
        """Return the body of a 200 answer."""
        return await self._exchange(f"GET {path} HTTP/1.1\r\n", b"")

    async def post(self, path: str, body: bytes) -> bytes:
        """Send JSON and return the body of a 200 answer."""
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return await self._exchange(f"POST {path} HTTP/1.1\r\n{kind}", body)

    async def _exchange(self, first_lines: str, body: bytes) -> bytes:
        reader, writer = await self._free.get()
        head = f"{first_lines}Host: {self._host}:{self._port}\r\n{self._head}\r\n"
        writer.write(head.encode() + body)
        status, headers = await _read_head(reader)
        answer = await reader.readexactly(int(headers["content-length"]))
        self._free.put_nowait((reader, writer))
        assert status == 200, f"{first_lines.strip()} answered {status}: {answer[:300]!r}"  # noqa: PLR2004 - OK
        return answer


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in pairs}
