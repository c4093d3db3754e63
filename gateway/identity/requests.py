"""What routes take from a request besides its body: who asks, keys, versions, media types."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from pydantic import AfterValidator

from contracts.base import Refused
from contracts.values import PAGE_ITEMS_MAX, is_readable
from gateway.http.problems import refusals
from gateway.http.times import EndDay, FirstDay, TimeOrDay
from gateway.identity.authentication import caller_of, visitor_of
from gateway.identity.caller import Action, Caller, RequestKey, Visitor

OPENING_PROBLEMS = (
    "insufficient-credit",
    "account-disabled",
    "account-name-taken",
    "plan-name-taken",
    "number-taken",
    "reservation-expired",
    "currency-mismatch",
    "not-found",
)


KEY_PROBLEMS = ("idempotency-key-required", "idempotency-key-reused")


STATE_PROBLEMS = refusals(
    "not-found", "account-not-active", "account-disabled", "idempotency-key-reused", body=True
)

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
CSV: Final = "text/csv"
PDF: Final = "application/pdf"
EVENT_STREAM: Final = "text/event-stream"


_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')

_key_scheme = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="An API key, made with `POST /v1/keys`. One of the scope `calls` may also be the"
    " password of Basic authentication, with any user name.",
)
_session_scheme = APIKeyCookie(
    name="__Host-session",
    auto_error=False,
    scheme_name="session",
    description="The cookie of `POST /v1/sessions`; `session` on http://localhost.",
)


# --- who asks ---------------------------------------------------------------------------


def may(
    action: Action[..., Any], *, takes: tuple[str, ...] = (JSON,), gives: str = JSON
) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency of a route that does this action: its caller, who may do it.

    `takes` and `gives` are the media types of the route's body, where it has one, and answer.
    """

    async def permitted(
        request: Request,
        _key: Annotated[object, Depends(_key_scheme)],
        _session: Annotated[object, Depends(_session_scheme)],
    ) -> Caller:
        caller = await caller_of(request)
        action.refuse_unless_allowed(caller)
        _refuse_media(request, takes, gives)
        return caller

    return permitted


async def _anyone(request: Request) -> Visitor:
    visitor = visitor_of(request)
    _refuse_media(request, (JSON,), JSON)
    return visitor


Anyone = Annotated[Visitor, Depends(_anyone)]


def _refuse_media(request: Request, takes: tuple[str, ...], gives: str) -> None:
    refuse_unacceptable(request.headers.get("accept", "*/*"), gives)
    sent = request.headers.get("content-length", "0") != "0"
    if not sent and "transfer-encoding" not in request.headers:
        return
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media_type.strip().lower() not in takes or charset not in ("", "utf-8", "utf8"):
        detail = f"Send the body as {' or '.join(takes)}, in UTF-8."
        raise Refused("unsupported-media-type", detail)


def refuse_unacceptable(accept: str, gives: str) -> None:
    """Refuse a client that would not understand the answer (RFC 9110, 12.5.1)."""
    family = f"{gives.partition('/')[0]}/*"
    for wanted in accept.split(",") if accept.strip() else ["*/*"]:
        media_type, *parameters = (part.strip().lower() for part in wanted.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
        if media_type in ("*/*", family, gives) and not refused:
            return
    raise Refused("not-acceptable", f"The answer is {gives}; your Accept header excludes it.")


# --- headers ----------------------------------------------------------------------------


_IdempotencyKey: Final = Header(
    description="Chosen by you, new for each thing to be done. The same key with the same body "
    "gets the same answer, and the thing is done once.",
    min_length=1,
    max_length=255,
    pattern=r"^[!-~]+$",
    examples=["5f3c7f5e-6f0f-4f0c-9a53-1f2b8d7c9e10"],
)


def _required_key(request: Request, idempotency_key: Annotated[str, _IdempotencyKey]) -> RequestKey:
    return RequestKey(f"{request.method} {request.url.path}", idempotency_key)


def _optional_key(
    request: Request, idempotency_key: Annotated[str | None, _IdempotencyKey] = None
) -> RequestKey | None:
    return _required_key(request, idempotency_key) if idempotency_key else None


RequiredKey = Annotated[RequestKey, Depends(_required_key)]
OptionalKey = Annotated[RequestKey | None, Depends(_optional_key)]


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def _versions(
    if_match: Annotated[
        str,
        Header(
            description="The ETag of what you saw; the change is refused when it is older. "
            "`*` changes it as it is.",
            max_length=255,
            examples=['"3"'],
        ),
    ],
) -> tuple[int, ...] | None:
    """Return the versions that the change may be made to; None for any that exists."""
    if if_match.strip() == "*":
        return None
    tags = [found.groups() for found in _TAG.finditer(if_match)]
    return tuple(
        int(tag)
        for weak, tag in tags
        if not weak and re.fullmatch(r"0|[1-9]\d{0,8}", tag, re.ASCII)
    )


IfMatch = Annotated[tuple[int, ...] | None, Depends(_versions)]


async def version_to_change(
    versions: tuple[int, ...] | None, current: Callable[[], Awaitable[int]]
) -> int:
    """Return the one version that If-Match allows to be changed; asks for the current if need be.

    Refused with `version-conflict` when what is stored is none of those named.
    """
    if versions is not None and len(versions) == 1:
        return versions[0]
    now = await current()
    if versions is not None and now not in versions:
        raise Refused("version-conflict", "Load it again and repeat your change.")
    return now


# --- parameters -------------------------------------------------------------------------


def _printable(value: str) -> str:
    if not is_readable(value):
        message = "a search has no control characters"
        raise ValueError(message)
    return value


From = Annotated[
    TimeOrDay | None,
    Query(alias="from", description="At or after this time, or midnight UTC of this day."),
]
To = Annotated[
    TimeOrDay | None,
    Query(alias="to", description="Before this time, or before midnight UTC of this day."),
]
FromDay = Annotated[FirstDay | None, Query(alias="from", description="The first day.")]
ToDay = Annotated[EndDay | None, Query(alias="to", description="The day after the last.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_ITEMS_MAX, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2_000, description="`next` of the page before, as it is.")
]
Search = Annotated[str, Query(max_length=64), AfterValidator(_printable)]
ConfirmName = Annotated[
    str, Query(max_length=500, description="The name of what is to go, exactly as it's written.")
]
"""Confirms what can't be undone."""

AccountSearch = Annotated[str, Query(max_length=200), AfterValidator(_printable)]
