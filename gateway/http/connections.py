"""Bounds for connections: how slowly a client may send, how much, and how it may take an answer.

uvicorn bounds idle connections only, and its fast parser no headers. A proxy in front may have
bounds of its own; the gateway does not depend on them.
"""

import asyncio
import json
import uuid
from typing import Any, Final

import structlog
from prometheus_client import Counter
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from contracts.billing import IMPORT_BYTES_MAX
from contracts.problems import PROBLEMS
from gateway.http.clients import Clients
from gateway.http.problems import type_of
from gateway.settings import GatewaySettings
from services.chassis.joined_writes import JoinedTransport

BODY_BYTES_PER_SECOND_MIN: Final = 16_384
"""A body that comes at least as fast may take longer than others."""

ANSWER_SECONDS_MAX: Final = 60.0
"""How long a client may take nothing of an answer that waits for it."""

LINGER_SECONDS: Final = 2.0
"""How long a client that was refused is listened to, so that it can read why."""

HEADERS_MAX: Final = 100
HEADERS_BYTES_MAX: Final = 32_768
FRAMING_RATIO_MAX: Final = 8
"""Bytes on the line for each of a chunked body."""

BODY_BYTES_MAX: Final = IMPORT_BYTES_MAX + 1_000_000
"""More than any route takes; the app itself has refused such a body long before."""

CUT: Final = Counter(
    "accounts_manager_http_connections_cut_total",
    "Connections ended because of what the client did",
    ["reason"],
)

log = structlog.get_logger()


