"""Every wrong field of every JSON body at once, whoever finds it; and nothing is done."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import httpx
import pytest
from pydantic import JsonValue

from local.system import System
from tests.gateway.features.calls.test_calls import new_account
from tests.gateway.features.invoices.test_invoices import first_invoice, open_owing
from tests.gateway.test_hostile_bodies import rejected
from tests.gateway.world import PASSWORD, Json, World, fresh_key, populate_reseller

UNSEEN: Final = "A\u200bB"
ELSEWHERE: Final = {
    "/v1/calls/authorize": "nothing of it is refused by an owner",
    "/v1/calls/{call_id}/extend": "nothing of it is refused by an owner",
    "/v1/calls/{call_id}/release": "nothing of it is refused by an owner",
    "/v1/calls": "what is wrong becomes a rejected call",
    "/v1/calls/batch": "what is wrong becomes a rejected call",
    "/v1/resellers/{account_id}/numbers": "each row has its own answer",
    "/v1/sessions": "nothing of it is refused by an owner",
    "/v1/password-resets": "nothing of it is refused by an owner",
    "/v1/password-resets/lookup": "nothing of it is refused by an owner",
    "/v1/accounts/{account_id}/disable": "one field",
    "/v1/resellers/{account_id}/disable": "one field",
    "/v1/accounts/{account_id}/payments": "one field",
    "/v1/accounts/{account_id}/numbers/{e164}/take-back": "one field",
    "/v1/rate-sheets/{rate_sheet_id}/restore": "one field",
    "/v1/rate-sheets/{rate_sheet_id}/price": "its owner names no field",
    "/v1/calls/imports": "a file, whose rows have answers of their own",
}
"""Bodies with nothing to add to what FastAPI finds, and why."""

ADMINISTRATOR: Final = {"email": "x", "first_name": "", "last_name": UNSEEN, "phone": "1"}
PLAN: Final = {"users": 0, "cost_per_user": "-1.00", "rate_sheet_id": "rs_none"}
COUNTRIES: Final = [{"country": "ZZ", "minutes": 5}, {"country": "IN", "minutes": -1}]
ADDRESS: Final = {"line1": UNSEEN, "locality": "", "country": "ZZ"}


class Door(NamedTuple):
    """A route, and a body of it in which every field has a meaning that its owner refuses."""

    method: str
    path: str
    wrong: Json
    right: Mapping[str, object] = {}
    """Fields that are fine."""

    client: str = "whole"


DOORS: Final = (
    Door("PATCH", "/v1/accounts/{account_id}", {"name": "", "administrator": ADMINISTRATOR}),
    Door("PATCH", "/v1/accounts/{account_id}", {"billing_address": ADDRESS, "tax_id": UNSEEN}),
    Door("POST", "/v1/accounts/{account_id}/credits", {"amount": "0", "note": UNSEEN}),
    Door(
        "POST",
        "/v1/accounts/{account_id}/adjustments",
        {"amount": "0", "reason": "", "entry_seq": 9_999},
    ),
    Door("PUT", "/v1/accounts/{account_id}/credit-limit", {"credit_limit": "-1.00"}),
    Door("PATCH", "/v1/accounts/{account_id}/plan", {**PLAN, "countries": COUNTRIES}),
    Door("POST", "/v1/accounts/{account_id}/plan/quote", {**PLAN, "countries": COUNTRIES}),
    Door(
        "POST",
        "/v1/accounts/{reseller_id}/plan",
        {"name": "", **PLAN, "countries": COUNTRIES},
        client="operator",
    ),
    Door(
        "POST",
        "/v1/accounts/{reseller_id}/plan/new/quote",
        {"name": "", **PLAN, "countries": COUNTRIES},
        client="operator",
    ),
    Door("POST", "/v1/accounts/{account_id}/numbers", {"numbers": ["x", "+1"]}),
    Door("POST", "/v1/accounts/{account_id}/numbers/quote", {"numbers": ["x", "+1"]}),
    Door("POST", "/v1/numbers/reservations", {"numbers": ["x", "+1"]}),
    Door("PATCH", "/v1/numbers/{e164}", {"setup_fee": "-1.00", "monthly_fee": "0.00001"}),
    Door("POST", "/v1/rate-sheets", {"name": "", "currency": "ZZZ"}, client="operator"),
    Door("PATCH", "/v1/rate-sheets/{rate_sheet_id}", {"name": ""}),
    Door("POST", "/v1/rate-sheets/{rate_sheet_id}/copies", {"name": "", "margin_percent": "x"}),
    Door(
        "PUT",
        "/v1/rate-sheets/{rate_sheet_id}/rates/{prefix}",
        {"rate": "-1.00", "country": "ZZ", "name": UNSEEN, "connect_fee": "-1.00"}
        | {"min_duration": -1, "increment": 0, "grace": -1},
    ),
    Door(
        "PATCH", "/v1/platform", {"billing_address": ADDRESS, "tax_id": UNSEEN}, client="operator"
    ),
    Door(
        "PATCH",
        "/v1/billing-settings",
        {"seller_name": UNSEEN, "seller_address": UNSEEN, "invoice_prefix": "!"}
        | {"tax_name": UNSEEN, "tax_percent": "101", "invoice_footer": UNSEEN},
    ),
    Door("POST", "/v1/invoices/{invoice_id}/payments", {"amount": "0", "note": UNSEEN}),
    Door("POST", "/v1/invoices/{invoice_id}/credit-notes", {"amount": "0", "reason": UNSEEN}),
    Door(
        "PATCH",
        "/v1/rejected-calls/{rejected_call_id}",
        {"account_id": "acc_none", "seconds": 0},
        client="other reseller",
    ),
    Door(
        "POST",
        "/v1/rejected-calls/{rejected_call_id}/dismiss",
        {"reason": UNSEEN},
        client="other reseller",
    ),
    Door(
        "POST",
        "/v1/keys",
        {"name": UNSEEN, "dial_format": "e164", "expires_at": "2020-01-01T00:00:00Z"},
        client="person",
    ),
    Door(
        "POST",
        "/v1/me/password",
        {"current_password": "x", "new_password": "short"},
        {"revoke_keys": True},
        client="person",
    ),
    Door(
        "POST",
        "/v1/password-resets/confirm",
        {"password": "short"},
        {"token": "", "revoke_keys": True},
        client="person",
    ),
)


def opening(path: str) -> Door:
    """Return the door of an account or a reseller to open."""
    wrong: Json = {
        "name": "",
        "administrator": ADMINISTRATOR,
        "plan": {"name": "", **PLAN, "countries": COUNTRIES},
        "credit": {"amount": "0", "note": UNSEEN},
        "billing_address": ADDRESS,
    }
    if path.startswith("/v1/accounts"):
        return Door("POST", path, wrong)
    del wrong["plan"], wrong["credit"]
    profile = {"currency": "ZZZ", "country": "ZZ", "time_zone": "Mars/Base", "domain": "x"}
    return Door("POST", path, {**wrong, **profile}, client="operator")


def doors() -> list[Door]:
    """Return every route with a JSON body whose owner may refuse several fields."""
    paths = ("/v1/accounts", "/v1/accounts/quote", "/v1/resellers", "/v1/resellers/quote")
    return [*DOORS, *(opening(path) for path in paths)]


@pytest.fixture(scope="module")
async def names(world: World, system: System) -> Mapping[str, str]:
    """Give what stands in the paths and bodies of the doors, of a reseller of its own."""
    name = f"whole {uuid.uuid4().hex[:6]}"
    await populate_reseller(world, name, f"customer of {name}")
    reseller = world[name]
    world.tenants["whole"] = reseller
    taxed = {"tax_name": "VAT", "tax_percent": "10.00"}
    headers = {"If-Match": "*"}
    settings = await reseller.program.patch("/v1/billing-settings", json=taxed, headers=headers)
    assert settings.status_code == 200, settings.text
    owing = await open_owing(world, reseller, system, credit="20.00")
    account = await world.opened(reseller.program, "/v1/accounts", world.order("Whole"))
    other = await new_account(world, "other reseller", minutes=0)
    return {
        "account_id": account["id"],
        "reseller_id": reseller.account_id,
        "rate_sheet_id": reseller.rate_sheet_id,
        "e164": reseller.numbers[-1],
        "prefix": "91",
        "invoice_id": (await first_invoice(reseller.program, owing))["id"],
        "rejected_call_id": (await rejected(world, other))["id"],
        "token": await world.fresh_link(account["administrator"]["email"]),
    }


def client_of(world: World, door: Door) -> httpx.AsyncClient:
    if door.client == "person":
        return world["whole"].person
    return world[door.client].program


async def wrong_fields(world: World, door: Door, names: Mapping[str, str], body: Json) -> set[str]:
    """Return the fields that are refused when a door gets a body."""
    sent = {**body, "token": names["token"]} if "token" in door.right else body
    headers = {**fresh_key(), "If-Match": "*"}
    path = door.path.format(**names)
    answer = await client_of(world, door).request(door.method, path, json=sent, headers=headers)
    assert answer.status_code in (409, 422), (door.path, body, answer.text)
    return {error["pointer"] for error in answer.json().get("errors", ())}


def places(value: JsonValue, pointer: str = "") -> Iterator[str]:
    """Yield the JSON pointers of everything in a body."""
    for step, part in steps_of(value):
        yield f"{pointer}/{step}"
        yield from places(part, f"{pointer}/{step}")


def steps_of(value: JsonValue) -> list[tuple[str, JsonValue]]:
    """Return what an object or a list holds, by name or position."""
    if isinstance(value, dict):
        return list(value.items())
    return [(str(n), one) for n, one in enumerate(value)] if isinstance(value, list) else []


def misread(value: JsonValue, place: str) -> JsonValue:
    """Return a body in which what is in one place can't be understood."""
    if not place:
        return 5.5 if isinstance(value, dict) else {"of": "no kind"}
    step, _, rest = place.removeprefix("/").partition("/")
    changed = {
        name: misread(part, f"/{rest}" if rest else "") if name == step else part
        for name, part in steps_of(value)
    }
    return list(changed.values()) if isinstance(value, list) else changed


