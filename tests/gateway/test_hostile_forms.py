"""Every form of the portal, sent as no person sends it: never our fault, and nothing half done.

The forms are found by following the links of the pages, as each role sees them.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from contracts.problems import PROBLEMS
from tests.gateway.forms_found import BUTTON, PAGE, FoundForm, Portal
from tests.gateway.world import Json, Tenant, World, fresh_key, populate_reseller
from tests.waiting import eventually

AT_ONCE: Final = 4
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
NONSENSE: Final = (
    "\u200b",
    "A\u200bB",
    "-1",
    "1e5",
    "NaN",
    "1,5",
    "9" * 64,
    "\u0663",
    "\u0130" * 150,
    "x" * 199,
    "$set",
    "0001-01-01T00:00:00+14:00",
)
UNREADABLE: Final = ("A\x00B", "A\u202eB", "x" * 900_000)
WITHOUT_FIELDS: Final = (
    "/logout",
    "/accounts/{account_id}/enable",
    "/accounts/{account_id}/welcome",
    "/keys/{key_id}/revoke",
    "/rates/{sheet_id}/archive",
    "/rates/{sheet_id}/unarchive",
)
"""Forms that are a button alone: there is nothing to read, so nothing can be sent wrong."""

PRESSED: Final = {"/accounts/new/basic": "next"}
"""The button that reads every field, where another one comes first."""

ERROR_PAGE: Final = f"<h1>{PROBLEMS['invalid-fields'][1]}</h1>"

NOT_READ_AS_TEXT: Final = {
    *("blocked", "csv", "current", "new", "confirm", "mode"),
    "/my/user/password email",
}
"""Boxes, files and what is chosen beside them, passwords, and what is there for password managers.
"""

READ_IN_PARTS: Final = ("/accounts/new/plan", "/accounts/bulk")
"""No button of these reads every field, so nothing in one alone need be refused."""

OF_VISITORS: Final = ("/login", "/forgot", "/reset/{token}")
SHARED: Final = ("/keys", "/my/user/password")
"""Forms of the operator, whom other tests need, that a reseller has as well."""

LAST: Final = ("/disable", "/delete", "/archive", "/bulk")
"""What leaves less to be sent to."""


@dataclass(slots=True)
class Seen:
    """A role, the forms that it finds, and what it owns."""

    person: httpx.AsyncClient
    forms: dict[str, FoundForm] = field(default_factory=dict[str, FoundForm])


@dataclass(slots=True)
class Attack:
    """One request that no page of ours sends."""

    name: str
    refused: bool
    """Whether it can't be anything but refused."""

    sent: Mapping[str, Any]
    field: str = ""
    """The one field that can't be read, which must be shown again with an error beside it."""


@pytest.fixture(scope="module")
async def tenant(world: World) -> Json:
    """Give a reseller of this module's own with something on every page, and its customer."""
    await populate_reseller(world, "hostile reseller", "hostile customer")
    seller, customer = world["hostile reseller"], world["hostile customer"]
    program = seller.program
    disabled = await world.opened(program, "/v1/accounts", world.order("Disabled"))
    await program.post(f"/v1/accounts/{disabled['id']}/disable", json={"reason": "x"})
    for name in ("Archived", "Versions"):
        sheet = (await program.post("/v1/rate-sheets", json={"name": name})).json()["id"]
        if name == "Archived":
            await program.post(f"/v1/rate-sheets/{sheet}/archive")
    for rate in ("0.01", "0.02"):
        imported = await program.post(
            f"/v1/rate-sheets/{sheet}/imports",
            content=f"prefix,rate\n44,{rate}\n",
            headers={"Content-Type": "text/csv"},
        )
        assert imported.status_code == 200, imported.text
    place, number = f"/v1/accounts/{customer.account_id}/numbers", seller.numbers[-1]
    added = await program.post(place, json={"numbers": [number]}, headers=fresh_key())
    assert added.status_code == 201, added.text
    removed = await program.delete(f"{place}/{number}", headers=fresh_key())
    assert removed.status_code == 200, removed.text
    record = {
        "call_id": "hostile",
        "account_id": customer.account_id,
        "caller": "104",
        "destination": "+97150123",
        "answered_at": datetime.now(UTC).isoformat(),
        "seconds": 61,
    }
    switch = world.program(await world.make_key(seller.person, "calls"))
    assert (await switch.post("/v1/calls", json=record)).status_code == 202

    return {
        "disabled": disabled["id"],
        "sheet": sheet,
        "rejected": await first_of(program, "/v1/rejected-calls"),
        "invoice": await first_of(program, "/v1/invoices"),
    }


