"""Files with columns that the portal doesn't know: explained once, then used."""

import pytest
from playwright.sync_api import expect

from tests.portal.people import Person, choose_file
from tests.portal.test_journeys_rates import new_sheet
from tests.portal.visits import Business


@pytest.mark.parametrize("width", [1280, 390])
def test_an_operator_explains_the_columns_of_a_file_and_gives_its_numbers(
    operator: Person, business: Business, width: int
) -> None:
    page = operator.page
    page.set_viewport_size({"width": width, "height": 900})
    operator.go(f"/resellers/{business.reseller.id}")
    number = f"+44128277{7000 + width}"
    page.get_by_label("Or paste rows").fill(f"DID;Per Minute;Rental\n{number[1:]};0,01;2,56\n")
    page.get_by_role("button", name="Add numbers").click()
    question = page.get_by_role("group", name="What the columns mean")
    expect(question).to_be_visible()
    expect(page.locator("#csv-error")).to_contain_text("“Per Minute”, “Rental”")
    expect(question.get_by_label("Rental")).to_have_value("monthly_fee")
    question.get_by_label("DID").select_option("number_without_plus")
    question.get_by_label("Per Minute").select_option("ignore")
    page.get_by_role("button", name="Add numbers").click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    found = business.call("GET", f"/v1/numbers?q={number[1:]}")["data"]
    assert [(one["setup_fee"], one["monthly_fee"]) for one in found] == [("0.00", "2.56")]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_reseller_explains_the_columns_of_a_carriers_file_and_imports_it(
    seller: Person, width: int
) -> None:
    page = seller.page
    name = new_sheet(seller)
    page.set_viewport_size({"width": width, "height": 900})
    seller.go("/rates")
    page.get_by_role("link", name=name).first.click()
    choose_file(page, "Dial code;Sell Rate;Buy Rate\n39;0,0300;0,02\n33;0,0200;0,01\n")
    page.get_by_role("button", name="Check the file").click()
    question = page.get_by_role("group", name="What the columns mean")
    expect(question.get_by_label("Sell Rate")).to_have_value("rate")
    expect(question.get_by_label("Buy Rate")).to_have_value("ignore")
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="nothing is imported yet")).to_be_visible()
    page.get_by_role("button", name="Import these rates").click()
    expect(page.get_by_text("2 rates added")).to_be_visible()
