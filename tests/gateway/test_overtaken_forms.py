"""Two people in one form: whoever saves second changes what they typed, and nothing else."""

import html
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.portal.forms import Form
from gateway.portal.merging import merged, shown_by, shown_text
from tests.gateway.world import Json, World

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


def form_of(page: str) -> dict[str, str]:
    """Return the first form of a page with a version, as a browser would send it."""
    part = next(one for one in page.split("<form")[1:] if 'name="version"' in one)
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


def test_what_was_not_typed_takes_what_is_stored() -> None:
    shown = {"a": "1", "b": "1", "c": "1", "gone": "1", "theirs gone": "1"}
    typed = {"a": "2", "b": "1", "c": "1", "theirs gone": "1", "new": "5"}
    stored = {"a": "3", "b": "4", "c": "1", "gone": "1", "theirs": "6"}
    assert merged(typed, shown, stored) == {"a": "2", "b": "4", "c": "1", "new": "5", "theirs": "6"}


@pytest.mark.parametrize("sent", ["", "{", "[]", '{"a": 1}', "null"])
def test_a_form_that_says_nothing_of_ours_was_shown_nothing(sent: str) -> None:
    assert shown_by(Form.of([("shown", sent)])) == {}
    assert shown_by(Form.of([("shown", shown_text({"a": "1\n2"}))])) == {"a": "1\n2"}
