"""Every error as an RFC 9457 document, whoever found it."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.exceptions import HTTPException

from contracts.base import FieldError, Refused
from contracts.problems import PROBLEMS
from gateway.http.routing import methods_at
from services.chassis import mongo

PROBLEMS_PATH: Final = "/docs/problems"
PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
PROBLEM_REFERENCE: Final = {"$ref": "#/components/schemas/ProblemDocument"}
EXAMPLE_URL: Final = "https://accounts.example"
RETRY_SECONDS: Final = 1
"""When to come back to a part of the system that does not answer."""

_KIND_OF_STATUS: Final = {
    HTTPStatus.BAD_REQUEST: "malformed-request",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body-too-large",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
_KIND_OF_MISSING_HEADER: Final = {
    ("header", "idempotency-key"): (
        "idempotency-key-required",
        "Send an Idempotency-Key header, so that a repeated request does nothing twice.",
    ),
    ("header", "if-match"): (
        "if-match-required",
        "Send If-Match with the ETag of what you saw, or * to change it as it is.",
    ),
}
_SENTENCES: Final = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field here.",
    "string_type": "This must be a text.",
    "int_type": "This must be a whole number.",
    "bool_type": "This must be true or false.",
    "string_unicode": "This text can’t be read.",
}

log = structlog.get_logger()


class ErrorPages(Protocol):
    """Shows errors to people: the portal gives it, and HTTP knows no more of the portal."""

    def wanted(self, request: Request) -> bool:
        """Tell whether whoever asked would rather see a page than a document."""
        ...

    def respond(
        self, request: Request, kind: str, detail: str, headers: Mapping[str, str]
    ) -> Response:
        """Return the page of a refusal."""
        ...

    async def sign_in_first(self, request: Request) -> Response:
        """Lead people who must sign in to the sign-in page, and back afterwards."""
        ...


class WrongField(BaseModel):
    """One field or parameter that needs correcting."""

    pointer: str | None = None
    """JSON pointer into the body as it was sent."""

    parameter: str | None = None
    """Name of the query or path parameter or header."""

    type: str
    detail: str


class ProblemDocument(BaseModel):
    """Why a request was refused and what to do (RFC 9457)."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    type: str
    """Address of the page that explains the code."""

    code: str
    """What went wrong, as a word that never changes."""

    title: str
    status: int
    detail: str
    instance: str
    """The request, as the answer's header X-Request-Id and our logs name it."""

    errors: tuple[WrongField, ...] = Field(default=())


class RefusedWith(Refused):
    """A refusal whose document has further members, or whose answer has headers of its own."""

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        *,
        headers: Mapping[str, str] | None = None,
        **members: JsonValue,
    ) -> None:
        super().__init__(kind, detail, errors)
        self.headers = dict(headers or {})
        self.members = members


def problem_response(
    request: Request,
    kind: str,
    detail: str,
    errors: Iterable[Mapping[str, str]] = (),
    *,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, JsonValue] | None = None,
) -> Response:
    """Return the answer to a request that is refused: a page for people, else a document."""
    pages = _pages(request)
    if pages.wanted(request):
        return pages.respond(request, kind, detail, headers or {})
    status, title = PROBLEMS[kind]
    document: dict[str, Any] = {
        "type": type_of(request.app.state.portal_url, kind),
        "code": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{request.state.request_id}",
    }
    if wrong := list(errors):
        document["errors"] = wrong
    document.update(members or {})
    extra = dict(headers or {})
    if kind == "unavailable":
        extra.setdefault("Retry-After", str(RETRY_SECONDS))
    if status == HTTPStatus.UNAUTHORIZED:
        extra.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(document, status, extra, PROBLEM_MEDIA_TYPE)


def type_of(portal_url: str, code: str) -> str:
    """Return the URI that identifies a problem: where its code is explained."""
    return f"{portal_url.rstrip('/')}{PROBLEMS_PATH}#{code}"


def _pages(request: Request) -> ErrorPages:
    pages: ErrorPages = request.app.state.error_pages
    return pages


def response_of(request: Request, refusal: Refused) -> Response:
    """Return the answer to a request that a service or an action refused."""
    problem = refusal.problem
    more = refusal if isinstance(refusal, RefusedWith) else None
    return problem_response(
        request,
        problem.code,
        problem.detail,
        (error.model_dump() for error in problem.errors),
        headers=more.headers if more else None,
        members=more.members if more else None,
    )


