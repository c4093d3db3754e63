"""Two people in one form: whoever saves second changes what they typed, and nothing else."""

import html
import re
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.portal.forms import Form
from gateway.portal.merging import merged, shown_by, shown_text
from tests.gateway.features.calls.test_calls import new_account, record
from tests.gateway.features.rejected_calls.test_rejected_calls import found
from tests.gateway.world import Json, World
from tests.waiting import eventually

PAGE = {"Accept": "text/html,*/*;q=0.8"}
INPUT = re.compile(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"')
SELECT = re.compile(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
TEXT_AREA = re.compile(r'<textarea[^>]* name="([^"]+)"[^>]*>\n?(.*?)</textarea>', re.DOTALL)


@pytest.fixture
async def person(world: World) -> httpx.AsyncClient:
    """Give the reseller's browser."""
    person = await world.sign_in(world["reseller"].email)
    person.headers.update(PAGE)
    return person


def form_of(page: str, action: str = "") -> dict[str, str]:
    """Return the first form of a page with a version, as a browser would send it.

    `action` is how its address ends, where a page has several such forms.
    """
    forms = (one for one in page.split("<form")[1:] if 'name="version"' in one)
    part = next(one for one in forms if f'{action}"' in one.partition(">")[0])
    part = part.partition("</form>")[0]
    found = {html.unescape(name): html.unescape(value) for name, value in INPUT.findall(part)}
    for name, options in SELECT.findall(part):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = html.unescape(chosen.group(1)) if chosen else ""
    for name, text in TEXT_AREA.findall(part):
        found[name] = html.unescape(text)
    return found


async def both_save(
    person: httpx.AsyncClient, path: str, first: Json, second: Json
) -> httpx.Response:
    """Have two windows save one form after the other; the second again what it is shown then."""
    windows = [form_of((await person.get(path)).text) for _ in range(2)]
    saved = await person.post(path, data={**windows[0], **first})
    assert saved.status_code == 303, saved.text
    late = await person.post(path, data={**windows[1], **second})
    assert late.status_code == 412
    return await person.post(path, data=form_of(late.text))


async def test_an_account_keeps_what_each_of_two_people_typed(
    world: World, person: httpx.AsyncClient
) -> None:
    account = await world.opened(
        world["reseller"].program, "/v1/accounts", world.order("Two people")
    )
    path = f"/accounts/{account['id']}/edit"
    theirs = {"first_name": "Thea", "address_line1": "1 Their Street", "address_postal_code": "1"}
    theirs |= {
        "address_locality": "Leeds",
        "address_country": "GB",
        "address_postal_code": "LS1 1AA",
    }
    again = await both_save(person, path, theirs, {"last_name": "Mine"})
    assert again.status_code == 303, again.text
    stored = (await person.get(f"/v1/accounts/{account['id']}")).json()
    assert stored["administrator"]["first_name"] == "Thea"
    assert stored["administrator"]["last_name"] == "Mine"
    assert stored["billing_address"]["line1"] == "1 Their Street"


@pytest.fixture
async def settings_for_a_while(person: httpx.AsyncClient) -> AsyncIterator[None]:
    """Give the reseller its billing settings back afterwards; others count on them."""
    path = "/v1/billing-settings"
    before = (await person.get(path)).json()
    yield
    kept = {name: before[name] for name in ("seller_name", "tax_name", "tax_percent")}
    kept |= {"invoice_footer": before["invoice_footer"]}
    headers = {"If-Match": "*", "Sec-Fetch-Site": "same-origin"}
    assert (await person.patch(path, json=kept, headers=headers)).status_code == 200


@pytest.mark.usefixtures("settings_for_a_while")
async def test_settings_keep_what_each_of_two_people_typed(person: httpx.AsyncClient) -> None:
    theirs = {"tax_name": "VAT", "tax_percent": "7.5", "invoice_footer": "Thank you"}
    again = await both_save(person, "/settings", theirs, {"seller_name": "Mine Ltd"})
    assert again.status_code == 303, again.text
    stored = (await person.get("/v1/billing-settings")).json()
    assert (stored["tax_percent"], stored["invoice_footer"]) == ("7.50", "Thank you")
    assert stored["seller_name"] == "Mine Ltd"


async def test_billing_details_keep_what_each_of_two_people_typed(
    person: httpx.AsyncClient,
) -> None:
    address = {"address_line1": "2 Long Road", "address_locality": "San Jose"}
    address |= {"address_region": "CA", "address_postal_code": "95113", "address_country": "US"}
    path = "/my/account/billing"
    again = await both_save(person, path, address, {"address_line2": "Suite 9"})
    assert again.status_code == 303, again.text
    page = form_of((await person.get(path)).text)
    assert (page["address_line1"], page["address_line2"]) == ("2 Long Road", "Suite 9")


async def test_a_plan_keeps_what_each_of_two_people_changed(
    world: World, person: httpx.AsyncClient
) -> None:
    account = await world.opened(
        world["reseller"].program, "/v1/accounts", world.order("Two in a plan")
    )
    path = f"/accounts/{account['id']}/plan"
    windows = [form_of((await person.get(path)).text) for _ in range(2)]
    for window, change in zip(windows, ({"users": "4"}, {"premium_allowed": "yes"}), strict=True):
        window.update(change)
        quoted = await person.post(path, data={**window, "action": "quote"})
        window.update({name: form_of(quoted.text)[name] for name in ("shown",)})
        window.update(seen_of(quoted.text))
    assert (await person.post(path, data={**windows[0], "action": "change"})).status_code == 303
    late = await person.post(path, data={**windows[1], "action": "change"})
    assert late.status_code == 412
    again = {**form_of(late.text), **seen_of(late.text), "action": "change"}
    done = await person.post(path, data=again)
    assert done.status_code == 303, done.text
    plan = (await person.get(f"/v1/accounts/{account['id']}/plan")).json()
    assert (plan["users"], plan["premium_allowed"]) == (4, True)


def seen_of(page: str) -> dict[str, str]:
    """Return what the quote beside a form adds to it."""
    found = dict(re.findall(r'<input type="hidden" name="(seen|patch)" value="([^"]*)"', page))
    return {name: html.unescape(value) for name, value in found.items()}


@pytest.fixture
async def sheet(world: World) -> Json:
    """Give a rate sheet of two rates."""
    program = world["reseller"].program
    sheet = (await program.post("/v1/rate-sheets", json={"name": f"Two {uuid.uuid4().hex}"})).json()
    path = f"/v1/rate-sheets/{sheet['id']}"
    imported = await program.post(
        f"{path}/imports",
        content="prefix,rate\n44,0.02\n91,0.03\n",
        headers={"Content-Type": "text/csv"},
    )
    assert imported.status_code == 200, imported.text
    return (await program.get(path)).json()


async def test_a_rate_keeps_what_each_of_two_people_typed(
    person: httpx.AsyncClient, sheet: Json
) -> None:
    path = f"/rates/{sheet['id']}"
    dialog = f"{path}?dialog=rate&prefix=44"
    windows = [form_of((await person.get(dialog)).text, "/rate") for _ in range(2)]
    theirs = {"rate": "0.05", "rate_name": "Theirs"}
    assert (await person.post(f"{path}/rate", data={**windows[0], **theirs})).status_code == 303
    wrong = {**windows[1], "increment": "x"}
    late = await person.post(f"{path}/rate", data=wrong)
    assert late.status_code == 422
    fixed = {**form_of(late.text, "/rate"), "increment": "1"}
    late = await person.post(f"{path}/rate", data=fixed)
    assert late.status_code == 412
    assert "Someone else changed this rate while you were editing" in late.text
    again = await person.post(f"{path}/rate", data=form_of(late.text, "/rate"))
    assert again.status_code == 303, again.text
    rates = (await person.get(f"/v1/rate-sheets/{sheet['id']}/rates")).json()["data"]
    assert (rates[0]["rate"], rates[0]["name"], rates[0]["increment"]) == ("0.05", "Theirs", 1)


async def test_a_sheet_is_renamed_whatever_happened_to_its_rates(
    person: httpx.AsyncClient, sheet: Json
) -> None:
    path = f"/rates/{sheet['id']}"
    windows = [form_of((await person.get(f"{path}?dialog=rename")).text, "/rename") for _ in "123"]
    rate = form_of((await person.get(f"{path}?dialog=rate&prefix=44")).text, "/rate")
    assert (await person.post(f"{path}/rate", data={**rate, "rate": "0.09"})).status_code == 303
    theirs, mine = f"Theirs {uuid.uuid4().hex}", f"Mine {uuid.uuid4().hex}"
    renamed = await person.post(f"{path}/rename", data={**windows[0], "name": theirs})
    assert renamed.status_code == 303, renamed.text
    late = await person.post(f"{path}/rename", data={**windows[1], "name": mine})
    assert late.status_code == 412
    assert f"Someone else renamed it to {theirs}." in late.text
    again = form_of(late.text, "/rename")
    assert again["name"] == mine
    assert (await person.post(f"{path}/rename", data=again)).status_code == 303


async def test_a_rejected_call_keeps_what_each_of_two_people_typed(
    world: World, person: httpx.AsyncClient
) -> None:
    account = await new_account(world, "reseller", minutes=0)
    call = record(account, destination="+99999999")
    await world["switch"].program.post("/v1/calls", json=call)

    async def look() -> Json:
        return await found(world["reseller"].program, call["call_id"])

    rejected = await eventually(look)
    path = f"/rejected-calls/{rejected['id']}"
    windows = [form_of((await person.get(path)).text) for _ in range(2)]
    saved = await person.post(f"{path}/correct", data={**windows[0], "caller": "205"})
    assert saved.status_code == 303, saved.text

    async def rejected_again() -> bool:
        shown = await found(world["reseller"].program, call["call_id"])
        assert (shown["status"], shown["corrections"]) == ("waiting", {"caller": "205"})
        return True

    await eventually(rejected_again)
    late = await person.post(f"{path}/correct", data={**windows[1], "seconds": "61"})
    assert late.status_code == 412
    form = form_of(late.text)
    assert (form["caller"], form["seconds"]) == ("205", "61")
    again = await person.post(f"{path}/correct", data=form)
    assert again.status_code == 303, again.text
    corrected = await found(world["reseller"].program, call["call_id"])
    assert corrected["corrections"] == {"caller": "205", "seconds": 61}


def test_what_was_not_typed_takes_what_is_stored() -> None:
    shown = {"a": "1", "b": "1", "c": "1", "gone": "1", "theirs gone": "1"}
    typed = {"a": "2", "b": "1", "c": "1", "theirs gone": "1", "new": "5"}
    stored = {"a": "3", "b": "4", "c": "1", "gone": "1", "theirs": "6"}
    assert merged(typed, shown, stored) == {"a": "2", "b": "4", "c": "1", "new": "5", "theirs": "6"}


@pytest.mark.parametrize("sent", ["", "{", "[]", '{"a": 1}', "null"])
def test_a_form_that_says_nothing_of_ours_was_shown_nothing(sent: str) -> None:
    assert shown_by(Form.of([("shown", sent)])) == {}
    assert shown_by(Form.of([("shown", shown_text({"a": "1\n2"}))])) == {"a": "1\n2"}
