"""Invoices over HTTP: looked at, printed, paid, corrected; as JSON, CSV and PDF."""

import csv
import io
import re
import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.http.times import EndDay, FirstDay
from local.system import System
from tests.gateway.world import Json, Tenant, World, fresh_key, populate_reseller
from tests.owing import leave_tax_due
from tests.waiting import eventually

TRIES: Final = 20


@pytest.fixture(scope="module")
async def seller(world: World) -> Tenant:
    """Give a reseller whose invoices have a tax of ten per cent."""
    name = f"taxing {uuid.uuid4().hex[:6]}"
    await populate_reseller(world, name, f"customer of {name}")
    looks = {
        "tax_name": "VAT",
        "tax_percent": "10.00",
        "invoice_prefix": f"T{uuid.uuid4().hex[:4].upper()}",
        "seller_address": "1 Example Road\nSpringfield",
    }
    answer = await world[name].program.patch(
        "/v1/billing-settings", json=looks, headers={"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.text
    return world[name]


async def set_tax(seller: Tenant, percent: str) -> None:
    answer = await seller.program.patch(
        "/v1/billing-settings", json={"tax_percent": percent}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.text


@pytest.fixture
async def owing(world: World, seller: Tenant, system: System) -> Json:
    """Give an account without credit, of whose bill 2.00 of tax are due."""
    return await open_owing(world, seller, system, credit="20.00")


async def open_owing(world: World, seller: Tenant, system: System, *, credit: str) -> Json:
    """Open an account without tax, of whose bill 2.00 of tax are due.

    What its credit leaves after 20.00 stays its balance, if it does not cover the 2.00 as well:
    only what is added later pays by itself.
    The bill is made within seconds of the opening, now and then before there is the tax.
    """
    for _ in range(TRIES):
        await set_tax(seller, "0.00")
        order = world.order("Owing", credit={"amount": credit})
        answer = await seller.program.post("/v1/accounts", json=order, headers=fresh_key())
        assert answer.status_code == 201, answer.text
        path = f"/v1/accounts/{answer.json()['id']}"
        await eventually(partial(_is_there, seller, f"{path}/balance"))
        await leave_tax_due(system, seller.account_id, answer.json()["id"], 10 * 1_000_000)
        account = await world.settled(seller.program, path, "active")
        bills: list[Json] = await eventually(partial(_bills, seller, account))
        if bills[0]["due"] == "2.00":
            assert (bills[0]["status"], bills[0]["total"]) == ("issued", "22.00")
            return account
    pytest.fail(f"of {TRIES} accounts each had its bill before there was a tax")


async def _is_there(seller: Tenant, path: str) -> bool:
    return (await seller.program.get(path)).status_code == 200


async def _bills(seller: Tenant, account: Json) -> list[Json]:
    return (await invoices_of(seller.program, account))["data"]


async def invoices_of(client: httpx.AsyncClient, account: Json, **parameters: str) -> Json:
    answer = await client.get(f"/v1/accounts/{account['id']}/invoices", params=parameters)
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    return page


async def first_invoice(client: httpx.AsyncClient, account: Json) -> Json:
    """Return the oldest invoice of an account, in full."""
    summary = (await invoices_of(client, account))["data"][-1]
    answer = await client.get(f"/v1/invoices/{summary['id']}")
    assert answer.status_code == 200, answer.text
    invoice: Json = answer.json()
    return invoice


async def add_credit(seller: Tenant, account: Json, amount: str) -> None:
    path = f"/v1/accounts/{account['id']}/credits"
    answer = await seller.program.post(path, json={"amount": amount}, headers=fresh_key())
    assert answer.status_code == 201, answer.text


async def customer_of(world: World, account: Json) -> httpx.AsyncClient:
    """Give the account's administrator, signed in."""
    email = account["administrator"]["email"]
    await world.first_password(email)
    return await world.sign_in(email)


# --- looking --------------------------------------------------------------------------------


async def test_an_invoice_is_the_same_to_who_sent_it_and_to_who_pays_it(
    world: World, seller: Tenant, owing: Json
) -> None:
    customer = await customer_of(world, owing)
    sent = await first_invoice(seller.program, owing)
    assert sent == await first_invoice(customer, owing)
    assert re.fullmatch(r"T[0-9A-F]{4}-\d{6}", sent["number"])
    assert sent["seller"]["address"] == "1 Example Road\nSpringfield"
    assert sent["customer"]["name"] == owing["name"]
    amounts = {line["kind"]: line["amount"] for line in sent["lines"]}
    assert amounts == {"users": "20.00", "tax": "2.00"}
    assert (sent["paid_by_credit"], sent["paid"]) == ("20.00", "0.00")
    answer = await seller.program.get(f"/v1/invoices/{sent['id']}")
    assert answer.headers["ETag"] == f'"{sent["version"]}"'


async def test_invoices_of_others_are_not_there(world: World, seller: Tenant, owing: Json) -> None:
    invoice = await first_invoice(seller.program, owing)
    strangers = (world["reseller"].program, world["customer"].person, world["operator"].program)
    for stranger in strangers:
        for method, end, body in (
            ("GET", "", None),
            ("GET", ".pdf", None),
            ("POST", "/payments", {"amount": "0.01"}),
            ("POST", "/credit-notes", {"amount": "0.01", "reason": "x"}),
        ):
            path = f"/v1/invoices/{invoice['id']}{end}"
            answer = await stranger.request(method, path, json=body, headers=fresh_key())
            expected = (404, "not-found")
            if stranger is world["customer"].person and end == "/credit-notes":
                expected = (403, "forbidden")
            assert (answer.status_code, answer.json()["code"]) == expected, path


async def test_lists_are_filtered_by_day_status_and_number(seller: Tenant, owing: Json) -> None:
    invoice = await first_invoice(seller.program, owing)
    issued = datetime.fromisoformat(invoice["issued_on"]).date()
    day, following = str(issued), str(issued + timedelta(days=1))
    for parameters, found in (
        ({"from": day, "to": following}, True),
        ({"from": f"{day}T00:00:00Z", "to": f"{day}T12:00:00Z"}, True),
        ({"from": following}, False),
        ({"to": day}, False),
        ({"to": f"{day}T00:00:00Z"}, False),
        ({"status": "unpaid"}, True),
        ({"status": "issued"}, True),
        ({"status": "paid"}, False),
        ({"q": invoice["number"]}, True),
        ({"q": "nothing"}, False),
    ):
        page = await invoices_of(seller.program, owing, **parameters)
        assert bool(page["data"]) == found, parameters
        assert (page["count"], page["total"]) == ((1, "22.00") if found else (0, "0.00"))
        assert (page["unpaid_count"], page["unpaid"]) == (1, "2.00")


async def test_a_seller_lists_what_it_sent_page_by_page(seller: Tenant, owing: Json) -> None:
    invoice = await first_invoice(seller.program, owing)
    numbers: list[str] = []
    parameters = {"limit": "1"}
    while True:
        page = (await seller.program.get("/v1/invoices", params=parameters)).json()
        numbers += [one["number"] for one in page["data"]]
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    assert invoice["number"] in numbers
    assert len(numbers) == len(set(numbers)) == page["count"]
    last = sorted(int(number.rpartition("-")[2]) for number in numbers)
    assert last == list(range(1, len(numbers) + 1)), "numbers have no gap"


@pytest.mark.parametrize(
    "parameters",
    [{"from": "x"}, {"to": "2026-13-01"}, {"status": "draft"}, {"limit": "0"}, {"q": "\x00"}],
)
async def test_what_cannot_be_understood_is_refused(
    seller: Tenant, parameters: dict[str, str]
) -> None:
    answer = await seller.program.get("/v1/invoices", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fields")


async def test_a_cursor_of_nobodys_is_refused(seller: Tenant) -> None:
    answer = await seller.program.get("/v1/invoices", params={"cursor": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


async def test_lists_come_as_csv(seller: Tenant, owing: Json) -> None:
    invoice = await first_invoice(seller.program, owing)
    for path in ("/v1/invoices.csv", f"/v1/accounts/{owing['id']}/invoices.csv"):
        answer = await seller.program.get(path, params={"q": invoice["number"]})
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert (row["number"], row["total"], row["due"]) == (invoice["number"], "22.00", "2.00")
        assert row["customer"] == owing["name"]


# --- printed --------------------------------------------------------------------------------


async def test_an_invoice_comes_as_pdf_and_only_when_it_is_another(
    world: World, seller: Tenant, owing: Json
) -> None:
    invoice = await first_invoice(seller.program, owing)
    path = f"/v1/invoices/{invoice['id']}.pdf"
    answer = await seller.program.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-1.7")
    name = f'attachment; filename="{invoice["number"]}.pdf"'
    assert answer.headers["Content-Disposition"] == name
    tag = answer.headers["ETag"]
    again = await seller.program.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.headers["ETag"], again.content) == (304, tag, b"")
    customer = await customer_of(world, owing)
    assert (await customer.get(path)).headers["ETag"] == tag
    await add_credit(seller, owing, "2.00")
    assert (await first_invoice(customer, owing))["status"] == "paid"
    another = await seller.program.get(path, headers={"If-None-Match": tag})
    assert (another.status_code, another.headers["ETag"] != tag) == (200, True)


async def test_a_pdf_is_no_json(seller: Tenant, owing: Json) -> None:
    invoice = await first_invoice(seller.program, owing)
    headers = {"Accept": "application/json"}
    answer = await seller.program.get(f"/v1/invoices/{invoice['id']}.pdf", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


# --- paid and corrected ---------------------------------------------------------------------


async def test_an_invoice_is_not_paid_without_credit_and_paid_by_credit_that_is_added(
    world: World, seller: Tenant, owing: Json
) -> None:
    invoice = await first_invoice(seller.program, owing)
    customer = await customer_of(world, owing)
    path = f"/v1/invoices/{invoice['id']}/payments"
    poor = await customer.post(path, headers=fresh_key())
    assert (poor.status_code, poor.json()["code"]) == (402, "insufficient-credit")
    await add_credit(seller, owing, "0.75")
    assert (await first_invoice(customer, owing))["due"] == "1.25"
    await add_credit(seller, owing, "5.00")
    late = await customer.post(path, headers=fresh_key())
    assert (late.status_code, late.json()["code"]) == (409, "nothing-due")


async def test_an_invoice_is_paid_in_parts_once_each_and_never_beyond_what_is_due(
    world: World, seller: Tenant, system: System
) -> None:
    owing = await open_owing(world, seller, system, credit="21.50")
    invoice = await first_invoice(seller.program, owing)
    customer = await customer_of(world, owing)
    path = f"/v1/invoices/{invoice['id']}/payments"
    key = fresh_key()
    answers = [await customer.post(path, json={"amount": "0.50"}, headers=key) for _ in range(2)]
    assert [(one.status_code, one.json()["due"]) for one in answers] == [(201, "1.50")] * 2
    other = await customer.post(path, json={"amount": "0.60"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    much = await customer.post(path, json={"amount": "1.51"}, headers=fresh_key())
    assert (much.status_code, much.json()["code"]) == (422, "amount-exceeds-due")
    none = await customer.post(path, json={"amount": "0.00"}, headers=fresh_key())
    assert (none.status_code, none.json()["code"]) == (422, "invalid-fields")
    rest = await customer.post(path, json={"amount": "1.00"}, headers=fresh_key())
    assert (rest.json()["status"], rest.json()["due"]) == ("issued", "0.50")
    await add_credit(seller, owing, "0.75")
    paid = await first_invoice(customer, owing)
    assert (paid["status"], paid["due"]) == ("paid", "0.00")
    assert [one["amount"] for one in paid["payments"]] == ["0.50", "1.00", "0.50"]
    balance = (await customer.get(f"/v1/accounts/{owing['id']}/balance")).json()
    assert balance["balance"] == "0.25"


async def test_only_the_seller_notes_money_from_outside(
    world: World, seller: Tenant, owing: Json
) -> None:
    invoice = await first_invoice(seller.program, owing)
    customer = await customer_of(world, owing)
    path = f"/v1/invoices/{invoice['id']}/payments"
    body = {"source": "outside", "amount": "2.00", "note": "Wire 4711"}
    refused = await customer.post(path, json=body, headers=fresh_key())
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    answer = await seller.program.post(path, json=body, headers=fresh_key())
    assert answer.status_code == 201, answer.text
    (payment,) = answer.json()["payments"]
    assert (payment["source"], payment["note"]) == ("outside", "Wire 4711")
    balance = (await customer.get(f"/v1/accounts/{owing['id']}/balance")).json()
    assert balance["balance"] == "0.00"


async def test_all_unpaid_invoices_are_paid_together_for_the_sum_that_was_seen(
    world: World, seller: Tenant, system: System
) -> None:
    owing = await open_owing(world, seller, system, credit="21.50")
    invoice = await first_invoice(seller.program, owing)
    wire = {"source": "outside", "amount": "0.50", "note": "Wire 4711"}
    noted = await seller.program.post(
        f"/v1/invoices/{invoice['id']}/payments", json=wire, headers=fresh_key()
    )
    assert (noted.status_code, noted.json()["due"]) == (201, "1.50"), noted.text
    customer = await customer_of(world, owing)
    path = f"/v1/accounts/{owing['id']}/payments"
    other = await customer.post(path, json={"amount": "1.49"}, headers=fresh_key())
    assert (other.status_code, other.json()["code"]) == (409, "amount-changed")
    key = fresh_key()
    answers = [await customer.post(path, json={"amount": "1.50"}, headers=key) for _ in range(2)]
    for answer in answers:
        assert (answer.status_code, answer.json()["paid"]) == (201, "1.50"), answer.text
        (paid,) = answer.json()["data"]
        assert (paid["status"], paid["due"]) == ("paid", "0.00")
    nothing = await customer.post(path, headers=fresh_key())
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing-due")


async def test_a_credit_note_lowers_what_is_due_and_gives_back_the_rest(
    world: World, seller: Tenant, owing: Json
) -> None:
    invoice = await first_invoice(seller.program, owing)
    customer = await customer_of(world, owing)
    path = f"/v1/invoices/{invoice['id']}/credit-notes"
    body = {"amount": "5.00", "reason": "Line fault"}
    refused = await customer.post(path, json=body, headers=fresh_key())
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    answer = await seller.program.post(path, json=body, headers=fresh_key())
    assert answer.status_code == 201, answer.text
    note = answer.json()
    assert (note["kind"], note["total"], note["due"]) == ("credit-note", "-5.00", "0.00")
    assert note["corrects_number"] == invoice["number"]
    corrected = await first_invoice(customer, owing)
    assert (corrected["credited"], corrected["due"], corrected["status"]) == (
        "2.00",
        "0.00",
        "paid",
    )
    assert corrected["lines"] == invoice["lines"]
    balance = (await customer.get(f"/v1/accounts/{owing['id']}/balance")).json()
    assert balance["balance"] == "3.00"
    printed = await customer.get(f"/v1/invoices/{note['id']}.pdf")
    assert printed.content.startswith(b"%PDF")
    much = {"amount": "17.01", "reason": "Too much"}
    beyond = await seller.program.post(path, json=much, headers=fresh_key())
    assert (beyond.status_code, beyond.json()["code"]) == (422, "invalid-fields")


async def test_money_needs_a_key_and_an_amount_in_text(seller: Tenant, owing: Json) -> None:
    invoice = await first_invoice(seller.program, owing)
    for path, body in (
        (f"/v1/invoices/{invoice['id']}/payments", {"amount": "1.00"}),
        (f"/v1/accounts/{owing['id']}/payments", {"amount": "1.00"}),
        (f"/v1/invoices/{invoice['id']}/credit-notes", {"amount": "1.00", "reason": "x"}),
    ):
        bare = await seller.program.post(path, json=body)
        assert (bare.status_code, bare.json()["code"]) == (400, "idempotency-key-required")
        number = {**body, "amount": 1.0}
        answer = await seller.program.post(path, json=number, headers=fresh_key())
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/amount"]


# --- days -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2026-11-22", "2026-11-22", "2026-11-22"),
        ("2026-11-22T00:00:00Z", "2026-11-22", "2026-11-22"),
        ("2026-11-22T00:00:01+02:00", "2026-11-22", "2026-11-23"),
        ("2026-12-31t23:59:59z", "2026-12-31", "2027-01-01"),
    ],
)
def test_a_time_counts_as_its_day(text: str, first: str, end: str) -> None:
    assert str(TypeAdapter(FirstDay).validate_python(text)) == first
    assert str(TypeAdapter(EndDay).validate_python(text)) == end


@pytest.mark.parametrize("text", ["2026-11-22T", "2026-11-22 noon", "20261122", "x", "9999-12-31"])
def test_what_is_no_day_is_refused(text: str) -> None:
    for kind in (FirstDay, EndDay):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(text)
