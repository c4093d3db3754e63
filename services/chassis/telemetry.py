"""JSON logs with correlation ids, Prometheus metrics, and the small HTTP servers that show them."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, Final, TextIO

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

MESSAGES: Final = Counter(
    "accounts_manager_messages_total",
    "Messages handled, by topic and outcome",
    ["service", "topic", "outcome"],
)
MESSAGE_SECONDS: Final = Histogram(
    "accounts_manager_message_duration_seconds",
    "Time to handle a message",
    ["service", "topic"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
BATCHES: Final = Counter(
    "accounts_manager_batches_total", "Batches committed by a lane, by queue", ["queue"]
)
ASKS: Final = Counter(
    "accounts_manager_questions_total",
    "Commands and queries sent, by topic and outcome",
    ["topic", "outcome"],
)
OUTBOX_MESSAGES: Final = Gauge(
    "accounts_manager_outbox_messages", "Committed, not yet published", ["service"]
)
OUTBOX_OLDEST_SECONDS: Final = Gauge(
    "accounts_manager_outbox_oldest_seconds", "Age of the oldest", ["service"]
)
INTENT_OLDEST_SECONDS: Final = Gauge(
    "accounts_manager_intent_oldest_seconds",
    "Age of the oldest batch of charges that isn't seen through",
)

Check = Callable[[], Awaitable[dict[str, str]]]
"""Returns what is wrong, by part; empty = ready."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def configure_logs(service: str, level: str, stream: TextIO = sys.stdout) -> None:
    """Write every log line as one JSON object, libraries' lines as well."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
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


def status_server(host: str, port: int, ready: Check) -> uvicorn.Server:
    """Return the server of /health (alive) and /ready (can work)."""

    async def application(path: str, send: Send) -> None:
        if path == "/health":
            await _respond(send, 200, json.dumps({"status": "alive"}).encode())
        elif path == "/ready":
            faults = await ready()
            state = {"status": "waiting" if faults else "ready", "faults": faults}
            await _respond(send, 503 if faults else 200, json.dumps(state).encode())
        else:
            await _respond(send, 404, b'{"status":"not found"}')

    return _server(application, host, port)


def metrics_server(host: str, port: int) -> uvicorn.Server:
    """Return the server of /metrics (Prometheus), on a port of its own and behind no log-in."""

    async def application(path: str, send: Send) -> None:
        if path == "/metrics":
            await _respond(send, 200, generate_latest(), CONTENT_TYPE_LATEST)
        else:
            await _respond(send, 404, b'{"status":"not found"}')

    return _server(application, host, port)


def _server(answer: Callable[[str, Send], Awaitable[None]], host: str, port: int) -> uvicorn.Server:
    async def application(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answer(scope["path"], send)

    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
    )
    return QuietServer(config)


@asynccontextmanager
async def serving(*servers: uvicorn.Server) -> AsyncGenerator[None]:
    """Serve until the block ends."""
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


async def _respond(
    send: Send, status: int, body: bytes, content_type: str = "application/json"
) -> None:
    headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
