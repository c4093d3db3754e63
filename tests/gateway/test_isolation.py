"""Who may do what: every route of the API as every role, and as the other reseller."""

import json
from dataclasses import dataclass
from typing import Final

import httpx
import pytest

from tests.gateway.world import PASSWORD, Json, World, fresh_key

ROLES: Final = ("operator", "reseller", "customer", "switch")
PEOPLE: Final = ("operator", "reseller", "customer")
RESELLERS: Final = ("operator", "reseller")
JSON: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Route:
    """A route, who may use it at all, and whether a key will do."""

    method: str
    path: str
    roles: tuple[str, ...]
    in_person: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ROUTES: Final = (
    Route("DELETE", "/v1/sessions", PEOPLE, in_person=True),
    Route("GET", "/v1/me", ROLES),
    Route("POST", "/v1/me/password", PEOPLE, in_person=True),
    Route("GET", "/v1/events", PEOPLE),
    Route("POST", "/v1/keys", RESELLERS, in_person=True),
    Route("GET", "/v1/keys", RESELLERS, in_person=True),
    Route("DELETE", "/v1/keys/{key_id}", RESELLERS, in_person=True),
    Route("POST", "/v1/resellers/quote", ("operator",)),
    Route("POST", "/v1/resellers", ("operator",)),
    Route("GET", "/v1/resellers", ("operator",)),
    Route("GET", "/v1/resellers/{account_id}", ("operator",)),
    Route("POST", "/v1/resellers/{account_id}/disable", ("operator",)),
    Route("POST", "/v1/resellers/{account_id}/enable", ("operator",)),
    Route("POST", "/v1/resellers/{account_id}/numbers", ("operator",)),
    Route("POST", "/v1/accounts/quote", ("reseller",)),
    Route("POST", "/v1/accounts", ("reseller",)),
    Route("POST", "/v1/accounts/imports", ("reseller",)),
    Route("GET", "/v1/accounts/imports", ("reseller",)),
    Route("GET", "/v1/accounts/imports/{import_id}", ("reseller",)),
    Route("GET", "/v1/accounts/imports/{import_id}.csv", ("reseller",)),
    Route("GET", "/v1/accounts", RESELLERS),
    Route("GET", "/v1/accounts/{account_id}", PEOPLE),
    Route("PATCH", "/v1/accounts/{account_id}", PEOPLE),
    Route("DELETE", "/v1/accounts/{account_id}", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/disable", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/enable", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/welcome", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/credits", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/adjustments", RESELLERS),
    Route("PUT", "/v1/accounts/{account_id}/credit-limit", RESELLERS),
    Route("GET", "/v1/accounts/{account_id}/plan", PEOPLE),
    Route("POST", "/v1/accounts/{account_id}/plan", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/plan/new/quote", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/plan/quote", PEOPLE),
    Route("PATCH", "/v1/accounts/{account_id}/plan", PEOPLE),
    Route("GET", "/v1/accounts/{account_id}/numbers", PEOPLE),
    Route("POST", "/v1/accounts/{account_id}/numbers", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/numbers/quote", RESELLERS),
    Route("DELETE", "/v1/accounts/{account_id}/numbers/{e164}", RESELLERS),
    Route("POST", "/v1/accounts/{account_id}/numbers/{e164}/take-back", RESELLERS),
    Route("GET", "/v1/platform", ("operator",)),
    Route("PATCH", "/v1/platform", ("operator",)),
    Route("GET", "/v1/billing-settings", RESELLERS),
    Route("PATCH", "/v1/billing-settings", RESELLERS),
    Route("GET", "/v1/audit", RESELLERS),
    Route("GET", "/v1/audit.csv", RESELLERS),
    Route("GET", "/v1/accounts.csv", RESELLERS),
    Route("GET", "/v1/resellers.csv", ("operator",)),
    Route("GET", "/v1/numbers.csv", RESELLERS),
    Route("GET", "/v1/rate-sheets.csv", RESELLERS),
    Route("GET", "/v1/repairs.csv", RESELLERS),
    Route("GET", "/v1/rejected-calls.csv", RESELLERS),
    Route("GET", "/v1/keys.csv", RESELLERS, in_person=True),
    Route("GET", "/v1/accounts/{account_id}/balance", PEOPLE),
    Route("GET", "/v1/accounts/{account_id}/transactions", PEOPLE),
    Route("GET", "/v1/accounts/{account_id}/transactions.csv", PEOPLE),
    Route("GET", "/v1/accounts/{account_id}/calls", PEOPLE),
    Route("GET", "/v1/accounts/{account_id}/calls.csv", PEOPLE),
    Route("GET", "/v1/accounts/{account_id}/usage/daily", PEOPLE),
    Route("GET", "/v1/accounts/{account_id}/invoices", PEOPLE),
    Route("GET", "/v1/accounts/{account_id}/invoices.csv", PEOPLE),
    Route("POST", "/v1/accounts/{account_id}/payments", PEOPLE),
    Route("GET", "/v1/invoices", RESELLERS),
    Route("GET", "/v1/invoices.csv", RESELLERS),
    Route("GET", "/v1/invoices/{invoice_id}", PEOPLE),
    Route("GET", "/v1/invoices/{invoice_id}.pdf", PEOPLE),
    Route("POST", "/v1/invoices/{invoice_id}/payments", PEOPLE),
    Route("POST", "/v1/invoices/{invoice_id}/credit-notes", RESELLERS),
    Route("POST", "/v1/calls/authorize", ("switch",)),
    Route("POST", "/v1/calls/{call_id}/extend", ("switch",)),
    Route("POST", "/v1/calls/{call_id}/release", ("switch",)),
    Route("GET", "/v1/calls/holds", ROLES),
    Route("GET", "/v1/calls/route", ("operator", "reseller", "switch")),
    Route("POST", "/v1/calls", ("switch",)),
    Route("POST", "/v1/calls/batch", ("switch",)),
    Route("POST", "/v1/calls/imports", ("operator", "reseller", "switch")),
    Route("GET", "/v1/calls/imports/{import_id}.csv", ("operator", "reseller", "switch")),
    Route("GET", "/v1/search", RESELLERS),
    Route("GET", "/v1/rejected-calls", RESELLERS),
    Route("GET", "/v1/rejected-calls/{rejected_call_id}", RESELLERS),
    Route("PATCH", "/v1/rejected-calls/{rejected_call_id}", RESELLERS),
    Route("POST", "/v1/rejected-calls/{rejected_call_id}/retry", RESELLERS),
    Route("POST", "/v1/rejected-calls/{rejected_call_id}/dismiss", RESELLERS),
    Route("GET", "/v1/repairs", RESELLERS),
    Route("POST", "/v1/repairs/{rejected_call_id}/replay", RESELLERS),
    Route("GET", "/v1/numbers", RESELLERS),
    Route("POST", "/v1/numbers/reservations", RESELLERS),
    Route("POST", "/v1/numbers/imports", RESELLERS),
    Route("PATCH", "/v1/numbers/{e164}", RESELLERS),
    Route("DELETE", "/v1/numbers/{e164}", RESELLERS),
    Route("POST", "/v1/rate-sheets", RESELLERS),
    Route("GET", "/v1/rate-sheets", RESELLERS),
    Route("GET", "/v1/rate-sheets/{rate_sheet_id}", RESELLERS),
    Route("PATCH", "/v1/rate-sheets/{rate_sheet_id}", RESELLERS),
    Route("DELETE", "/v1/rate-sheets/{rate_sheet_id}", RESELLERS),
    Route("GET", "/v1/rate-sheets/{rate_sheet_id}/rates", RESELLERS),
    Route("GET", "/v1/rate-sheets/{rate_sheet_id}/countries", RESELLERS),
    Route("POST", "/v1/rate-sheets/{rate_sheet_id}/archive", RESELLERS),
    Route("POST", "/v1/rate-sheets/{rate_sheet_id}/unarchive", RESELLERS),
    Route("PUT", "/v1/rate-sheets/{rate_sheet_id}/rates/{prefix}", RESELLERS),
    Route("DELETE", "/v1/rate-sheets/{rate_sheet_id}/rates/{prefix}", RESELLERS),
    Route("GET", "/v1/rate-sheets/{rate_sheet_id}/revisions", RESELLERS),
    Route("POST", "/v1/rate-sheets/{rate_sheet_id}/restore", RESELLERS),
    Route("POST", "/v1/rate-sheets/{rate_sheet_id}/copies", RESELLERS),
    Route("GET", "/v1/rate-sheets/{rate_sheet_id}/imports/{import_id}", RESELLERS),
    Route("GET", "/v1/rate-sheets/{rate_sheet_id}/imports/{import_id}/refused", RESELLERS),
    Route("POST", "/v1/rate-sheets/{rate_sheet_id}/imports", RESELLERS),
    Route("POST", "/v1/rate-sheets/{rate_sheet_id}/price", RESELLERS),
    Route("GET", "/v1/rate-sheets/{rate_sheet_id}/export", RESELLERS),
)
FOR_ANYBODY: Final = {
    ("POST", "/v1/sessions"),
    ("POST", "/v1/password-resets"),
    ("POST", "/v1/password-resets/lookup"),
    ("POST", "/v1/password-resets/confirm"),
}
BODIES: Final[dict[str, object]] = {
    "/v1/me/password": {"current_password": PASSWORD, "new_password": "x"},
    "/v1/keys": {"name": "x"},
    "/v1/resellers/{account_id}/numbers": [],
    "/v1/accounts/{account_id}": {},
    "/v1/accounts/{account_id}/disable": {"reason": "x"},
    "/v1/accounts/{account_id}/credits": {"amount": "1.00"},
    "/v1/accounts/{account_id}/adjustments": {"amount": "1.00", "reason": "x"},
    "/v1/accounts/{account_id}/credit-limit": {"credit_limit": "1.00"},
    "/v1/invoices/{invoice_id}/payments": {"amount": "0.01"},
    "/v1/invoices/{invoice_id}/credit-notes": {"amount": "0.01", "reason": "x"},
    "/v1/accounts/{account_id}/plan/quote": {},
    "/v1/accounts/{account_id}/plan/new/quote": {"name": "", "cost_per_user": "0"},
    "/v1/accounts/{account_id}/numbers": {"numbers": ["+14155550142"]},
    "/v1/accounts/{account_id}/numbers/quote": {"numbers": ["+14155550142"]},
    "/v1/platform": {},
    "/v1/billing-settings": {},
    "/v1/calls/authorize": {
        "account_id": "acc_none",
        "call_id": "call_none",
        "destination": "+919876543210",
        "requested_seconds": 60,
    },
    "/v1/calls/{call_id}/extend": {},
    "/v1/calls": {
        "account_id": "acc_none",
        "call_id": "call_none",
        "caller": "104",
        "destination": "+919876543210",
        "seconds": 0,
    },
    "/v1/calls/batch": {"calls": []},
    "/v1/numbers/reservations": {"numbers": []},
    "/v1/numbers/{e164}": {},
    "/v1/rate-sheets": {"name": ""},
    "/v1/rate-sheets/{rate_sheet_id}": {"name": "x"},
    "/v1/rate-sheets/{rate_sheet_id}/rates/{prefix}": {"rate": "0.01"},
    "/v1/rate-sheets/{rate_sheet_id}/restore": {"revision": 99},
    "/v1/rate-sheets/{rate_sheet_id}/copies": {"name": ""},
    "/v1/rate-sheets/{rate_sheet_id}/price": {"destination": "+919876543210", "seconds": 60},
}
"""Bodies that are understood, and that would change nothing where the route is allowed."""


def body_of(world: World, route: Route) -> object:
    """Return a body that the route understands."""
    if route.path.startswith("/v1/resellers") and route.path.endswith(("s", "/quote")):
        return BODIES.get(route.path, {**world.reseller_order("x"), "name": ""})
    if route.path == "/v1/accounts/{account_id}/plan":
        return {"name": "", "cost_per_user": "0"} if route.method == "POST" else {}
    if route.path in ("/v1/accounts", "/v1/accounts/quote"):
        return {**world.order("x"), "name": ""}
    return BODIES.get(route.path)


async def send(
    client: httpx.AsyncClient, route: Route, path: str, body: object = None
) -> httpx.Response:
    """Send a request that is complete."""
    headers = {**fresh_key(), "If-Match": "*"}
    if route.path.endswith("/imports"):
        headers["Content-Type"] = "text/csv"
        return await client.request(route.method, path, content="prefix,rate\n", headers=headers)
    params = {"first": "2026-11-01", "last": "2026-11-30"} if path.endswith("/daily") else None
    if route.method == "DELETE":
        params = {"confirm_name": "x"}
    return await client.request(route.method, path, json=body, headers=headers, params=params)


def path_for(route: Route, *, account_id: str, rate_sheet_id: str) -> str:
    """Return the address of a route for somebody's things."""
    nothing = {
        "key_id": "key_none",
        "call_id": "call_none",
        "rejected_call_id": "rep_none",
        "invoice_id": "inv_none",
        "import_id": "imp_none",
        "prefix": "91",
        "e164": "+14155550142",
    }
    return route.path.format(account_id=account_id, rate_sheet_id=rate_sheet_id, **nothing)


async def test_the_list_of_routes_is_whole(world: World) -> None:
    document = (await world.visitor().get("/openapi.json")).json()
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/v1")
    }
    assert described == {(route.method, route.path) for route in ROUTES} | FOR_ANYBODY


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_nobody_gets_in_without_signing_in(world: World, route: Route) -> None:
    path = path_for(
        route,
        account_id=world["customer"].account_id,
        rate_sheet_id=world["reseller"].rate_sheet_id,
    )
    for client in (world.visitor(), world.browser(), world.program("am_wrong")):
        answer = await send(client, route, path, body_of(world, route))
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
        bare = await client.request(route.method, path)
        assert bare.status_code == 401


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_a_role_that_may_not_is_refused_before_anything_else(
    world: World, route: Route, role: str
) -> None:
    tenant = world[role]
    clients = [] if role in route.roles else [tenant.program]
    if route.in_person and role in route.roles and role != "customer":
        clients = [tenant.program]
    if role not in route.roles and role in PEOPLE:
        clients.append(tenant.person)
    path = path_for(route, account_id=tenant.account_id, rate_sheet_id=tenant.rate_sheet_id or "rs")
    for client in clients:
        for answer in (
            await send(client, route, path, body_of(world, route)),
            await client.request(route.method, path),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text


STRANGERS: Final = {
    # who asks → whose things
    "other reseller": ("reseller", "customer"),
    "customer": ("other customer", "reseller", "other reseller"),
    "reseller": ("other customer", "other reseller"),
    "operator": ("customer",),
}
FOREIGN: Final = [
    pytest.param(route, asker, id=f"{asker}: {route}")
    for asker in STRANGERS
    for route in ROUTES
    if ("{account_id}" in route.path or "{rate_sheet_id}" in route.path)
    and asker.removeprefix("other ") in route.roles
]


@pytest.mark.parametrize(("route", "asker"), FOREIGN)
async def test_what_is_somebody_elses_is_not_there(world: World, route: Route, asker: str) -> None:
    for owner in STRANGERS[asker]:
        things = world[owner]
        path = path_for(route, account_id=things.account_id, rate_sheet_id=things.rate_sheet_id)
        for client in {world[asker].person, world[asker].program}:
            answer = await send(client, route, path, body_of(world, route))
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), answer.text
            for secret in (things.email, things.name):
                assert secret not in answer.text


async def test_lists_hold_what_is_ones_own_and_nothing_else(world: World) -> None:
    for asker, stranger in (("reseller", "other reseller"), ("other reseller", "reseller")):
        mine, theirs = world[asker], world[stranger]
        for path in (
            "/v1/accounts",
            "/v1/numbers",
            "/v1/rate-sheets",
            "/v1/invoices",
            "/v1/keys",
            "/v1/me",
        ):
            client = mine.person if path == "/v1/keys" else mine.program
            text = json.dumps(await _everything(client, path))
            customer = world["other customer" if stranger == "other reseller" else "customer"]
            for foreign in (
                theirs.account_id,
                theirs.email,
                theirs.rate_sheet_id,
                customer.account_id,
                customer.email,
                *theirs.numbers,
            ):
                assert foreign not in text, f"{asker} sees {foreign} at {path}"


async def _everything(client: httpx.AsyncClient, path: str) -> list[Json]:
    pages: list[Json] = []
    parameters: dict[str, str] = {}
    while True:
        answer = await client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        if not pages[-1].get("next"):
            return pages
        parameters["cursor"] = pages[-1]["next"]


async def test_a_foreign_name_or_number_in_an_order_is_not_told_apart_from_a_missing_one(
    world: World,
) -> None:
    """Nothing in a refusal says that something exists at another reseller."""
    mine, theirs = world["reseller"], world["other reseller"]
    details: list[str] = []
    for number, sheet in (
        (theirs.numbers[5], theirs.rate_sheet_id),
        ("+14155559999", "rs_000000000000000000000000"),
    ):
        order = world.order("Foreign")
        order["plan"].update(numbers=[number], rate_sheet_id=sheet)
        answer = await mine.program.post("/v1/accounts/quote", json=order)
        assert answer.status_code == 422
        errors = answer.json()["errors"]
        details.append(json.dumps(errors).replace(number, "N"))
    assert details[0] == details[1]


async def test_an_order_cannot_use_what_is_the_other_resellers(world: World) -> None:
    mine, theirs = world["reseller"], world["other reseller"]
    order = world.order("Foreign")
    order["plan"]["rate_sheet_id"] = theirs.rate_sheet_id
    answer = await mine.program.post("/v1/accounts", json=order, headers=fresh_key())
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/plan/rate_sheet_id"]
    hold = {"numbers": [theirs.numbers[6]]}
    answer = await mine.program.post("/v1/numbers/reservations", json=hold, headers=fresh_key())
    assert (answer.status_code, answer.json()["code"]) == (409, "number-taken")
    held = (
        await theirs.program.post("/v1/numbers/reservations", json=hold, headers=fresh_key())
    ).json()
    order = world.order("Foreign", reservation_id=held["id"])
    order["plan"]["numbers"] = hold["numbers"]
    answer = await mine.program.post("/v1/accounts", json=order, headers=fresh_key())
    assert answer.json()["code"] == "number-taken"
