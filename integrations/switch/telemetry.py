"""JSON logs, Prometheus metrics, and the small HTTP servers of an agent."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, Final, NamedTuple

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

CALLS: Final = Counter(
    "accounts_manager_switch_calls_total", "Calls that a switch asked for, by outcome", ["outcome"]
)
ASK_SECONDS: Final = Histogram(
    "accounts_manager_switch_answer_duration_seconds",
    "Time that a call waited for permission",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
RUNNING: Final = Gauge("accounts_manager_switch_running_calls", "Answered, not yet ended")
ENDED: Final = Counter(
    "accounts_manager_switch_ended_calls_total", "Calls that the agent ended, by reason", ["reason"]
)
LOST: Final = Counter(
    "accounts_manager_switch_lost_calls_total", "Calls that their switch lost while they ran"
)
RECORDS: Final = Gauge("accounts_manager_switch_records", "Records that wait for billing")
FULL_RATIO: Final = Gauge(
    "accounts_manager_switch_full_ratio",
    "How full the store of records is, or its disk: warn at 0.5, long before 1",
)
SENT: Final = Counter("accounts_manager_switch_sent_records_total", "Records that billing has")
UNREADABLE: Final = Counter(
    "accounts_manager_switch_unreadable_total", "Messages of the switch that were set aside"
)
RADIUS: Final = Counter(
    "accounts_manager_switch_radius_packets_total", "Packets of RADIUS, by outcome", ["outcome"]
)
CDR: Final = Counter(
    "accounts_manager_switch_cdr_calls_total", "Calls of files and posts, by outcome", ["outcome"]
)
CDR_UNREAD: Final = Gauge(
    "accounts_manager_switch_cdr_unread_bytes", "What is written into the file and not read yet"
)
CDR_GAPS: Final = Counter(
    "accounts_manager_switch_cdr_gaps_total", "Files that were gone before they were read"
)

BODY_BYTES_MAX: Final = 1_000_000
BODY_SECONDS_MAX: Final = 10.0
CONNECTIONS_MAX: Final = 1_000
STOP_SECONDS: Final = 10

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Reply(NamedTuple):
    """An answer over HTTP."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"


Handle = Callable[[str, bytes], Awaitable[Reply]]
"""Answers the body that was sent to a path."""


def configure_logs(name: str, level: str) -> None:
    """Write every log line as one JSON object, libraries' lines as well."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=name)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class QuietServer(uvicorn.Server):
    """A uvicorn server inside a process that handles signals itself."""

    def capture_signals(self) -> "AbstractContextManager[None]":  # pyright: ignore[reportIncompatibleMethodOverride] - a context manager, made another way
        """Leave the signals to the process, which still answers while it finishes its work."""
        return nullcontext()


def server(handle: Handle, host: str, port: int) -> uvicorn.Server:
    """Return a server whose answers `handle` gives."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        reply = Reply(413) if body is None else await handle(scope["path"], body)
        headers = [(b"content-type", reply.content_type.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return QuietServer(config)


async def _body(receive: Receive) -> bytes | None:
    """Return what was sent; None when it's too long or comes too slowly."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            while True:
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > BODY_BYTES_MAX:
                    return None
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        return None


def status_server(host: str, port: int, faults_of: Callable[[], dict[str, str]]) -> uvicorn.Server:
    """Return the server of /health (alive) and /ready (can work)."""

    async def handle(path: str, _body: bytes) -> Reply:
        if path == "/health":
            return Reply(200, b'{"status":"alive"}', "application/json")
        if path != "/ready":
            return Reply(404)
        faults = faults_of()
        state = {"status": "waiting" if faults else "ready", "faults": faults}
        return Reply(503 if faults else 200, json.dumps(state).encode(), "application/json")

    return server(handle, host, port)


def metrics_server(host: str, port: int) -> uvicorn.Server:
    """Return the server of /metrics."""

    async def handle(path: str, _body: bytes) -> Reply:
        if path != "/metrics":
            return Reply(404)
        return Reply(200, generate_latest(), CONTENT_TYPE_LATEST)

    return server(handle, host, port)


@asynccontextmanager
async def serving(*servers: uvicorn.Server) -> AsyncGenerator[None]:
    """Serve until the block ends."""
    tasks = [asyncio.create_task(one.serve()) for one in servers]
    try:
        yield
    finally:
        for one in servers:
            one.should_exit = True
        await asyncio.gather(*tasks)