async def first_of(program: httpx.AsyncClient, path: str) -> str:
    """Return the id of the first that a list holds, once it holds one."""

    async def look() -> str:
        data = (await program.get(path)).json()["data"]
        assert data, path
        return data[0]["id"]

    return await eventually(look)


def known_forms(invoice_id: str, account_id: str) -> dict[str, FoundForm]:
    """Return forms that only pages with something due have."""
    request = {"request": "x"}
    paying = {**request, "pay_amount": "1.00", "whole_amount": "1.00"}
    outside = {**request, "outside_amount": "1.00", "outside_note": ""}
    return {
        "/invoices/{invoice_id}/pay": FoundForm(f"/invoices/{invoice_id}/pay", paying),
        "/invoices/{invoice_id}/outside": FoundForm(f"/invoices/{invoice_id}/outside", outside),
        "/bills/{invoice_id}/pay": FoundForm(f"/bills/{invoice_id}/pay", paying),
        "/accounts/{account_id}/invoices/pay": FoundForm(
            f"/accounts/{account_id}/invoices/pay", {**request, "unpaid": "1.00"}
        ),
        "/my/bills/pay": FoundForm("/my/bills/pay", {**request, "unpaid": "1.00"}),
    }


@pytest.fixture
async def roles(app: FastAPI, world: World, tenant: Json) -> dict[str, Seen]:
    """Give what each role finds, in a session of its own; it's looked for once."""
    if "roles" in tenant:
        return tenant["roles"]
    portal = Portal(app)
    seller, customer = world["hostile reseller"], world["hostile customer"]
    draft = {"name": "Hostile", "email": "ann@customer.example", "action": "next"}
    draft |= {"first_name": "Ann", "last_name": "Archer", "phone": "+14155550142"}
    found = {
        "reseller": Seen(await world.sign_in(seller.email)),
        "customer": Seen(await world.sign_in(customer.email)),
        "operator": Seen(await world.sign_in(world["operator"].email)),
    }
    begun = await found["reseller"].person.post("/accounts/new/basic", data=draft)
    assert begun.status_code == 303, begun.text
    sheet, rejected = f"/rates/{tenant['sheet']}", f"/rejected-calls/{tenant['rejected']}"
    account, own = f"/accounts/{customer.account_id}", f"/resellers/{seller.account_id}"
    starts = {
        "reseller": (
            *(account, f"{account}/plan", f"{account}/numbers", f"{account}/invoices"),
            f"{account}/numbers?remove=%2B{customer.numbers[0][1:]}",
            *(f"/accounts/{tenant['disabled']}", "/accounts/new/basic", "/accounts/new/plan"),
            *(sheet, f"{sheet}?dialog=rate&prefix=44", f"{sheet}?dialog=remove&prefix=44"),
            *(f"{sheet}/versions?restore=1", rejected, f"/invoices/{tenant['invoice']}"),
            *("/my/user?change=password", "/accounts"),
        ),
        "customer": ("/my/user?change=password", "/my/plan", "/my/account/billing"),
        "operator": (own, f"/accounts/{seller.account_id}/plan", rejected, "/resellers/new"),
    }
    for role, seen in found.items():
        but_for = ("/invoices",) if role == "operator" else ()
        seen.forms = await portal.forms(seen.person, *starts[role], but_for=but_for)
    account_id = customer.account_id
    found["reseller"].forms |= known_forms(tenant["invoice"], account_id)
    found["customer"].forms |= known_forms(tenant["invoice"], account_id)
    tenant["roles"] = found
    return found


