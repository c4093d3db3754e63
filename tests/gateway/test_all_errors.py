"""Every wrong field is told at once: in forms, in dialogs and in bodies; and nothing is done."""

import re
from collections.abc import Mapping

import httpx
import pytest

from tests.gateway.world import Json, World, fresh_key
from tests.waiting import eventually

PAGE = {"Accept": "text/html,*/*;q=0.8"}
UNSEEN = "A\u200bB"


@pytest.fixture
async def person(world: World) -> httpx.AsyncClient:
    """Give the reseller's browser."""
    person = await world.sign_in(world["reseller"].email)
    person.headers.update(PAGE)
    return person


def wrong_fields(page: str) -> set[str]:
    """Return the fields of a page that have an error beside them."""
    return set(re.findall(r'id="([\w-]+)-error"', page))


@pytest.mark.parametrize(
    ("path", "form", "wrong"),
    [
        (
            "/accounts/{account}/credits",
            {"credit_amount": "x", "credit_note": UNSEEN},
            "credit_amount credit_note",
        ),
        (
            "/accounts/{account}/adjustments",
            {"adjust_amount": "x", "adjust_reason": ""},
            "adjust_amount adjust_reason",
        ),
        (
            "/accounts/{account}/edit",
            {"name": "", "email": "x", "first_name": UNSEEN, "phone": "1", "tax_id": "x"},
            "name email first_name last_name phone tax_id",
        ),
        (
            "/settings",
            {"seller_name": UNSEEN, "tax_percent": "x", "invoice_prefix": "!", "tax_name": ""},
            "seller_name tax_percent invoice_prefix tax_name",
        ),
        ("/keys", {"name": UNSEEN, "expires_on": "x"}, "name expires_on"),
        ("/keys", {"name": "", "expires_on": "2020-01-01"}, "name expires_on"),
        (
            "/rates/{sheet}/rate",
            {
                "is_new": "yes",
                "prefix": "abc",
                "effective_from": "x",
                "rate": "x",
                "rate_name": UNSEEN,
                "min_duration": "x",
                "increment": "0",
                "grace": "0",
            },
            "prefix effective_from rate rate_name min_duration increment",
        ),
        ("/rates/{sheet}/copy", {"copy_name": "", "margin": "x"}, "copy_name margin"),
        (
            "/my/user/password",
            {"current": "x", "new": "short", "confirm": "other"},
            "current new confirm",
        ),
        (
            "/accounts/new/basic",
            {"name": "", "email": "x", "first_name": "", "phone": "1", "address_line1": "1 Road"},
            "name email first_name last_name phone address_locality address_country",
        ),
    ],
)
async def test_a_form_says_all_that_is_wrong_and_does_nothing(
    world: World, person: httpx.AsyncClient, path: str, form: Mapping[str, str], wrong: str
) -> None:
    names = {"account": world["customer"].account_id, "sheet": world["reseller"].rate_sheet_id}
    version = {"version": "99"} if "{sheet}" in path else {}
    if path == "/settings":
        shown = (await person.get("/v1/billing-settings")).json()
        version = {"version": str(shown["version"])}
    elif path.endswith("/edit"):
        shown = (await person.get(f"/v1/accounts/{names['account']}")).json()
        version = {"version": str(shown["version"])}
    elif "{sheet}" in path:
        shown = (await person.get(f"/v1/rate-sheets/{names['sheet']}")).json()
        version = {"version": str(shown["version"])}
    balance = f"/v1/accounts/{names['account']}/balance"
    before = (await person.get(balance)).json()
    answer = await person.post(path.format(**names), data={**version, **form})
    assert answer.status_code == 422
    assert wrong_fields(answer.text) == set(wrong.split())
    first = re.search(
        r'<(?:input|select|textarea)[^>]* aria-invalid="true"( autofocus)?', answer.text
    )
    assert first
    assert first.group(1), "the first wrong field has the focus"
    assert (await person.get(balance)).json() == before


async def test_a_payment_from_outside_says_all_that_is_wrong(
    world: World, person: httpx.AsyncClient
) -> None:
    order = world.order("Owing")
    order["plan"]["cost_per_user"] = "1.00"
    account = await world.opened(world["reseller"].program, "/v1/accounts", order)
    path = f"/v1/accounts/{account['id']}/invoices"

    async def issued() -> list[Json]:
        found: list[Json] = (await person.get(path)).json()["data"]
        return found

    listed: list[Json] = await eventually(issued)  # pyright: ignore[reportAssignmentType] - awaited there
    for invoice in listed:
        form = {"note_amount": "1.00", "reason": ""}
        answer = await person.post(f"/invoices/{invoice['id']}/credit", data=form)
        assert wrong_fields(answer.text) == {"reason"}
        form = {"outside_amount": "x", "outside_note": UNSEEN}
        answer = await person.post(f"/invoices/{invoice['id']}/outside", data=form)
        assert answer.status_code in (409, 422)
        form = {"note_amount": "x", "reason": UNSEEN}
        answer = await person.post(f"/invoices/{invoice['id']}/credit", data=form)
        assert wrong_fields(answer.text) == {"note_amount", "reason"}


async def test_a_link_for_a_password_says_all_that_is_wrong(world: World) -> None:
    order = world.order("Linked")
    account = await world.opened(world["reseller"].program, "/v1/accounts", order)
    token = await world.fresh_link(account["administrator"]["email"])
    form = {"new": "short", "confirm": "other"}
    answer = await world.browser().post(f"/reset/{token}", data=form, headers=PAGE)
    assert (answer.status_code, wrong_fields(answer.text)) == (422, {"new", "confirm"})
    await world.set_password(token)


def pointers(answer: httpx.Response) -> set[str]:
    """Return the fields that a problem names."""
    assert answer.status_code == 422, answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/accounts/quote"])
async def test_an_order_says_all_that_is_wrong_whoever_finds_it(world: World, path: str) -> None:
    order: Json = world.order("Wrong")
    order["name"] = ""
    order["administrator"]["email"] = "x"
    order["plan"].update(cost_per_user="ten", users=0, colour="red")
    order["credit"] = {"amount": 5, "note": UNSEEN}
    answer = await world["reseller"].program.post(path, json=order, headers=fresh_key())
    assert pointers(answer) == {
        "/name",
        "/administrator/email",
        "/plan/cost_per_user",
        "/plan/users",
        "/plan/colour",
        "/credit/amount",
        "/credit/note",
    }
    del order["administrator"], order["plan"]["name"]
    answer = await world["reseller"].program.post(path, json=order, headers=fresh_key())
    assert {"/name", "/administrator", "/plan/name", "/plan/users"} <= pointers(answer)
    assert all(error["detail"].count("..") == 0 for error in answer.json()["errors"])


async def test_a_reseller_to_open_says_all_that_is_wrong(world: World) -> None:
    order = world.reseller_order("Wrong", currency="ZZZ", time_zone="Mars/Base")
    order["country"] = "usa"
    order["administrator"]["phone"] = "1"
    program = world["operator"].program
    answer = await program.post("/v1/resellers/quote", json=order, headers=fresh_key())
    assert {"/country", "/currency", "/time_zone", "/administrator/phone"} <= pointers(answer)


async def test_an_adjustment_says_all_that_is_wrong(world: World) -> None:
    path = f"/v1/accounts/{world['customer'].account_id}/adjustments"
    body = {"amount": "0", "reason": "", "entry_seq": 9_999}
    answer = await world["reseller"].program.post(path, json=body, headers=fresh_key())
    assert pointers(answer) == {"/amount", "/reason", "/entry_seq"}
