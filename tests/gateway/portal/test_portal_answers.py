"""How the portal answers a browser: several at once, filters, links to files, the way back."""

import html
import re
from urllib.parse import quote

import httpx
import pytest

from tests.gateway.features.accounts.test_accounts import path_of, problem_of
from tests.gateway.world import Json, World, delete_by_name

PAGE = {"Accept": "text/html,*/*;q=0.8"}
NAVIGATION = {**PAGE, "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
async def accounts(world: World) -> tuple[Json, ...]:
    """Give three accounts of the reseller: one to be closed already, and two that are active."""
    program = world["reseller"].program
    opened = [await world.opened(program, "/v1/accounts", world.order("Bulk")) for _ in range(3)]
    closed = await delete_by_name(program, path_of(opened[0]))
    assert closed.status_code == 200, closed.text
    return tuple(opened)


@pytest.fixture
def person(world: World) -> httpx.AsyncClient:
    """Give the reseller's browser."""
    return world["reseller"].person


async def said(person: httpx.AsyncClient, answer: httpx.Response) -> tuple[str, list[str]]:
    """Return what the next page says, and the accounts that its Undo is about."""
    assert answer.status_code == 303, answer.text
    page = (await person.get(answer.headers["location"])).text
    toast = re.search(r'class="toast [a-z]+">(.*?)</div>', page, re.DOTALL)
    assert toast, page
    text = re.search(r"<span>(.*?)</span>", toast.group(1), re.DOTALL)
    assert text, toast
    undo = re.findall(r'name="account" value="([^"]*)"', toast.group(1))
    return html.unescape(text.group(1)), undo


# --- several at once --------------------------------------------------------------------------


async def test_what_is_refused_for_one_account_keeps_no_other_from_it(
    person: httpx.AsyncClient, accounts: tuple[Json, ...]
) -> None:
    closed, first, second = accounts
    already = await person.post(f"{path_of(second)}/disable", json={"reason": "before"})
    assert already.status_code == 200
    ticked = ["acc_nobodys", closed["id"], first["id"], second["id"]]
    form = {"action": "disable", "account": ticked, "reason": "Moved"}
    text, undo = await said(person, await person.post("/accounts/bulk", data=form))
    assert text.startswith("2 accounts disabled. Not acc_nobodys: ")
    assert f"Not {closed['name']}: The account is closed, not active." in text
    assert undo == [first["id"]]  # the other one was disabled before
    form = {"action": "enable", "account": ticked}
    text, undo = await said(person, await person.post("/accounts/bulk", data=form))
    assert text.startswith("2 accounts enabled. Not acc_nobodys: ")
    assert undo == []


@pytest.mark.parametrize("action", [None, "", "delete"])
async def test_an_unknown_act_is_refused_and_enables_nothing(
    person: httpx.AsyncClient, accounts: tuple[Json, ...], action: str | None
) -> None:
    disabled = accounts[1]
    await person.post(f"{path_of(disabled)}/disable", json={"reason": "x"})
    sent = {} if action is None else {"action": action}
    form = {**sent, "account": disabled["id"]}
    answer = await person.post("/accounts/bulk", data=form, headers=PAGE)
    assert answer.status_code == 422
    assert (await person.get(path_of(disabled))).json()["status"] == "disabled"


async def test_a_call_that_is_gone_keeps_no_other_from_being_retried(world: World) -> None:
    person = world["operator"].person
    form = {"rejected_call": ["rep_none", "rep_neither"]}
    text, _ = await said(person, await person.post("/rejected-calls/retry", data=form))
    assert text.startswith("0 calls sent to be retried. Not rep_none, rep_neither: ")


# --- the wizard -------------------------------------------------------------------------------


async def test_the_wizard_sets_what_calls_at_home_cost_and_allows_premium_numbers(
    world: World, person: httpx.AsyncClient
) -> None:
    order = world.order("At home")
    basic = {"name": order["name"], **order["administrator"], "action": "next"}
    assert (await person.post("/accounts/new/basic", data=basic)).status_code == 303
    plan = {"plan_name": order["plan"]["name"], "users": "1", "cost_per_user": "0.00"}
    wizard = "/accounts/new/plan"
    policies = {"domestic_policy": "rated", "premium_allowed": "yes"}
    page = await person.post(wizard, data={**plan, **policies, "action": "quote"})
    assert '<option value="rated" selected>' in page.text
    assert '<option value="yes" selected>' in page.text
    opened = await person.post(wizard, data={"action": "submit"})
    assert opened.status_code == 303, opened.text
    path = f"/v1{opened.headers['location']}"
    await world.settled(person, path, "active")
    opened_plan = (await person.get(f"{path}/plan")).json()
    assert (opened_plan["domestic_policy"], opened_plan["premium_allowed"]) == ("rated", True)


async def test_the_wizard_opens_an_account_only_at_the_charges_that_its_page_showed(
    world: World, person: httpx.AsyncClient
) -> None:
    order = world.order("Seen")
    basic = {"name": order["name"], **order["administrator"], "action": "next"}
    assert (await person.post("/accounts/new/basic", data=basic)).status_code == 303
    plan = {"plan_name": order["plan"]["name"], "users": "1", "cost_per_user": "10.00"}
    wizard = "/accounts/new/plan"
    assert (await person.post(wizard, data={**plan, "action": "quote"})).status_code == 200
    short = await person.post(wizard, data={"action": "submit"})
    assert short.status_code == 402
    assert re.search(r'<input id="credit_amount"[^>]* value="10.00"', short.text)
    credit = {"action": "credit", "credit_amount": "50.00"}
    assert (await person.post(wizard, data={**plan, **credit})).status_code == 200
    for shown in ({}, {"seen": ""}, {"seen": "9000000"}, {"seen": "-1"}, {"seen": "9" * 30}):
        stale = await person.post(wizard, data={"action": "submit", **shown})
        assert stale.status_code == 409
        assert "The charges are now $10.00, so nothing was opened." in stale.text
        assert re.findall('name="seen" value="([0-9]+)"', stale.text) == ["10000000"]
    opened = await person.post(wizard, data={"action": "submit", "seen": "10000000"})
    assert opened.status_code == 303, opened.text


# --- on the line ------------------------------------------------------------------------------


async def test_what_is_long_is_sent_compressed_to_whoever_takes_it(
    person: httpx.AsyncClient,
) -> None:
    for path in ("/accounts", "/openapi.json"):
        plain = await person.get(path, headers={**PAGE, "Accept-Encoding": "identity"})
        packed = await person.get(path, headers={**PAGE, "Accept-Encoding": "gzip"})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["vary"]
        assert int(packed.headers["content-length"]) < len(plain.content) / 3


async def test_what_fits_one_packet_is_not_compressed(person: httpx.AsyncClient) -> None:
    short = await person.get("/health", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in short.headers


# --- amounts and e-mails ------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["10", "$10", "$ 10.00", "10 USD", "USD 10", "10$", "usd10"])
async def test_an_amount_may_have_the_currency_of_the_account_beside_it(
    person: httpx.AsyncClient, accounts: tuple[Json, ...], typed: str
) -> None:
    form = {"credit_amount": typed, "request": "r" * 32}
    answer = await person.post(f"/accounts/{accounts[1]['id']}/credits", data=form)
    assert answer.status_code == 303, answer.text
    ledger = await person.get(f"{path_of(accounts[1])}/transactions")
    assert ledger.json()["data"][0]["amount"] == "10.00"


@pytest.mark.parametrize("typed", ["£10", "10 EUR", "$$10", "$", "USD", "10 $ USD"])
async def test_an_amount_in_another_currency_is_refused(
    person: httpx.AsyncClient, accounts: tuple[Json, ...], typed: str
) -> None:
    form = {"credit_amount": typed, "request": "r" * 32}
    answer = await person.post(f"/accounts/{accounts[1]['id']}/credits", data=form)
    assert answer.status_code == 422
    assert "Enter the credit as an amount such as 12.50." in answer.text


async def test_the_welcome_is_sent_again_from_the_page_of_an_account(
    world: World, person: httpx.AsyncClient, accounts: tuple[Json, ...]
) -> None:
    page = await person.get(f"/accounts/{accounts[1]['id']}")
    assert "Send welcome e-mail again" in page.text
    email = accounts[1]["administrator"]["email"]
    answer = await person.post(f"/accounts/{accounts[1]['id']}/welcome")
    assert (await said(person, answer))[0] == f"The welcome e-mail is on its way to {email}."
    closed = await person.get(f"/accounts/{accounts[0]['id']}")
    assert "Send welcome e-mail again" not in closed.text
    path = f"{path_of(accounts[0])}/welcome"
    refused = await world["reseller"].program.post(path)
    assert problem_of(refused) == (409, "account-not-active")


# --- filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["bogus", "failed", ""])
async def test_a_filter_that_is_not_offered_filters_nothing(
    world: World, person: httpx.AsyncClient, status: str
) -> None:
    counted = len(re.findall('name="account"', (await person.get("/accounts")).text))
    page = (await person.get("/accounts", params={"status": status})).text
    assert len(re.findall('name="account"', page)) == counted
    assert not re.search(r"of 0 accounts", page)
    operators = await world["operator"].person.get("/resellers", params={"status": status})
    assert not re.search(r"of 0 resellers", operators.text)


# --- the way back -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "home"),
    [
        ("/rates/{sheet}/rename", "/rates/{sheet}"),
        ("/rates/{sheet}/delete", "/rates/{sheet}"),
        ("/accounts/{account}/credits", "/accounts/{account}"),
        ("/accounts/{account}/adjustments", "/accounts/{account}"),
        ("/accounts/{account}/credit-limit", "/accounts/{account}"),
        ("/accounts/{account}/edit", "/accounts/{account}/edit"),
        ("/accounts/bulk", "/accounts"),
    ],
)
async def test_a_refused_form_leads_back_to_a_page(
    world: World, person: httpx.AsyncClient, path: str, home: str
) -> None:
    names = {"sheet": world["reseller"].rate_sheet_id, "account": world["customer"].account_id}
    answer = await person.post(path.format(**names), data={"version": "0"}, headers=PAGE)
    assert answer.status_code >= 400
    assert f'name="next" value="{home.format(**names)}"' in answer.text
    assert (await person.get(home.format(**names))).status_code in (200, 303)


@pytest.mark.parametrize("path", ["/v1/invoices/inv_1.pdf", "/v1/accounts.csv?q=a%20b"])
async def test_a_link_to_a_file_leads_to_the_sign_in_when_the_session_has_ended(
    world: World, path: str
) -> None:
    visitor = world.visitor()
    answer = await visitor.get(path, headers=NAVIGATION)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={quote(path)}")
    for headers in ({}, PAGE, {"Accept": "text/html", "Sec-Fetch-Dest": "empty"}):
        answer = await visitor.get(path, headers=headers)
        assert problem_of(answer) == (401, "not-signed-in")
