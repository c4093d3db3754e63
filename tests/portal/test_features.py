"""Every feature is walked through in a browser: journeys that no other file has, and the count.

A journey says which features it walks through: in its name, `test_row_27_…`, or by the mark
`rows`. The numbers are those of the table of features, which is kept here in brief.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.sync_api import Browser, expect

from local.client import Json, link_token_for, make_key, set_password
from local.system import System
from tests.portal.people import Person, beside_the_browser, mark, signed_in
from tests.portal.test_journeys_plan import opened
from tests.portal.visits import Business
from tests.world import Reseller, enter

FEATURES: Final[Mapping[int, str]] = {
    1: "for resellers: others are refused, and what is somebody else's is not there",
    2: "the list of accounts: pages, search, filter, sort, all in the address",
    3: "the wizard's two pages: nothing is opened before it is submitted",
    4: "account name",
    5: "e-mail",
    6: "first and last name",
    7: "contact number",
    8: "plan name, never used twice",
    9: "number of users",
    10: "cost per user",
    11: "balance, and adding credit",
    12: "selecting rates",
    13: "the Rates Manager",
    14: "selecting numbers",
    15: "countries and minutes",
    16: "submitting: all or nothing, quoted before",
    17: "editing, with the charge shown first",
    18: "deleting, with the name typed",
    19: "disabling and enabling",
    20: "an account's invoices in an interval",
    21: "the menu of one's name: Accounts, Help, Log out",
    22: "settings: user",
    23: "settings: account",
    24: "settings: service plan",
    25: "settings: per minute",
    26: "settings: transactions",
    27: "settings: bills",
}
PASSWORD: Final = "violet-tractor-97-moss"
_ROW: Final = re.compile(r"test_row_(\d+)_")

pytestmark = pytest.mark.long


# --- every feature has a journey --------------------------------------------------------------


def test_every_feature_has_a_journey() -> None:
    walked: defaultdict[int, list[str]] = defaultdict(list)
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for journey in ast.parse(path.read_text()).body:
            if isinstance(journey, ast.FunctionDef):
                for row in _rows_of(journey):
                    walked[row].append(journey.name)
    assert set(walked) == set(FEATURES)


def _rows_of(journey: ast.FunctionDef) -> Iterator[int]:
    if named := _ROW.match(journey.name):
        yield int(named.group(1))
    for decorator in journey.decorator_list:
        if ast.unparse(decorator).startswith("pytest.mark.rows("):
            assert isinstance(decorator, ast.Call), "the mark is called with numbers"
            yield from (int(ast.literal_eval(argument)) for argument in decorator.args)


# --- the journeys -----------------------------------------------------------------------------


@pytest.fixture
def account(business: Business) -> Json:
    """Give an account of the reseller's: 500.00 of credit, of which 60.00 are charged."""
    return opened(business, numbers=[])


@pytest.fixture
def customer(browser: Browser, system: System, account: Json, *, script: bool) -> Iterator[Person]:
    """Give the administrator of that account, signed in."""
    email = account["administrator"]["email"]
    token = beside_the_browser(link_token_for(system.mailbox, email))
    beside_the_browser(set_password(system.portal_url, token, PASSWORD))
    with signed_in(browser, system, email, PASSWORD, script=script) as customer:
        yield customer


def test_row_1_other_roles_are_refused_and_other_resellers_things_are_not_there(
    seller: Person, customer: Person, account: Json, system: System
) -> None:
    pages = ("", "/edit", "/plan", "/numbers", "/transactions", "/calls", "/invoices")
    refused = customer.page.get_by_role("heading", name="This page isn’t for your role")
    for page in ("/accounts", *(f"/accounts/{account['id']}{page}" for page in pages)):
        customer.go(page)
        expect(refused).to_be_visible()
    foreign = beside_the_browser(_account_of_another_reseller(system))
    nothing = seller.page.get_by_role("heading", name="There’s nothing here")
    for page in pages:
        seller.go(f"/accounts/{foreign['id']}{page}")
        expect(nothing).to_be_visible()
        expect(seller.page.get_by_text(foreign["name"])).to_have_count(0)