def attacks(form: FoundForm) -> Iterator[Attack]:
    """Yield what is sent to a form."""
    yield Attack("nothing", refused=False, sent={"data": {}})
    twice = [(name, value) for name in form.fields for value in ("x", form.fields[name])]
    yield Attack("everything twice", refused=False, sent=_encoded(twice))
    for number, button in enumerate(sorted(form.buttons) or [""]):
        pressed = {BUTTON: button} if button else {}
        # what one button makes of a value, the others mostly do, too
        for value in NONSENSE[number % 3 :: 3] if number else NONSENSE:
            fields = {**form.fields, **dict.fromkeys(form.typed, value), **pressed}
            yield Attack(f"{button} {value[:20]!r}", refused=False, sent={"data": fields})
    for value in NONSENSE[2:8:2]:
        fields = {**form.fields, **dict.fromkeys(form.hidden, value)}
        yield Attack(f"hidden {value[:20]!r}", refused=False, sent={"data": fields})


def unreadable(form: FoundForm) -> Iterator[Attack]:
    """Yield what can only be refused."""
    many = [(f"field-{number}", "x") for number in range(1_001)]
    yield Attack("a thousand fields", refused=True, sent=_encoded(many))
    for kind in ("application/json", "text/plain", ""):
        headers = {"Content-Type": kind} if kind else {}
        yield Attack(f"type {kind}", refused=True, sent={"content": b"{}", "headers": headers})
    path = urlsplit(form.action).path
    whole = path not in READ_IN_PARTS
    data = {**form.fields, BUTTON: PRESSED.get(path, next(iter(sorted(form.buttons)), ""))}
    for origin in ("https://elsewhere.example", "null"):
        headers = {"Origin": origin}
        yield Attack(f"from {origin}", refused=True, sent={"data": data, "headers": headers})
    for number, name in enumerate(form.typed):
        value = UNREADABLE[number % 2]
        fields = {**data, name: value}
        shown = name if whole else ""
        yield Attack(f"{name} {value[:9]!r}", whole, {"data": fields}, shown)
        others = {one: value for one, value in data.items() if one != name}
        files = {name: ("x.txt", b"1", "text/plain")}
        yield Attack(f"{name} a file", whole, {"data": others, "files": files}, shown)
    for name in form.typed[:1]:
        fields = {**data, name: UNREADABLE[2]}
        yield Attack(f"{name} 900 kB", refused=whole, sent={"data": fields})


def _encoded(fields: list[tuple[str, str]]) -> dict[str, Any]:
    return {"content": urlencode(fields).encode(), "headers": FORM}


async def send(person: httpx.AsyncClient, form: FoundForm, attack: Attack) -> str:
    """Send it; return what is wrong with the answer, or nothing."""
    sent: dict[str, Any] = {**attack.sent, "headers": {**PAGE, **attack.sent.get("headers", {})}}
    answer = await person.post(urlsplit(form.action).path, **sent)
    wrong = answer.status_code >= 500 or (attack.refused and answer.status_code < 400)
    path = urlsplit(form.action).path
    is_shown = f'action="{path}"' in answer.text and answer.status_code == 422
    read = not {attack.field, f"{path} {attack.field}"} & NOT_READ_AS_TEXT
    if attack.field and is_shown and read:
        words = attack.field.replace("_", " ").replace("-", " ")[:40]
        is_told = f"Retype “{words}”" in answer.text or f"Type “{words}” as text" in answer.text
        wrong = wrong or not is_told or ERROR_PAGE in answer.text
    return f"{form.action}: {attack.name}: {answer.status_code}" if wrong else ""


