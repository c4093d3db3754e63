"""From the operator's first link to the customer's password, through the running portal."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from local.system import System
from tests.portal.people import (
    Person,
    add_draft_credit,
    enter_as_first_operator,
    fill,
    fill_basic_info,
    give_numbers,
    make_rates,
    mark,
    open_countries,
    open_reseller,
    person,
    select_numbers,
)


@dataclass(slots=True)
class World:
    """The people of one journey, each with a browser of their own."""

    operator: Person
    reseller: Person
    customer: Person
    other_window: Person
    numbers: list[str]
    name: str


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def world(request: pytest.FixtureRequest, browser: Browser, system: System) -> Iterator[World]:
    """Give an operator who has just come in, and others who wait for their e-mails."""
    script = bool(request.param)
    name = mark()
    block = secrets.randbelow(9_000) + 1_000
    emails = [f"{who}-{name}@journey.example" for who in ("ops", "sara", "amara")]
    with (
        person(browser, system, emails[0], script=script) as operator,
        person(browser, system, emails[1], script=script) as reseller,
        person(browser, system, emails[2], script=script) as customer,
        person(browser, system, emails[2], script=script) as other_window,
    ):
        other_window.password = customer.password
        numbers = [f"+44207{block}{index:03d}" for index in range(5)]
        yield World(operator, reseller, customer, other_window, numbers, name)


@pytest.mark.timeout(300)  # a long walk, also on a busy machine
@pytest.mark.rows(3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 22)
def test_from_the_first_operator_to_the_customers_new_password(world: World) -> None:
    enter_as_first_operator(world.operator)
    open_reseller(world.operator, f"Northwind {world.name}", world.reseller.email)
    give_numbers(world.operator, world.numbers)
    world.reseller.follow_link()
    make_rates(world.reseller, f"Standard {world.name}")
    account = f"Harbour & Vale {world.name}"
    fill_basic_info(world.reseller, account, world.customer.email)
    _fill_plan(world, account)
    _submit(world, account)
    _manage(world, account)
    _customer_changes_password(world, account)
    _delete(world, account)


def _fill_plan(world: World, account: str) -> None:
    page = world.reseller.page
    add_draft_credit(world.reseller, "100.00")
    first, second = world.numbers[0], world.numbers[3]
    select_numbers(world.reseller, (first[-6:], _shown(first)), (second[-6:], _shown(second)))
    fill(page, plan_name=f"Office {world.name}", users="12", cost_per_user="14.00")
    page.get_by_label("Select rates").select_option(label=f"Standard {world.name}")
    _work_out(world)
    open_countries(world.reseller, "India", "United Arab Emirates")
    fill(page, **{"minutes-IN": "300"})
    _work_out(world)
    summary = page.get_by_role("region", name="At creation")
    expect(summary).to_contain_text("$173.00")  # 12 × 14.00, two set-ups, two first months
    expect(summary).to_contain_text("Add at least $73.00 more credit.")
    page.get_by_role("button", name=f"Remove {_shown(second)}").click()
    expect(summary).to_contain_text("$170.50")
    # page 1 and back again: everything is kept
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Account name")).to_have_value(account)
    page.get_by_role("button", name="Next: service plan").click()
    expect(page.get_by_label("Plan name")).to_have_value(f"Office {world.name}")
    expect(page.locator("[name='minutes-IN']")).to_have_value("300")
    expect(page.get_by_text(_shown(world.numbers[0])).first).to_be_visible()


def _shown(number: str) -> str:
    return f"+44 {number[3:5]} {number[5:9]} {number[9:]}"


def _work_out(world: World) -> None:
    """Without a script the charge is worked out by a button; with one it follows the typing."""
    if not world.reseller.script:
        world.reseller.page.get_by_role("button", name="Work out the charge").last.click()


def _submit(world: World, account: str) -> None:
    """Submit with too little credit, then with enough, and see the account turn active."""
    page = world.reseller.page
    page.get_by_role("button", name="Submit and open account").click()
    dialog = page.get_by_role("dialog", name="Add credit")
    expect(dialog.get_by_text("You need $170.50 of credit")).to_be_visible()
    dialog.get_by_label("Credit", exact=True).fill("500")
    dialog.get_by_role("button", name="Add credit").click()
    expect(page.get_by_role("region", name="At creation")).to_contain_text("$329.50")
    page.get_by_role("button", name="Submit and open account").dblclick()
    expect(page.get_by_role("heading", name=account)).to_be_visible()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Balance")).to_contain_text("$329.50")
    # the draft became this one account, and the next one begins empty
    page.get_by_role("navigation", name="Portal").get_by_role("link", name="Accounts").click()
    expect(page.get_by_role("row", name=re.compile(re.escape(account)))).to_have_count(1)
    page.get_by_role("link", name="Add new account").first.click()
    expect(page.get_by_label("Account name")).to_have_value("")


def _manage(world: World, account: str) -> None:
    reseller, page = world.reseller, world.reseller.page
    reseller.go(f"/accounts?q={world.name}")
    page.get_by_role("link", name=account).click()
    _add_credit(reseller)
    _disable_and_enable(reseller, account)
    page.get_by_role("link", name="All transactions").click()
    row = page.get_by_role("row", name=re.compile("Second payment"))
    expect(row).to_contain_text("+$20.50")
    expect(row).to_contain_text("$350.00")
    page.get_by_role("link", name="Last month").click()
    expect(page.get_by_text("No such entries")).to_be_visible()
    page.get_by_role("link", name="Show all entries of all time").click()
    expect(page.get_by_role("row")).to_have_count(6)  # the header; credit twice and 3 charges
    page.get_by_role("link", name=account).click()
    page.get_by_role("link", name="Edit", exact=True).click()
    fill(page, phone="123")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert").locator("a[href='#phone']")).to_be_visible()
    fill(page, phone="+442079460321", last_name="Okafor-Bell")
    page.get_by_role("button", name="Save changes").click()
    reseller.says("The changes are saved.")
    expect(page.get_by_text("Amara Okafor-Bell")).to_be_visible()


def _add_credit(reseller: Person) -> None:
    page = reseller.page
    page.get_by_role("link", name="Add credit").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Add credit"))
    dialog.get_by_label("Credit to add").fill("lots")
    dialog.get_by_role("button", name="Add credit").click()
    expect(dialog.get_by_text("Enter the credit as an amount such as 12.50.")).to_be_visible()
    dialog.get_by_label("Credit to add").fill("20.50")
    dialog.get_by_label("Note").fill("Second payment")
    dialog.get_by_role("button", name="Add credit").click()
    reseller.says("$20.50 credit added; the balance is $350.00.")


def _disable_and_enable(reseller: Person, account: str) -> None:
    page = reseller.page
    page.get_by_role("link", name="Disable…").click()
    dialog = page.get_by_role("dialog", name=f"Disable {account}?")
    dialog.get_by_label("Reason").fill("Unpaid since October")
    dialog.get_by_role("button", name="Disable account").click()
    reseller.says(f"{account} is disabled.")
    expect(page.get_by_text("Unpaid since October")).to_be_visible()
    page.get_by_role("link", name="Enable…").click()
    page.get_by_role("button", name="Enable account").click()
    reseller.says(f"{account} is enabled.")
    expect(page.get_by_text("Active", exact=True)).to_be_visible()


def _customer_changes_password(world: World, account: str) -> None:
    """Set the customer's first password, change it in one window and be out in the other."""
    customer, other = world.customer, world.other_window
    customer.follow_link()
    other.sign_in()
    page = customer.page
    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_role("region", name="Account")).to_contain_text(account)
    page.get_by_role("link", name="User", exact=True).click()
    page.get_by_role("link", name="Change").click()
    new = f"{customer.password}-and-more"
    fill(page, current="not my password", new=new, confirm=new)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").locator("a[href='#current']")).to_be_visible()
    fill(page, current=customer.password, new=new, confirm=new)
    page.get_by_role("button", name="Save").click()
    customer.says("Password changed. You’re signed out everywhere else.")
    other.go("/my/account")
    expect(other.page.get_by_role("heading", name="Sign in")).to_be_visible()
    customer.go("/accounts")
    expect(page.get_by_role("heading", name="This page isn’t for your role")).to_be_visible()


def _delete(world: World, account: str) -> None:
    page = world.reseller.page
    page.get_by_role("link", name="Delete…").click()
    dialog = page.get_by_role("dialog", name=f"Delete {account}?")
    dialog.get_by_label("Type the account name to confirm").fill("Harbour")
    dialog.get_by_role("button", name="Delete account").click()
    expect(dialog.get_by_text("Type the account’s name exactly")).to_be_visible()
    dialog.get_by_label("Type the account name to confirm").fill(account)
    dialog.get_by_role("button", name="Delete account").click()
    world.reseller.says(f"{account} is deleted.")
    world.customer.go("/my/account")
    expect(world.customer.page.get_by_role("heading", name="Sign in")).to_be_visible()
    world.reseller.go("/accounts?status=closed")
    expect(_row(page, account)).to_be_visible()


def _row(page: Page, account: str) -> Locator:
    return page.get_by_role("row", name=re.compile(re.escape(account)))