def outside(pointers: Iterable[str], place: str) -> set[str]:
    """Return the pointers that are not within a place, nor around it."""
    return {
        one
        for one in pointers
        if not f"{one}/".startswith(f"{place}/") and not f"{place}/".startswith(f"{one}/")
    }


async def test_every_json_body_is_among_the_doors(world: World) -> None:
    document = (await world.visitor().get("/openapi.json")).json()
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    known = {(door.method, door.path.replace("{reseller_id}", "{account_id}")) for door in doors()}
    assert {(method, path) for method, path in described if path not in ELSEWHERE} == known


@pytest.mark.parametrize("door", doors(), ids=lambda door: f"{door.method} {door.path}")
async def test_what_cannot_be_understood_hides_nothing_that_is_refused(
    world: World, names: Mapping[str, str], door: Door
) -> None:
    body = {**door.wrong, **door.right}
    refused = await wrong_fields(world, door, names, body)
    for field in door.wrong:
        assert any(f"{one}/".startswith(f"/{field}/") for one in refused), (field, refused)
    missed: dict[str, set[str]] = {}
    for place in ("/colour", *places(door.wrong)):
        whole: JsonValue = json.loads(json.dumps({**body, "colour": 1}))
        faulty = misread(whole, place)
        assert isinstance(faulty, dict)
        found = await wrong_fields(world, door, names, faulty)
        assert any(f"{one}/".startswith(f"{place}/") for one in found), (place, found)
        if lost := outside(refused, place) - found:
            missed[place] = lost
    assert not missed


