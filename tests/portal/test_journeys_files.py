"""Files with columns that the portal doesn't know: explained once, then used."""

import secrets
import string
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.portal.people import Person, beside_the_browser, choose_file, mark
from tests.portal.test_journeys_rates import new_sheet
from tests.portal.visits import Business
from tests.waiting import eventually


def own_column() -> str:
    """Return the name of a column that no other test's files have: its question is open."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))


def at_new_sheet(seller: Person, width: int) -> Page:
    """Return the page of a new rate sheet on a screen of this width."""
    name = new_sheet(seller)
    seller.page.set_viewport_size({"width": width, "height": 900})
    seller.go("/rates")
    seller.page.get_by_role("link", name=name).first.click()
    return seller.page


def columns_of(page: Page) -> Locator:
    """Return the question what the columns of a file mean."""
    return page.get_by_role("group", name="What the columns mean")


def check_file(page: Page) -> Locator:
    """Have the file checked, and return the question about its columns, should there be one."""
    page.get_by_role("button", name="Check the file").click()
    return columns_of(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_an_operator_explains_the_columns_of_a_file_and_gives_its_numbers(
    operator: Person, business: Business, width: int
) -> None:
    page = operator.page
    page.set_viewport_size({"width": width, "height": 900})
    operator.go(f"/resellers/{business.reseller.id}")
    number, own = f"+44128277{7000 + width}", own_column()
    page.get_by_label("Or paste rows").fill(
        f"DID;Per Minute;Rental;{own}\n{number[1:]};0,01;2,56;x\n"
    )
    page.get_by_role("button", name="Add numbers").click()
    question = columns_of(page)
    expect(question).to_be_visible()
    expect(page.locator("#csv-error")).to_contain_text("“Per Minute”, “Rental”")
    expect(question.get_by_label("Rental")).to_have_value("monthly_fee")
    question.get_by_label("DID").select_option("number_without_plus")
    question.get_by_label("Per Minute").select_option("ignore")
    question.get_by_label(own).select_option("ignore")
    page.get_by_role("button", name="Add numbers").click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    found = business.call("GET", f"/v1/numbers?q={number[1:]}")["data"]
    assert [(one["setup_fee"], one["monthly_fee"]) for one in found] == [("0.00", "2.56")]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_reseller_explains_the_columns_of_a_carriers_file_and_imports_it(
    seller: Person, width: int
) -> None:
    page, own = at_new_sheet(seller, width), own_column()
    choose_file(page, f"Dial code;Sell Rate;Buy Rate;{own}\n39;0,0300;0,02\n33;0,0200;0,01\n")
    question = check_file(page)
    expect(question.get_by_label("Sell Rate")).to_have_value("rate")
    expect(question.get_by_label("Buy Rate")).to_have_value("ignore")
    question.get_by_label(own).select_option("ignore")
    check_file(page)
    expect(page.get_by_role("heading", name="Nothing imported yet")).to_be_visible()
    page.get_by_role("button", name="Import these rates").click()
    expect(page.get_by_text("2 rates added")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_second_file_of_a_carrier_needs_no_question_and_can_be_read_anew(
    seller: Person, width: int
) -> None:
    page, own = at_new_sheet(seller, width), own_column()
    header = f"Dial code;Retail;Cheap {own}\n"
    choose_file(page, f"{header}39;0,0300;0,02\n")
    question = check_file(page)
    question.get_by_label("Retail").select_option("rate")
    question.get_by_label(f"Cheap {own}").select_option("ignore")
    page.get_by_role("button", name="Import rates").click()
    expect(page.get_by_text("1 rate added")).to_be_visible()
    expect(page.get_by_text("Columns read as last time")).to_have_count(0)
    choose_file(page, f"{header}33;0,0500;0,04\n")
    page.get_by_role("button", name="Import rates").click()
    expect(page.get_by_text("Columns read as last time")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("Rate per minute")).to_be_visible()
    choose_file(page, f"{header}34;0,0500;0,04\n")
    page.get_by_role("button", name="Choose columns").click()
    expect(question.get_by_label("Retail")).to_have_value("rate")
    question.get_by_label("Retail").select_option("ignore")
    question.get_by_label(f"Cheap {own}").select_option("rate")
    check_file(page)
    expect(page.get_by_role("region", name="Rates before and after")).to_contain_text("0.04")
    choose_file(page, f"{header}35;0,0500;0,03\n")
    check_file(page)
    expect(page.get_by_text("Columns read as last time")).to_be_visible()
    expect(page.get_by_role("region", name="Rates before and after")).to_contain_text("0.03")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_reseller_charges_the_calls_of_a_file_after_a_check(
    seller: Person, business: Business, width: int
) -> None:
    page = seller.page
    page.set_viewport_size({"width": width, "height": 900})
    unique, own, account = mark(), own_column(), business.active["id"]
    seller.go("/rejected-calls")
    page.get_by_role("link", name="Import calls").click()
    answered = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = (
        f"Call ID;Customer;Called Number;Start Time;Duration;Cost;{own}\n"
        f"{unique}-1;office;+447400123456;{answered};1:01;0,02\n"
        f"{unique}-2;office;+97150123;{answered};0:30;0,02\n"
        f"{unique}-3;office;+447400123456;{answered};0;0,00\n"
    )
    choose_file(page, text)
    page.get_by_label("Account codes").fill(f"office = {account}")
    page.get_by_label("How destinations are written").select_option("e164")
    question = check_file(page)
    expect(question.get_by_label("Cost")).to_have_value("ignore")
    expect(question.get_by_label("Customer")).to_have_value("account")
    question.get_by_label(own).select_option("ignore")
    check_file(page)
    expect(page.locator("#time_zone-error")).to_contain_text("is a local time")
    page.get_by_label("Time zone of the file").select_option("UTC")
    check_file(page)
    expect(page.get_by_role("heading", name="Nothing charged yet")).to_be_visible()
    calls = page.get_by_role("region", name="Calls of the file").get_by_role("table")
    expect(calls.get_by_role("row", name=f"{unique}-2")).to_contain_text("Invalid destination")
    assert not charged(business, f"{unique}-1")
    page.get_by_role("button", name="Import these calls").click()
    expect(page.get_by_role("heading", name="Calls imported")).to_be_visible()
    beside_the_browser(eventually(lambda: charged(business, f"{unique}-1")))


def charged(business: Business, call_id: str) -> bool:
    """Tell whether a call stands in the ledger of the active account."""
    page = business.call("GET", f"/v1/accounts/{business.active['id']}/calls")
    return call_id in [one["call_id"] for one in page["data"]]
