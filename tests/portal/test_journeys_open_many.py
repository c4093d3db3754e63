"""Many accounts from one file: explained, corrected, seen with their charges, then opened."""

import pytest
from playwright.sync_api import Page, expect

from tests.portal.people import Person, choose_file, mark
from tests.portal.visits import Business

HEADER = "Company;E-mail;First name;Surname;Phone;Users;Deposit"


def table_of(unique: str, *rows: str) -> str:
    """Return a file as a spreadsheet with semicolons writes it, with columns of its own."""
    return "\n".join((f"{HEADER};Kept for the record {unique}", *rows))


def row(name: str, email: str, users: int = 2) -> str:
    """Return a row of it."""
    return f"{name};{email};Ann;Archer;+14155550142;{users};100,50;x"


def explain(page: Page, unique: str) -> None:
    """Say what the columns mean that aren't clear."""
    question = page.get_by_role("group", name="What the columns mean")
    expect(question.get_by_label("Deposit")).to_have_value("credit")
    expect(question.get_by_label("Company")).to_have_value("name")
    question.get_by_label(f"Kept for the record {unique}").select_option("ignore")
    page.get_by_role("button", name="Check the file").click()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_reseller_opens_the_accounts_of_a_file(
    seller: Person, business: Business, width: int
) -> None:
    page, unique = seller.page, mark()
    page.set_viewport_size({"width": width, "height": 900})
    names = [f"Moved {unique} {number}" for number in (1, 2)]
    seller.go("/accounts")
    page.get_by_role("link", name="Open many").click()
    page.get_by_label("Cost per user and month").fill("$12.25")
    choose_file(page, table_of(unique, row(names[0], "nobody"), row(names[1], "ann@moved.example")))
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("alert")).to_contain_text("“Deposit”")
    explain(page, unique)
    errors = page.get_by_role("region", name="Errors, by line")
    expect(errors.get_by_role("row")).to_have_count(2)
    expect(errors).to_contain_text("Enter an e-mail address such as name@company.com.")
    expect(page.get_by_role("button", name="Open 2 accounts")).to_have_count(0)
    choose_file(page, table_of(unique, *(row(name, "ann@moved.example") for name in names)))
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="Nothing opened yet")).to_be_visible()
    expect(page.get_by_text("Columns read as last time")).to_be_visible()
    expect(page.get_by_text("Line 2 has the same e-mail address")).to_be_visible()
    expect(page.get_by_text("$152.00")).to_be_visible()  # what is left of twice $100.50
    page.get_by_role("button", name="Open 2 accounts for $49.00").click()
    expect(page.get_by_role("heading", name="2 accounts opened")).to_be_visible()
    rows = page.get_by_role("region", name="Each row of the file")
    expect(rows.get_by_text("Opened")).to_have_count(2)
    rows.get_by_role("link", name=names[0]).click()
    expect(page.get_by_role("heading", name=names[0])).to_be_visible()
    found = business.call("GET", f"/v1/accounts?q={unique}")["data"]
    assert [account["name"] for account in found] == names


def test_what_changed_since_the_check_is_shown_before_anything_is_opened(
    seller: Person, business: Business
) -> None:
    page, unique = seller.page, mark()
    name = f"Overtaken {unique}"
    seller.go("/accounts/import")
    page.get_by_label("Cost per user and month").fill("10")
    choose_file(page, table_of(unique, row(name, "ann@moved.example")))
    page.get_by_role("button", name="Check the file").click()
    explain(page, unique)
    order = business.reseller.order(name=f"Plan {name}")
    business.call("POST", "/v1/accounts", {**order, "name": name})
    page.get_by_role("button", name="Open 1 account for $20.00").click()
    expect(page.get_by_role("alert")).to_contain_text("so no account was opened")
    errors = page.get_by_role("region", name="Errors, by line")
    expect(errors).to_contain_text("Another account has this name. Choose a different one.")


def test_a_page_without_a_file_says_so(seller: Person) -> None:
    page = seller.page
    seller.go("/accounts/import")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#file-error")).to_have_text("Choose a file that has rows.")