async def _account_of_another_reseller(system: System) -> Json:
    world = await enter(system)
    try:
        other: Reseller = await world.reseller(numbers=1)
        return await other.client.open_account(other.order())
    finally:
        await world.close()


def test_row_19_a_disabled_account_makes_no_calls_but_signs_in(
    seller: Person, customer: Person, business: Business, account: Json
) -> None:
    secret = beside_the_browser(
        make_key(
            seller.system.portal_url,
            business.reseller.email,
            business.reseller.password,
            scope="calls",
        )
    )

    def asked() -> Json:
        body = {
            "account_id": account["id"],
            "call_id": mark(),
            "destination": "+919876543210",
            "requested_seconds": 60,
        }
        address = f"{seller.system.portal_url}/v1/calls/authorize"
        headers = {"Authorization": f"Bearer {secret}"}
        answer: Json = httpx.post(address, json=body, headers=headers).json()
        return answer

    page = seller.page
    assert asked()["granted"]
    seller.go(f"/accounts/{account['id']}")
    page.get_by_role("link", name="Disable…").click()
    page.get_by_role("button", name="Disable account").click()
    seller.says(f"{account['name']} is disabled.")
    detail = "The account, or one above it, is disabled."
    assert asked() == {"granted": False, "reason": "account-disabled", "detail": detail}
    customer.go("/my/user")
    customer.sign_in()
    customer.go("/my/bills")
    expect(customer.page.get_by_role("heading", name=account["name"])).to_be_visible()
    page.get_by_role("link", name="Enable…").click()
    page.get_by_role("button", name="Enable account").click()
    seller.says(f"{account['name']} is enabled.")
    assert asked()["granted"]


def test_row_21_behind_ones_name_are_the_settings_help_and_the_way_out(
    seller: Person, customer: Person
) -> None:
    for who in (seller, customer):
        page = who.page
        name = page.get_by_role("button", name=re.compile(": menu$"))
        name.click()
        page.get_by_role("link", name="Accounts (settings)", exact=True).click()
        tabs = page.get_by_role("navigation", name="Settings").get_by_role("link")
        expect(tabs.first).to_have_text("User")
        shown = [tab.inner_text().partition("\n")[0] for tab in tabs.all()]
        assert shown[:5] == ["User", "Account", "Service plan", "Per minute", "Transactions"]
        assert shown[5].startswith("Bills")
        name.click()
        page.get_by_role("link", name="Help", exact=True).click()
        expect(page.get_by_role("heading", name="Help", exact=True)).to_be_visible()
        name.click()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_row_23_ones_account_is_shown_and_cannot_be_changed(
    customer: Person, account: Json
) -> None:
    customer.go("/my/account")
    shown = customer.page.get_by_role("region", name="Account")
    for text in (
        account["name"],
        account["realm"],
        account["administrator"]["email"],
        "+1 415-555-0142",
    ):
        expect(shown).to_contain_text(text)
    expect(shown.locator("input, select, textarea, button")).to_have_count(0)


def test_row_26_every_entry_of_a_time_frame_is_shown_with_the_balance_after_it(
    customer: Person, business: Business, account: Json
) -> None:
    page = customer.page
    credit = {"amount": "25.50", "note": "Second payment"}
    business.call("POST", f"/v1/accounts/{account['id']}/credits", credit)
    customer.go("/my/transactions")
    balances = page.locator("#entries .kpis")
    expect(balances).to_contain_text(re.compile(r"Opening balance\s*\$0\.00"))
    expect(balances).to_contain_text(re.compile(r"Closing balance\s*\$465\.50"))
    rows = page.get_by_role("region", name="Transactions").get_by_role("row")
    for number, (text, amount, after) in enumerate(
        (
            ("Second payment", "+$25.50", "$465.50"),
            ("5 users", "\N{MINUS SIGN}$60.00", "$440.00"),
            ("first payment", "+$500.00", "$500.00"),
        ),
        start=1,
    ):
        for part in (text, amount, after):
            expect(rows.nth(number)).to_contain_text(part)
    page.get_by_role("link", name="Last month").click()
    expect(page.get_by_text("No such entries")).to_be_visible()
    expect(balances).to_contain_text(re.compile(r"Closing balance\s*\$0\.00"))