async def failures(seen: Seen, forms: Mapping[str, FoundForm], make: Any) -> list[str]:  # noqa: ANN401 - a generator of attacks
    """Send attacks to forms, those of one form one after the other; return what went wrong."""
    room = asyncio.Semaphore(AT_ONCE)

    async def attack_one(form: FoundForm) -> list[str]:
        async with room:
            return [await send(seen.person, form, attack) for attack in make(form)]

    first = [form for route, form in forms.items() if not route.endswith(LAST)]
    last = [form for route, form in forms.items() if route.endswith(LAST)]
    found = [one for some in await asyncio.gather(*map(attack_one, first)) for one in some]
    for form in last:
        found += await attack_one(form)
    return [one for one in found if one]


async def state_of(tenant: Tenant) -> list[str]:
    """Return all that a reseller has, as its programs read it."""
    account = f"/v1/accounts/{tenant.account_id}"
    paths = (
        *("/v1/accounts?limit=100", "/v1/rate-sheets?limit=100", "/v1/invoices?limit=100"),
        *("/v1/numbers?limit=100", "/v1/billing-settings", "/v1/rejected-calls", "/v1/audit"),
        *(account, f"{account}/balance"),
    )
    return [(await tenant.program.get(path)).text for path in paths]


def with_fields(role: str, seen: Seen) -> dict[str, FoundForm]:
    """Return the forms of a role that hold something to send wrong."""
    left_out = {*WITHOUT_FIELDS, *OF_VISITORS, *(SHARED if role == "operator" else ())}
    return {route: form for route, form in seen.forms.items() if route not in left_out}


async def test_every_form_of_the_portal_is_found(app: FastAPI, roles: dict[str, Seen]) -> None:
    found = {route for seen in roles.values() for route in seen.forms}
    assert Portal(app).posts() - found - {*OF_VISITORS, *WITHOUT_FIELDS} == set()


async def test_what_cannot_be_read_is_refused_and_changes_nothing(
    world: World, roles: dict[str, Seen]
) -> None:
    seller = world["hostile reseller"]
    before = await state_of(seller)
    wrong: list[str] = []
    for role, seen in roles.items():
        wrong += await failures(seen, with_fields(role, seen), unreadable)
    assert wrong == [], "\n".join(wrong)
    assert await state_of(seller) == before


async def test_no_form_fails_or_reaches_another_tenant_whatever_stands_in_it(
    world: World, tenant: Json, roles: dict[str, Seen]
) -> None:
    other = world["other reseller"]
    before = await state_of(other)
    wrong = await _sent_to_others(world, tenant, roles)
    for role, seen in roles.items():
        wrong += await failures(seen, with_fields(role, seen), attacks)
    assert wrong == [], "\n".join(wrong)
    assert await state_of(other) == before


async def _sent_to_others(world: World, tenant: Json, roles: dict[str, Seen]) -> list[str]:
    """Send forms with the ids of another tenant; return which ones are not refused."""
    seller, customer = world["hostile reseller"], world["hostile customer"]
    other, others_customer = world["other reseller"], world["other customer"]
    invoice = await first_of(other.program, "/v1/invoices")
    ids = {
        seller.account_id: other.account_id,
        customer.account_id: others_customer.account_id,
        tenant["disabled"]: others_customer.account_id,
        tenant["sheet"]: other.rate_sheet_id,
        seller.rate_sheet_id: other.rate_sheet_id,
        tenant["invoice"]: invoice,
    }
    wrong: list[str] = []
    for role in ("reseller", "customer"):
        for form in roles[role].forms.values():
            action = form.action
            for mine, theirs in ids.items():
                action = action.replace(mine, theirs)
            if action == form.action:
                continue
            swapped = {name: ids.get(value, value) for name, value in form.fields.items()}
            path = urlsplit(action).path
            answer = await roles[role].person.post(path, data=swapped, headers=PAGE)
            if answer.status_code not in (403, 404):
                wrong.append(f"{role} {action}: {answer.status_code}")
    return wrong
