"""What every request passes through: its id, its limits, its origin, its headers, its log line."""

import re
import time
import uuid
from collections.abc import Mapping
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from contracts.base import Refused
from contracts.billing import IMPORT_BYTES_MAX
from gateway.http.problems import problem_response, response_of
from gateway.settings import GatewaySettings

BODY_BYTES_MAX: Final = 1_000_000
LENGTH_DIGITS_MAX: Final = 12
REQUESTS_AT_ONCE_MAX: Final = 500
"""That have come as a whole and wait for us; those still coming are the connections' concern."""

UNCOUNTED_PATHS: Final = ("/health", "/ready")
UPLOADS: Final = (
    "text/csv",
    "multipart/form-data",
    "application/gzip",
    "application/xml",
    "text/xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
"""Bodies that carry a table, and so may be larger."""

SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
REQUEST_ID_HEADER: Final = "x-request-id"

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_RAW_SECURITY_HEADERS: Final = tuple(
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
)

REQUESTS: Final = Counter(
    "accounts_manager_http_requests_total",
    "Requests answered, by route and status",
    ["method", "route", "status"],
)
REQUEST_SECONDS: Final = Histogram(
    "accounts_manager_http_request_duration_seconds",
    "Time until an answer began",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

_KNOWN_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

log = structlog.get_logger()


def cookie_of(headers: Headers, name: str) -> str:
    """Return a cookie; empty when there is none."""
    return cookie_parser(headers.get("cookie", "")).get(name, "")


class Guard:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self._app = app
        self._settings = settings
        self._unanswered: set[Answering] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID_HEADER, "")
        request_id = given if _UUID.fullmatch(given) else str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        answer = Answering(scope, send, self._unanswered)
        with bound_contextvars(trail=request_id):
            try:
                await self._pass_on(scope, headers, receive, answer)
            finally:
                answer.end()

    async def _pass_on(
        self, scope: Scope, headers: Headers, receive: Receive, answer: "Answering"
    ) -> None:
        request = Request(scope)
        try:
            self._refuse(scope, headers)
            if _has_body(headers):
                receive = self._limited(scope, headers, receive, answer)
            else:
                self._admit(scope, answer)
            await self._app(scope, receive, answer)
        except Refused as refusal:
            await response_of(request, refusal)(scope, receive, answer)
        except ClientDisconnect:
            log.info("the client left before the answer was whole")
        except Exception:
            log.exception("request failed")
            if answer.status:
                raise  # the connection is cut, so that half an answer is not taken for a whole one
            name = request.state.request_id
            detail = f"We have noted it. If you tell us about it, name the request {name}."
            failed = problem_response(request, "internal-error", detail)
            await failed(scope, receive, answer)

    def _refuse(self, scope: Scope, headers: Headers) -> None:
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            raise Refused("malformed-request", "Content-Length is not a number.")
        if len(length) > LENGTH_DIGITS_MAX or int(length) > bytes_max(headers):
            raise Refused("body-too-large", _too_large(headers))
        if scope["method"] not in SAFE_METHODS:
            self._refuse_cross_site(headers)

    def _admit(self, scope: Scope, answer: "Answering") -> None:
        """Begin to work on a request that has come as a whole, or refuse to."""
        if scope["path"] in UNCOUNTED_PATHS:
            return
        if len(self._unanswered) >= REQUESTS_AT_ONCE_MAX:
            raise Refused("unavailable", "Too many requests are in progress.")
        self._unanswered.add(answer)

    def _limited(
        self, scope: Scope, headers: Headers, receive: Receive, answer: "Answering"
    ) -> Receive:
        """Return `receive` with an end to how much may come; once all has come it is counted."""
        most = bytes_max(headers)
        received = 0
        whole = False

        async def limited() -> Message:
            nonlocal received, whole
            message = await receive()
            if whole:
                return message  # what comes after the body is the client's leaving
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, _too_large(headers))
            whole = message["type"] == "http.request" and not message.get("more_body", False)
            if whole:
                try:
                    self._admit(scope, answer)
                except Refused as refusal:
                    # what reads bodies lets no other error through
                    raise HTTPException(503, refusal.problem.detail) from refusal
            return message

        return limited

    def _refuse_cross_site(self, headers: Headers) -> None:
        """Refuse what another site's page may have made a signed-in person's browser send.

        Programs that come with a key, and no browser, need not say where they come from.
        """
        if "authorization" in headers:
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            ours = site == "same-origin"
        elif origin is not None:
            ours = origin == self._settings.origin
        else:
            ours = not cookie_of(headers, self._settings.session_cookie)
        if not ours:
            raise Refused("cross-site-request", "Send this from a page of the portal.")


class Answering:
    """Adds what every answer has, and remembers what the log line says.

    It leaves the unanswered when its answer begins: a stream that goes on is no work any more.
    """

    def __init__(self, scope: Scope, send: Send, unanswered: set["Answering"]) -> None:
        self._scope = scope
        self._send = send
        self._unanswered = unanswered
        self._began = time.perf_counter()
        self._seconds = 0.0
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self._unanswered.discard(self)
            self.status = message["status"]
            self._seconds = time.perf_counter() - self._began
            headers = MutableHeaders(scope=message)
            given = {name for name, _ in headers.raw}
            headers.raw.extend(pair for pair in _RAW_SECURITY_HEADERS if pair[0] not in given)
            headers["X-Request-Id"] = self._scope["state"]["request_id"]
            if "caller" in self._scope["state"]:
                headers["Cache-Control"] = "no-store"
            else:
                headers.setdefault("Cache-Control", "no-store")
        await self._send(message)

    def end(self) -> None:
        """Write the access log and count; the route's pattern, never the address with its values.

        An address may hold a one-time link's token, and its query whatever a person searched for.
        """
        self._unanswered.discard(self)
        state = self._scope["state"]
        method = self._scope["method"] if self._scope["method"] in _KNOWN_METHODS else "other"
        route = getattr(self._scope.get("route"), "path", None) or "none"
        REQUESTS.labels(method, route, str(self.status or "gone")).inc()
        if self.status:
            REQUEST_SECONDS.labels(method, route).observe(self._seconds)
        caller = state.get("caller")
        log.info(
            "request",
            method=method,
            route=route,
            status=self.status or None,
            milliseconds=round(self._seconds * 1000, 1),
            caller=caller.principal.id if caller else None,
            account=caller.account_id if caller else None,
        )


def bytes_max(headers: Headers) -> int:
    """Return how many bytes a body of this type may have."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return IMPORT_BYTES_MAX if kind in UPLOADS else BODY_BYTES_MAX


def _too_large(headers: Headers) -> str:
    return f"A body may have {bytes_max(headers):,} bytes here."


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
