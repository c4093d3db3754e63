"""Addresses that nobody typed by mistake: whatever stands in them, no page and no route fails."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from services.chassis.cursor import cursor_of
from tests.gateway.world import Tenant, World

OPERATORS: Final = ("/audit", "/v1/audit", "/resellers", "/rejected-calls", "/v1/rejected-calls")
URL_CHARACTERS_MAX: Final = 30_000
AT_ONCE: Final = 8
STREAMS: Final = ("/v1/events", "/live")
EXTREMES: Final = (0, -1, 2**31, 2**63 - 1, -(2**63))
TEXTS: Final = ("", "x", "\x00", "0001-01-01", "9999-12-31T23:59:59Z")

VALUES: Final = (
    "",
    "0001-01-01",
    "9999-12-31",
    "9000-01-01",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30",
    "2026-11-22T09:30:00",
    "-1",
    str(2**63),
    "9" * 400,
    "1e400",
    "NaN",
    "%00",
    "%ED%A0%80",
    "%FF%FE",
    "%0D%0AX-Header:%20x",
    "%F0%9F%98%80" * 40,
    "..%2F..%2Fetc%2Fpasswd",
    "%7B%7B7*7%7D%7D",
    "%5B%5D",
    "x" * 10_000,
)
"""Already percent-encoded."""

CURSORS: Final = tuple(
    cursor_of(*position)
    for position in (
        *((number,) for number in EXTREMES),
        *((text,) for text in TEXTS),
        *((number, text) for number, text in zip(EXTREMES, TEXTS, strict=True)),
        *((text, number) for number, text in zip(EXTREMES, TEXTS, strict=True)),
        ("x", "\x00"),
        ("x", "x", "x"),
    )
)
PAGE_PARAMETERS: Final = ("from", "to", "after", "q", "status", "sort", "job", "state", "account")
"""Those that pages read from their address by themselves."""

CURSOR_NAMES: Final = ("cursor", "after")


class Route(NamedTuple):
    """A route that is read, with its whole path."""

    path: str
    dependant: Dependant


def get_routes(app: FastAPI) -> list[Route]:
    """Return every route that is read, but for endless ones."""
    return [
        Route(path, route.dependant)
        for context in iter_route_contexts(app.routes)
        if isinstance(route := context.original_route, APIRoute)
        and "GET" in (route.methods or ())
        and (path := context.path_format or "")
        and path not in STREAMS
    ]


def parameters_of(route: Route) -> tuple[str, ...]:
    """Return the names that may stand in a route's address after the question mark."""
    names = {one.alias for one in route.dependant.query_params}
    waiting = list(route.dependant.dependencies)
    while waiting:
        dependant = waiting.pop()
        names |= {one.alias for one in dependant.query_params}
        waiting += dependant.dependencies
    if not route.path.startswith("/v1"):
        names |= set(PAGE_PARAMETERS)
    return tuple(sorted(names))


def filled(path: str, given: Mapping[str, str], otherwise: str) -> str:
    """Return a path with its parameters."""
    parts: list[str] = []
    for part in path.split("/"):
        name = part[1:].partition("}")[0].partition(":")[0] if "{" in part else ""
        parts.append(part if not name else given.get(name, otherwise))
    return "/".join(parts)


def addresses(route: Route, given: Mapping[str, str], every: int) -> Iterator[str]:
    """Yield addresses of a route that nobody typed by mistake.

    Of what stands in one parameter alone, every so many; the next parameter gets the next ones.
    """
    names = parameters_of(route)
    path = filled(route.path, given, "x")
    for value in VALUES:
        if names and len(value) * len(names) < URL_CHARACTERS_MAX:
            yield f"{path}?{'&'.join(f'{name}={value}' for name in names)}"
        if "{" in route.path and value and len(value) < 1_000:
            yield filled(route.path, {}, value)
    for position, name in enumerate(names, start=len(path)):
        part = slice(position % every, None, every)
        if name in CURSOR_NAMES:
            yield from (f"{path}?{name}={cursor}" for cursor in CURSORS[part])
        elif route.path.startswith("/v1"):
            # one wrong parameter keeps a route from looking at the others
            yield from (f"{path}?{name}={value}" for value in VALUES[part])


async def failures(client: httpx.AsyncClient, urls: Iterable[str]) -> list[str]:
    """Return the addresses that were not answered as they should be."""
    room = asyncio.Semaphore(AT_ONCE)

    async def look(url: str) -> str:
        async with room:
            answer = await client.get(url)
            return f"{answer.status_code} {url[:300]}" if answer.status_code >= 500 else ""

    return [found for found in await asyncio.gather(*map(look, urls)) if found]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "every",
    [pytest.param(5, id="a-fifth"), pytest.param(1, id="all", marks=pytest.mark.soak)],
)
async def test_no_address_makes_a_route_fail(app: FastAPI, world: World, every: int) -> None:
    reseller, customer = world["reseller"], world["customer"]
    given = {
        "account_id": customer.account_id,
        "rate_sheet_id": reseller.rate_sheet_id,
        "sheet_id": reseller.rate_sheet_id,
        "service": "billing",
    }
    routes = get_routes(app)
    assert len(routes) > 50
    found: list[str] = []
    tenants: tuple[tuple[Tenant, Mapping[str, str]], ...] = (
        (reseller, given),
        (world["operator"], {**given, "account_id": reseller.account_id}),
    )
    for tenant, known in tenants:
        mine = [route for route in routes if tenant.name != "operator" or route.path in OPERATORS]
        urls = [url for route in mine for url in addresses(route, known, every)]
        found += await failures(tenant.person, urls)
    assert not found, "\n".join(found[:40])