# --- what FastAPI finds -------------------------------------------------------------------


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refused)
    pages = _pages(request)
    if refusal.problem.code == "not-signed-in" and pages.wanted(request):
        return await pages.sign_in_first(request)
    return response_of(request, refusal)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        detail = "The body is not valid JSON."
        return problem_response(request, "malformed-request", detail)
    for fault in faults:
        if fault["type"] == "missing" and fault["loc"] in _KIND_OF_MISSING_HEADER:
            kind, detail = _KIND_OF_MISSING_HEADER[fault["loc"]]
            return problem_response(request, kind, detail)
    detail = "Correct the fields that `errors` names and send the request again."
    errors = [_wrong_field(fault) for fault in faults]
    return problem_response(request, "invalid-fields", detail, errors)


def _wrong_field(fault: Mapping[str, Any]) -> dict[str, str]:
    where, *path = fault["loc"]
    place = (
        {"pointer": "".join(f"/{_escaped(part)}" for part in path)}
        if where == "body"
        else {"parameter": str(path[0])}
    )
    return {**place, "type": fault["type"].replace("_", "-"), "detail": sentence_of(fault)}


def _escaped(part: object) -> str:
    """Escape a step of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def sentence_of(fault: Mapping[str, Any]) -> str:
    """Return what pydantic found wrong with a field, as a sentence for people."""
    known = _SENTENCES.get(fault["type"])
    if known:
        return known
    text = str(fault["msg"]).removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:]}."


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _KIND_OF_STATUS.get(HTTPStatus(error.status_code), "malformed-request")
    headers: dict[str, str] = {}
    detail = "The request could not be read."
    if kind == "not-found":
        detail = "There’s nothing at this address."
    elif kind in ("body-too-large", "unavailable"):
        detail = str(error.detail)
    elif kind == "method-not-allowed":
        headers["Allow"] = ", ".join(sorted(methods_at(request.app, request.url.path)))
        detail = f"This address takes {headers['Allow']}."
    return problem_response(request, kind, detail, headers=headers)


async def _database_error(request: Request, error: Exception) -> Response:
    """Tell that our own database is away; every other error of it is a bug."""
    if not mongo.is_outage(error):
        raise error
    detail = "The gateway can’t reach its database. Nothing is lost. Try again in a moment."
    return problem_response(request, "unavailable", detail)


def install(app: FastAPI, pages: ErrorPages, portal_url: str) -> None:
    """Answer every error of the app with a problem document, or people with a page."""
    app.state.error_pages = pages
    app.state.portal_url = portal_url
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(mongo.PyMongoError, _database_error)


# --- what the OpenAPI document says --------------------------------------------------------


def documented(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these problems, one entry per status."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in dict.fromkeys(kinds):
        status, title = PROBLEMS[kind]
        media = {"schema": PROBLEM_REFERENCE, "examples": {}}
        entry = responses.setdefault(
            status, {"description": "", "content": {PROBLEM_MEDIA_TYPE: media}}
        )
        entry["description"] = " · ".join(filter(None, (entry["description"], title)))
        entry["content"][PROBLEM_MEDIA_TYPE]["examples"][kind] = {
            "summary": title,
            "value": {
                "type": type_of(EXAMPLE_URL, kind),
                "code": kind,
                "title": title,
                "status": status,
                "detail": f"{title}.",
                "instance": "urn:uuid:5f3c7f5e-6f0f-4f0c-9a53-1f2b8d7c9e10",
            },
        }
    return responses


def refusals(*kinds: str, body: bool = False, signed_in: bool = True) -> dict[int | str, Any]:
    """Return the OpenAPI responses of a route: these problems, and what may befall any route."""
    common = ["not-acceptable", "invalid-fields", "internal-error", "unavailable"]
    if signed_in:
        common += ["not-signed-in", "api-key-expired", "forbidden", "cross-site-request"]
    if body:
        common += ["malformed-request", "body-too-large", "unsupported-media-type"]
    return documented(*sorted({*kinds, *common}, key=lambda kind: (PROBLEMS[kind][0], kind)))