async def test_a_body_that_is_right_but_for_one_field_changes_nothing(
    world: World, names: Mapping[str, str]
) -> None:
    reseller, account = world["whole"], f"/v1/accounts/{names['account_id']}"
    sheet = f"/v1/rate-sheets/{names['rate_sheet_id']}"
    call = f"/v1/rejected-calls/{names['rejected_call_id']}"
    password = {"current_password": PASSWORD, "new_password": "amber-glider-31-fern"}
    link = {"token": names["token"], "password": "amber-glider-31-fern"}
    wishes = [
        Door("PATCH", account, {"name": "Another Name"}),
        Door("POST", f"{account}/credits", {"amount": "1.00"}),
        Door("POST", f"{account}/adjustments", {"amount": "-1.00", "reason": "x"}),
        Door("PUT", f"{account}/credit-limit", {"credit_limit": "9.00"}),
        Door("PATCH", f"{account}/plan", {"users": 3}),
        Door("POST", f"{account}/numbers", {"numbers": [reseller.numbers[5]]}),
        Door("POST", f"{account}/disable", {"reason": "x"}),
        Door("POST", "/v1/numbers/reservations", {"numbers": [reseller.numbers[5]]}),
        Door("PATCH", f"/v1/numbers/{names['e164']}", {"monthly_fee": "9.00"}),
        Door("POST", "/v1/rate-sheets", {"name": "Whole"}),
        Door("PATCH", sheet, {"name": "Whole"}),
        Door("POST", f"{sheet}/copies", {"name": "Whole"}),
        Door("PUT", f"{sheet}/rates/91", {"rate": "9.00"}),
        Door("PATCH", "/v1/billing-settings", {"tax_percent": "9.00", "tax_name": "Whole"}),
        Door("POST", f"/v1/invoices/{names['invoice_id']}/payments", {"source": "outside"}),
        Door(
            "POST",
            f"/v1/invoices/{names['invoice_id']}/credit-notes",
            {"amount": "1.00", "reason": "x"},
        ),
        Door("POST", f"{call}/dismiss", {"reason": "x"}, client="other reseller"),
        Door("POST", "/v1/accounts", world.order("Whole body")),
        Door("POST", "/v1/keys", {"name": "Whole"}, client="person"),
        Door("POST", "/v1/me/password", {**password, "revoke_keys": True}, client="person"),
        Door("POST", "/v1/password-resets/confirm", {**link, "revoke_keys": True}, client="person"),
        Door(
            "POST", "/v1/sessions", {"email": reseller.email, "password": PASSWORD}, client="person"
        ),
    ]
    looks = (
        *(f"{account}{rest}" for rest in ("", "/plan", "/balance", "/transactions")),
        *("/v1/accounts", "/v1/numbers?limit=100", "/v1/rate-sheets", f"{sheet}/rates"),
        *("/v1/billing-settings", f"/v1/invoices/{names['invoice_id']}", "/v1/keys", "/v1/me"),
        "/v1/audit?limit=100",
    )
    before = [(await reseller.person.get(path)).json() for path in looks]
    for wish in wishes:
        assert await wrong_fields(world, wish, names, {**wish.wrong, "colour": 1}) == {"/colour"}
    assert [(await reseller.person.get(path)).json() for path in looks] == before
    assert (await world["other reseller"].program.get(call)).json()["status"] != "dismissed"
    await world.set_password(names["token"])
