"""Forms that are sent after the session ended: who sent them comes back to them."""

import html
import re

import httpx
import pytest

from tests.gateway.world import PASSWORD, World

PAGE = {"Accept": "text/html,*/*;q=0.8"}
BASIC = "/accounts/new/basic"
PLAN = "/accounts/new/plan"
TYPED = {
    "name": "Signed Out & Sons",
    "email": "ann@customer.example",
    "first_name": "Ann",
    "last_name": "",
    "phone": "+1415",
    "address_line1": "1 High Street",
    "action": "next",
}


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


async def sign_in_by(answer: httpx.Response, browser: httpx.AsyncClient, email: str) -> str:
    """Fill in the sign-in page that an answer is, and return where it leads."""
    assert answer.status_code == 401, answer.text
    form = {**hidden(answer.text), "email": email, "password": PASSWORD}
    entered = await browser.post("/login", data=form)
    assert entered.status_code == 303, entered.text
    return entered.headers["location"]


@pytest.fixture
async def browser(world: World) -> httpx.AsyncClient:
    """Give a browser in which nobody is signed in."""
    browser = world.browser()
    browser.headers.update(PAGE)
    return browser


async def person_of(world: World, name: str) -> str:
    """Return the id of somebody as the wizard's pages name them."""
    page = await world[name].person.get(BASIC, headers=PAGE)
    return hidden(page.text)["person"]


async def test_page_1_of_the_wizard_is_kept_through_the_sign_in(
    world: World, browser: httpx.AsyncClient
) -> None:
    typed = {**TYPED, "person": await person_of(world, "reseller")}
    answer = await browser.post(BASIC, data=typed)
    assert "what you typed is kept" in answer.text
    assert answer.text.count('role="status"') + answer.text.count('role="alert"') <= 2
    failed = await browser.post("/login", data={**hidden(answer.text), "email": "a@b.example"})
    assert hidden(failed.text)["kept-name"] == TYPED["name"], "a wrong password loses nothing"
    assert await sign_in_by(failed, browser, world["reseller"].email) == BASIC
    page = (await browser.get(BASIC)).text
    for text in ("Signed Out &amp; Sons", "ann@customer.example", "+1415", "1 High Street"):
        assert f'value="{text}"' in page


async def test_page_2_of_the_wizard_is_kept_through_the_sign_in(
    world: World, browser: httpx.AsyncClient
) -> None:
    person = await world.sign_in(world["reseller"].email)
    typed = {**TYPED, "last_name": "Archer", "phone": "+14155550142", "address_line1": ""}
    assert (await person.post(BASIC, data=typed, headers=PAGE)).status_code == 303
    form = hidden((await person.get(PLAN, headers=PAGE)).text)
    sent = {**form, "plan_name": "Signed out", "users": "7", "cost_per_user": "x", "action": "back"}
    answer = await browser.post(PLAN, data=sent)
    assert await sign_in_by(answer, browser, world["reseller"].email) == PLAN
    page = (await browser.get(PLAN)).text
    for text in ("Signed out", "7", "x"):
        assert f'value="{text}"' in page


async def test_nobody_else_who_signs_in_gets_what_was_typed(
    world: World, browser: httpx.AsyncClient
) -> None:
    typed = {**TYPED, "name": "Somebody Elses", "person": await person_of(world, "reseller")}
    answer = await browser.post(BASIC, data=typed)
    assert await sign_in_by(answer, browser, world["other reseller"].email) == BASIC
    assert "Somebody Elses" not in (await browser.get(BASIC)).text


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/accounts/{account}/credits", "/accounts/{account}"),
        ("/accounts/{account}/edit", "/accounts/{account}/edit"),
        ("/settings", "/settings"),
        ("/my/user/password", "/my/user"),
        ("/rates", "/rates"),
    ],
)
async def test_whoever_sends_a_form_signed_out_comes_back_to_its_page(
    world: World, browser: httpx.AsyncClient, path: str, page: str
) -> None:
    account = world["customer"].account_id
    answer = await browser.post(path.format(account=account), data={"current": PASSWORD})
    assert answer.status_code == 303
    assert PASSWORD not in answer.headers["location"]
    signing_in = await browser.get(answer.headers["location"])
    assert "Your session has ended." in signing_in.text
    form = {**hidden(signing_in.text), "email": world["reseller"].email, "password": PASSWORD}
    entered = await browser.post("/login", data=form)
    assert entered.headers["location"] == page.format(account=account)
