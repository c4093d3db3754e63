"""Billing address and tax ID in the portal: in the wizard, when editing, and for one's own."""

import pytest
from playwright.sync_api import Browser, Page, expect

from local.system import System
from tests.portal.people import Person, fill, mark, signed_in
from tests.portal.visits import Business

TAX_ID = "GB 434 0314 94"
KEPT_TAX_ID = "GB434031494"


def _fill_address(page: Page, street: str) -> None:
    page.get_by_label("Street address").fill(street)
    page.get_by_label("City or town").fill("London")
    page.get_by_label("Postal code").fill("SW1A 1AA")
    page.get_by_label("Address country").select_option("GB")


def test_the_wizard_keeps_the_address_and_names_what_is_missing(seller: Person) -> None:
    page = seller.page
    seller.go("/accounts/new/basic")
    part = page.locator("#billing-details")
    expect(page.get_by_label("Street address")).to_be_hidden()
    part.locator("summary").click()
    fill(page, name=f"Billed {mark()}", email="not an address")
    fill(page, address_line1="1 High Street", tax_id=TAX_ID)
    page.get_by_role("button", name="Next: service plan").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Enter the city or town.")
    expect(alert).to_contain_text("Choose the country of the address.")
    expect(alert).to_contain_text("Enter an e-mail address")
    expect(page.get_by_label("Street address")).to_have_value("1 High Street")
    _fill_address(page, "1 High Street")
    fill(page, email="ann@customer.example", first_name="Ann", last_name="Archer")
    fill(page, phone="+14155550142")
    page.get_by_role("button", name="Next: service plan").click()
    expect(page.get_by_label("Plan name")).to_be_visible()
    seller.go("/accounts/new/basic")
    expect(page.get_by_label("City or town")).to_have_value("London")
    expect(page.get_by_label("Tax ID")).to_have_value(TAX_ID)
    seller.go("/accounts/new/basic?dialog=discard")
    page.get_by_role("button", name="Discard draft", exact=True).click()
    seller.says("Draft discarded.")


def test_a_parent_edits_and_removes_the_billing_details(seller: Person, business: Business) -> None:
    account, page = business.active, seller.page
    path = f"/v1/accounts/{account['id']}"
    seller.go(f"/accounts/{account['id']}/edit")
    page.locator("#billing-details summary").click()
    _fill_address(page, "3 High Street")
    page.get_by_label("Tax ID").fill(TAX_ID)
    page.get_by_role("button", name="Save changes").click()
    seller.says("The changes are saved.")
    saved = business.call("GET", path)
    assert (saved["billing_address"]["line1"], saved["tax_id"]) == ("3 High Street", KEPT_TAX_ID)
    seller.go(f"/accounts/{account['id']}/edit")
    for name in ("line1", "locality", "postal_code"):
        page.locator(f"#address_{name}").fill("")
    page.get_by_label("Address country").select_option("")
    page.get_by_label("Tax ID").fill("")
    page.get_by_role("button", name="Save changes").click()
    seller.says("The changes are saved.")
    saved = business.call("GET", path)
    assert (saved["billing_address"], saved["tax_id"]) == (None, "")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_reseller_keeps_its_own_billing_details_right(
    browser: Browser, system: System, business: Business, *, script: bool
) -> None:
    reseller = business.reseller
    with signed_in(browser, system, reseller.email, reseller.password, script=script) as own:
        page = own.page
        own.go("/my/account")
        page.get_by_role("link", name="Edit billing details").click()
        _fill_address(page, "4 High Street")
        page.get_by_label("Tax ID").fill("GB1")
        page.get_by_role("button", name="Save billing details").click()
        expect(page.get_by_role("alert")).to_contain_text("valid for United Kingdom")
        page.get_by_label("Tax ID").fill(TAX_ID)
        page.get_by_role("button", name="Save billing details").click()
        expect(page.get_by_text("4 High Street")).to_be_visible()
        expect(page.get_by_text(KEPT_TAX_ID)).to_be_visible()
        own.go("/settings")
        expect(page.get_by_text("4 High Street")).to_be_visible()
        expect(page.locator("#seller_address")).to_have_count(0)
        page.get_by_role("button", name="Save settings").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        own.go("/my/account/billing")
        for name in ("line1", "locality", "postal_code"):
            page.locator(f"#address_{name}").fill("")
        page.get_by_label("Address country").select_option("")
        page.get_by_label("Tax ID").fill("")
        page.get_by_role("button", name="Save billing details").click()
        expect(page.get_by_text("No billing address or tax ID yet")).to_be_visible()
