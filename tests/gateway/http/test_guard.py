"""What every request passes through, before anybody asks who sent it."""

import html
import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.datastructures import Headers

from contracts.base import Refused
from contracts.problems import PROBLEMS
from gateway.http import security
from gateway.identity.requests import refuse_unacceptable
from gateway.settings import GatewaySettings

JSON = {"Content-Type": "application/json"}
REQUEST_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def problem_of(answer: httpx.Response) -> str:
    """Return the code of a problem document, which must be a whole one."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    code = document["code"]
    assert document["type"] == f"{GatewaySettings().portal_url}/docs/problems#{code}"
    return code


async def test_an_address_that_leads_nowhere_is_a_problem(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/nothing")
    assert (answer.status_code, problem_of(answer)) == (404, "not-found")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/accounts/acc_1", "DELETE, GET, PATCH"),
        ("/v1/accounts", "GET, POST"),
        ("/v1/accounts/quote", "POST"),
        ("/v1/keys/key_1", "DELETE"),
        ("/health", "GET"),
    ],
)
async def test_a_wrong_method_is_told_all_the_right_ones(
    http: httpx.AsyncClient, path: str, methods: str
) -> None:
    answer = await http.put(path)
    assert (answer.status_code, problem_of(answer)) == (405, "method-not-allowed")
    assert answer.headers["allow"] == methods


async def test_a_trailing_slash_is_another_address(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/accounts/")).status_code == 404


async def test_before_the_servers_are_there_everything_is_unavailable(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get("/v1/accounts")
    assert (answer.status_code, problem_of(answer)) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert (await http.get("/health")).json() == {"status": "alive"}


async def test_a_gateway_without_servers_is_not_ready(http: httpx.AsyncClient) -> None:
    answer = await http.get("/ready")
    assert answer.status_code == 503
    assert set(answer.json()["faults"]) == {"gateway", "rabbitmq", "events", "mongodb"}


# --- bodies -----------------------------------------------------------------------------


async def test_a_body_that_says_it_is_too_large_is_not_read(http: httpx.AsyncClient) -> None:
    body = b"x" * (security.BODY_BYTES_MAX + 1)
    answer = await http.post("/v1/sessions", content=body, headers=JSON)
    assert (answer.status_code, problem_of(answer)) == (413, "body-too-large")


async def test_a_body_that_grows_too_large_is_cut_off(http: httpx.AsyncClient) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"x" * 100_000

    answer = await http.post("/v1/sessions", content=pieces(), headers=JSON)
    assert (answer.status_code, problem_of(answer)) == (413, "body-too-large")
    assert sent < 20


@pytest.mark.parametrize(
    ("content_type", "bytes_max"),
    [
        ("application/json", 1_000_000),
        ("", 1_000_000),
        ("text/csv; charset=utf-8", 10_000_000),
        ("multipart/form-data; boundary=x", 10_000_000),
    ],
)
def test_a_table_may_be_larger_than_other_bodies(content_type: str, bytes_max: int) -> None:
    assert security.bytes_max(Headers({"content-type": content_type})) == bytes_max


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "9" * 5000])
async def test_a_length_that_is_none_is_refused(http: httpx.AsyncClient, length: str) -> None:
    headers = {**JSON, "Content-Length": length}
    answer = await http.post("/v1/sessions", content=b"", headers=headers)
    assert problem_of(answer) in ("malformed-request", "body-too-large")


# --- origin -----------------------------------------------------------------------------

COOKIE = {"Cookie": "session=abc"}


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({**COOKIE, "Sec-Fetch-Site": "same-origin"}, False),
        ({**COOKIE, "Sec-Fetch-Site": "same-site"}, True),
        ({**COOKIE, "Sec-Fetch-Site": "cross-site"}, True),
        ({**COOKIE, "Sec-Fetch-Site": "none"}, True),
        ({**COOKIE, "Origin": "http://localhost:8000"}, False),
        ({**COOKIE, "Origin": "http://localhost:8001"}, True),
        ({**COOKIE, "Origin": "https://localhost:8000"}, True),
        ({**COOKIE, "Origin": "null"}, True),
        ({**COOKIE, "Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8000"}, True),
        (COOKIE, True),
        ({}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Cookie": "other=1"}, False),
        ({**COOKIE, "Authorization": "Bearer am_x", "Origin": "https://else.example"}, False),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_only_pages_of_the_portal_may_use_a_session(
    http: httpx.AsyncClient, method: str, headers: dict[str, str], *, refused: bool
) -> None:
    answer = await http.request(method, "/v1/sessions", headers=headers)
    assert (problem_of(answer) == "cross-site-request") is refused
    assert answer.status_code == 403 if refused else answer.status_code != 403


async def test_reading_needs_no_origin(http: httpx.AsyncClient) -> None:
    headers = {**COOKIE, "Sec-Fetch-Site": "cross-site"}
    assert (await http.get("/v1/me", headers=headers)).status_code == 503


# --- answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health", "/v1/me", "/nothing", "/openapi.json"])
async def test_every_answer_has_the_headers_that_keep_it_safe(
    http: httpx.AsyncClient, path: str
) -> None:
    headers = (await http.get(path)).headers
    for name, value in security.SECURITY_HEADERS.items():
        assert headers[name] == value
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


async def test_a_request_keeps_the_id_that_it_came_with(http: httpx.AsyncClient) -> None:
    kept = await http.get("/health", headers={"X-Request-Id": REQUEST_ID})
    assert kept.headers["x-request-id"] == REQUEST_ID
    forged = await http.get("/health", headers={"X-Request-Id": "a\tb"})
    assert forged.headers["x-request-id"] != "a\tb"


async def test_what_goes_wrong_inside_stays_inside(
    app: FastAPI, http: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail() -> None:
        raise RuntimeError("the secret of the house")

    app.add_api_route("/v1/fail", fail)
    answer = await http.get("/v1/fail")
    assert (answer.status_code, problem_of(answer)) == (500, "internal-error")
    assert "secret" not in answer.text
    assert "the secret of the house" in capsys.readouterr().out


async def test_the_log_names_the_route_and_never_the_address(
    http: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await http.get("/v1/accounts/acc_secret?q=secret")
    await http.get("/nowhere/secret")
    await http.post("/v1/sessions", json={"email": "secret@x.example", "password": "secret"})
    logged = capsys.readouterr().out
    assert "/v1/accounts/{account_id}" in logged
    assert "secret" not in logged


async def test_too_many_requests_at_once_are_refused_but_health_is_told(
    app: FastAPI, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses: list[int] = []

    async def nested() -> None:
        statuses.extend(
            [(await http.get(path)).status_code for path in ("/openapi.json", "/health")]
        )
        sent = await http.post("/v1/sessions", json={"email": "a@x.example", "password": "b"})
        statuses.append(sent.status_code)
        assert problem_of(sent) == "unavailable"

    app.add_api_route("/v1/nested", nested)
    monkeypatch.setattr(security, "REQUESTS_AT_ONCE_MAX", 1)
    assert (await http.get("/v1/nested")).status_code == 200
    assert statuses == [503, 200, 503]
    assert (await http.get("/openapi.json")).status_code == 200


async def test_a_request_that_is_still_coming_is_no_work_yet(
    app: FastAPI, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses: list[int] = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        statuses.append((await http.get("/openapi.json")).status_code)
        yield b"}"

    async def take(request: Request) -> int:
        return len(await request.body())

    app.add_api_route("/v1/taken", take, methods=["POST"])
    monkeypatch.setattr(security, "REQUESTS_AT_ONCE_MAX", 1)
    assert (await http.post("/v1/taken", content=pieces(), headers=JSON)).json() == 2
    assert statuses == [200]


async def test_an_answer_that_has_begun_is_no_work_any_more(
    app: FastAPI, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses: list[int] = []

    async def pieces() -> AsyncIterator[str]:
        for _ in range(2):
            statuses.append((await http.get("/openapi.json")).status_code)
            yield "piece"

    async def stream() -> StreamingResponse:
        # what is compressed begins with its first piece
        return StreamingResponse(pieces(), media_type="text/event-stream")

    app.add_api_route("/v1/stream", stream)
    monkeypatch.setattr(security, "REQUESTS_AT_ONCE_MAX", 1)
    assert (await http.get("/v1/stream")).text == "piecepiece"
    assert statuses == [200, 200]


async def test_metrics_are_not_on_the_portals_port(http: httpx.AsyncClient) -> None:
    assert (await http.get("/metrics")).status_code == 404


# --- media types -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "acceptable"),
    [
        ("*/*", True),
        ("application/json", True),
        ("application/*;q=0.5", True),
        ("text/html, application/json;q=0.9", True),
        ("", True),
        ("text/html", False),
        ("application/json;q=0", False),
        ("application/xml, text/*", False),
    ],
)
def test_an_answer_that_is_not_wanted_is_not_made(accept: str, *, acceptable: bool) -> None:
    if acceptable:
        refuse_unacceptable(accept, "application/json")
        return
    with pytest.raises(Refused, match="not-acceptable"):
        refuse_unacceptable(accept, "application/json")


# --- the portal's address ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("portal_url", "cookie", "secure"),
    [
        ("https://portal.example", "__Host-session", True),
        ("http://portal.example", "__Host-session", True),
        ("http://localhost.evil.example", "__Host-session", True),
        ("https://localhost:8000", "__Host-session", True),
        ("http://localhost:8000", "session", False),
        ("http://127.0.0.1:8000/", "session", False),
    ],
)
def test_only_a_portal_on_this_machine_does_without_https(
    portal_url: str, cookie: str, *, secure: bool
) -> None:
    settings = GatewaySettings(portal_url=portal_url)
    assert (settings.session_cookie, settings.secure) == (cookie, secure)


# --- the OpenAPI document --------------------------------------------------------------------


async def test_the_openapi_document_refers_to_nothing_that_is_not_there(
    http: httpx.AsyncClient,
) -> None:
    text = (await http.get("/openapi.json")).text
    document = json.loads(text)
    assert document["openapi"].startswith("3.1")
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])


async def test_every_route_documents_how_it_is_refused(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        if not path.startswith("/v1"):
            continue
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert {"406", "422", "500", "503"} <= set(operation["responses"]), where
            assert operation["description"], where
            if "security" in operation:
                assert {"401", "403"} <= set(operation["responses"]), where
            if "requestBody" in operation:
                assert {"400", "413", "415"} <= set(operation["responses"]), where


async def test_contracts_are_served_and_nothing_beside_them(http: httpx.AsyncClient) -> None:
    described = await http.get("/asyncapi/accounts.json")
    assert described.json()["asyncapi"].startswith("3.0")
    assert (await http.get("/schemas/accounts.account-opening.v1.json")).status_code == 200
    for name in ("nobody", "..%2f..%2fpackage", "%2e%2e", "accounts.json%00"):
        answer = await http.get(f"/asyncapi/{name}.json")
        assert answer.status_code == 404


async def test_the_reference_is_a_page_that_needs_no_other_site(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(addresses) == 3
    for address in addresses:
        assert (await http.get(address)).status_code == 200, address
    assert "data:" in page.headers["content-security-policy"]
    assert (await http.get("/docs/favicon.png")).status_code == 404


async def test_every_problem_leads_to_the_place_that_explains_it(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs/problems")
    assert page.status_code == 200
    for code, (_, title) in PROBLEMS.items():
        assert f'id="{code}"' in page.text
        assert html.escape(title) in page.text
    problem = (await http.get("/v1/nothing")).json()
    assert (problem["code"], problem["type"]) == (
        "not-found",
        f"{GatewaySettings().portal_url}/docs/problems#not-found",
    )


async def test_examples_of_problems_have_a_code_and_a_type_that_is_an_address(
    http: httpx.AsyncClient,
) -> None:
    described = (await http.get("/openapi.json")).json()
    refused = described["paths"]["/v1/accounts"]["post"]["responses"]["409"]
    examples = refused["content"]["application/problem+json"]["examples"]
    for code, example in examples.items():
        assert example["value"]["code"] == code
        assert example["value"]["type"].endswith(f"/docs/problems#{code}")
        assert example["value"]["type"].startswith("https://")