class _Refused(Exception):  # noqa: N818 - it ends the parsing, and is not an error
    """The rest of the request is not wanted."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with limits: a client beyond one gets an answer and is disconnected."""

    clients: Clients
    portal_url: str
    headers_seconds_max: float
    body_seconds_max: float

    def __init__(self, config: Config, server_state: ServerState, **rest: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(config, server_state, **rest)
        self._host = ""
        self._counted = False
        self._timer: asyncio.TimerHandle | None = None
        """Of what is awaited from the client: its request, or that it goes."""

        self._answer_timer: asyncio.TimerHandle | None = None
        self._refusal: tuple[str, str] | None = None
        self._ended = False
        self._receiving = False
        """Whether a request has begun that has not come as a whole."""

        self._step = 0
        self._in_body = False
        self._body_since = 0.0
        self._raw_bytes = 0
        self._header_bytes = 0
        self._body_bytes = 0

    # --- coming and going -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn narrows it
        """Count the connection, or refuse it."""
        super().connection_made(JoinedTransport(transport, self.loop))
        self._host = self.client[0] if self.client else ""
        self._counted = self.clients.enter(self, self._host)
        if self._counted:
            self.clients.wait_for(self, self._host)
            self._within(self.headers_seconds_max)
        else:
            self.evict()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop(self._timer)
        self._stop(self._answer_timer)
        if self._counted:
            self.clients.receive(self._host, -self._body_bytes)
            self.clients.leave(self, self._host)
        super().connection_lost(exc)

    def evict(self) -> bool:
        """End it because its client has too many; False when it is ending already."""
        if self._ended or self.transport.is_closing():
            return False
        self._end("too-many-requests", "You have too many connections open.")
        self.transport.close()
        return True

    def _cut(self, kind: str, detail: str) -> None:
        """End it, but read on for a moment: closed at once, it would take the refusal with it."""
        if self._ended or self.transport.is_closing():
            return
        self._end(kind, detail)
        self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _end(self, kind: str, detail: str) -> None:
        self._ended = True
        self._stop(self._timer)
        CUT.labels(kind).inc()
        log.info("connection cut", reason=kind, client=self._host)
        if self._can_tell():
            self.transport.write(refusal_bytes(self.portal_url, kind, detail))
        if (cycle := self._last_cycle) is not None:
            # the app hears that the client has gone, and what it may still send goes nowhere
            cycle.disconnected = True
            cycle.message_event.set()

    @property
    def _last_cycle(self) -> RequestResponseCycle | None:
        return self.cycle  # None before the first request, whatever uvicorn's annotation says

    def _can_tell(self) -> bool:
        """Tell whether a refusal would be read as the answer to what was sent last."""
        if not self._receiving:
            return not self._counted
        if self._in_body:
            return not (self.cycle.response_started or self.pipeline)
        return (cycle := self._last_cycle) is None or cycle.response_complete

    # --- receiving --------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take what came, while it is within the bounds."""
        if self._ended or not self._counted:
            return
        step = self._step
        super().data_received(data)
        if self._receiving and self._step == step:
            # long headers, chunks' frames and trailers are reported by the parser only at their end
            self._raw_bytes += len(data)
            if self._raw_bytes > HEADERS_BYTES_MAX + FRAMING_RATIO_MAX * self._body_bytes:
                self._cut(*_headers_too_large())

    def on_message_begin(self) -> None:
        """Wait for the headers."""
        super().on_message_begin()
        self._receiving, self._in_body = True, False
        self._step += 1
        self._raw_bytes = self._header_bytes = 0
        self.clients.wait_for(self, self._host)
        self._within(self.headers_seconds_max)

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self._count_header(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._count_header(len(name) + len(value))
        super().on_header(name, value)

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > HEADERS_BYTES_MAX or len(self.headers) >= HEADERS_MAX:
            self._refuse(*_headers_too_large())

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        super().on_headers_complete()
        self._in_body = True
        self._step += 1
        self._body_since = self.loop.time()
        self._within(self.body_seconds_max)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body_bytes += len(body)
        fits = self.clients.receive(self._host, len(body))
        if self._body_bytes > BODY_BYTES_MAX:
            self._refuse("body-too-large", f"A body may have {IMPORT_BYTES_MAX:,} bytes at most.")
        if not fits:
            self._refuse("too-many-requests", "Send fewer large requests at once.")
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop waiting: it is the client who waits now."""
        super().on_message_complete()
        self.clients.receive(self._host, -self._body_bytes)
        self._receiving, self._body_bytes = False, 0
        self._stop(self._timer)
        if not self.cycle.response_complete:
            self.clients.got(self, self._host)

    def on_response_complete(self) -> None:
        """Wait for the next request; who does not take the end of an answer is not waited for."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._wait_for_taking()
        elif not (self.pipeline or self._receiving):
            self.clients.wait_for(self, self._host)

    def _refuse(self, kind: str, detail: str) -> None:
        """Leave the parser, which then calls `send_400_response`."""
        self._refusal = (kind, detail)
        raise _Refused

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, or more than one may be."""
        self._cut(*(self._refusal or ("malformed-request", msg)))

    # --- deadlines --------------------------------------------------------------------------

    def _within(self, seconds: float) -> None:
        self._stop(self._timer)
        self._timer = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        """Cut off a client that is too slow; give more time to a body that comes along well."""
        if self._receiving and self._in_body:
            earned = self._body_bytes / BODY_BYTES_PER_SECOND_MIN
            left = self._body_since + self.body_seconds_max + earned - self.loop.time()
            if earned and left > 0:
                self._within(left)
                return
        self._cut("request-timeout", "The request took too long to arrive. Send it again.")

    def pause_writing(self) -> None:
        """Wait for the client to take what was written."""
        super().pause_writing()
        self._wait_for_taking()

    def _wait_for_taking(self) -> None:
        self._stop(self._answer_timer)
        self._answer_timer = self.loop.call_later(ANSWER_SECONDS_MAX, self._give_up)

    def resume_writing(self) -> None:
        """Stop waiting."""
        super().resume_writing()
        self._stop(self._answer_timer)

    def _give_up(self) -> None:
        CUT.labels("answer-not-taken").inc()
        log.info("connection cut", reason="answer-not-taken", client=self._host)
        self.transport.abort()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def _headers_too_large() -> tuple[str, str]:
    detail = f"A request may have {HEADERS_MAX} headers, and {HEADERS_BYTES_MAX:,} bytes of them."
    return "headers-too-large", detail


def refusal_bytes(portal_url: str, kind: str, detail: str) -> bytes:
    """Return a whole answer to what never became a request."""
    status, title = PROBLEMS[kind]
    request_id = str(uuid.uuid4())
    document = {
        "type": type_of(portal_url, kind),
        "code": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{request_id}",
    }
    body = json.dumps(document).encode()
    headers = (
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        f"x-request-id: {request_id}",
        "cache-control: no-store",
        "connection: close",
        "",
        "",
    )
    return STATUS_LINE[status] + "\r\n".join(headers).encode() + body


def protocol_of(clients: Clients, settings: GatewaySettings) -> type[asyncio.Protocol]:
    """Return the protocol whose connections these clients open."""
    bounds = {
        "clients": clients,
        "portal_url": settings.portal_url,
        "headers_seconds_max": settings.headers_seconds_max,
        "body_seconds_max": settings.body_seconds_max,
    }
    return type("BoundedConnection", (Connection,), bounds)
