"""The Rates Manager through the running portal, with and without a script."""

import re

import pytest
from playwright.sync_api import expect

from tests.portal.people import RATES, Person, choose_file, fill, mark
from tests.portal.visits import Business

MANY = 100_000
WATCHING_MILLISECONDS = 60_000


def new_sheet(seller: Person, rates: str = RATES) -> str:
    """Make a sheet and import its rates; return its name."""
    page, name = seller.page, f"Sheet {mark()}"
    seller.go("/rates?dialog=new")
    dialog = page.get_by_role("dialog", name="New rate sheet")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Make rate sheet").click()
    seller.says(f"{name} is made; import its rates now.")
    if rates:
        choose_file(page, rates)
        page.get_by_role("button", name="Import rates").click()
        expect(page.get_by_role("heading", name="Imported", exact=True)).to_be_visible()
    return name


@pytest.mark.rows(13)
def test_a_file_is_looked_at_imported_and_gone_back_from(seller: Person) -> None:
    page = seller.page
    new_sheet(seller)
    choose_file(page, "prefix,rate\n91,0.0300\n33,0.0200\n")
    page.get_by_label("Replaces all rates").check()
    page.get_by_role("button", name="Check the file").click()
    checked = page.get_by_role("status").filter(has_text="Nothing imported yet")
    expect(checked).to_contain_text("1 rate to add, 1 to change, 2 to remove.")
    expect(checked).to_contain_text("1 rate gets more expensive.")
    differences = page.get_by_role("region", name="Rates before and after")
    expect(differences.get_by_role("row", name=re.compile("^91 "))).to_contain_text("$0.0210")
    expect(differences.get_by_role("row", name=re.compile("^91 "))).to_contain_text("$0.0300")
    expect(differences.get_by_role("row", name=re.compile("^44 "))).to_contain_text("Removed")
    expect(differences.get_by_role("row", name=re.compile("^91 "))).to_contain_text(
        "Increment seconds: 6 → 60"
    )
    listed = page.get_by_role("region", name="Rates", exact=True)
    expect(listed.get_by_role("row", name=re.compile("^91 "))).to_contain_text("$0.0210")
    checked.get_by_role("button", name="Import these rates").click()
    expect(page.get_by_text("1 rate added, 1 changed, 2 removed.")).to_be_visible()
    expect(listed.get_by_role("row")).to_have_count(3)
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("link", name="Go back to version 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back to version 1").click()
    expect(page.get_by_role("heading", name="Back to the earlier version")).to_be_visible()
    expect(listed.get_by_role("row")).to_have_count(4)
    expect(listed.get_by_role("row", name=re.compile("^91 "))).to_contain_text("$0.0210")


def test_a_rate_is_added_changed_and_removed(seller: Person) -> None:
    page = seller.page
    new_sheet(seller)
    listed = page.get_by_role("region", name="Rates", exact=True)
    page.get_by_role("link", name="Add a rate").click()
    dialog = page.get_by_role("dialog", name="Add a rate")
    dialog.get_by_label("Prefix").fill("0033")
    dialog.get_by_label("Per minute").fill("ten")
    dialog.get_by_role("button", name="Add rate").click()
    expect(dialog.locator("#rate-error")).to_be_visible()
    dialog.get_by_label("Per minute").fill("0.0400")
    dialog.get_by_role("button", name="Add rate").click()
    expect(dialog.locator("#prefix-error")).to_be_visible()
    expect(dialog.get_by_label("Per minute")).to_have_value("0.0400")
    dialog.get_by_label("Prefix").fill("33")
    dialog.get_by_label("Takes effect").fill("2027-01-01")
    dialog.get_by_role("button", name="Add rate").click()
    seller.says("The rate of the prefix 33 is added.")
    expect(listed.get_by_role("row", name=re.compile("^33 "))).to_contain_text("1 Jan 2027")
    page.get_by_role("button", name="Actions for the prefix 33").click()
    page.get_by_role("link", name="Change…").click()
    dialog = page.get_by_role("dialog", name="Change the rate of 33")
    expect(dialog.get_by_label("Per minute")).to_have_value("0.04")
    dialog.get_by_label("Per minute").fill("0.0450")
    dialog.get_by_label("Refuse all of them").check()
    dialog.get_by_role("button", name="Change rate").click()
    seller.says("The rate of the prefix 33 is changed.")
    expect(listed.get_by_role("row", name=re.compile("^33 "))).to_contain_text("Blocked")
    page.get_by_role("button", name="Actions for the prefix 33").click()
    page.get_by_role("link", name="Remove…").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove rate").click()
    seller.says("The rate of the prefix 33 is removed.")
    expect(listed.get_by_role("row")).to_have_count(4)


@pytest.mark.rows(13)
def test_a_sheet_is_copied_with_a_margin_and_archived(seller: Person) -> None:
    page = seller.page
    name = new_sheet(seller)
    page.get_by_role("link", name="Copy…").click()
    dialog = page.get_by_role("dialog", name=f"Copy {name}")
    dialog.get_by_label("Name of the new sheet").fill(name)
    dialog.get_by_label("Margin").fill("-100")
    dialog.get_by_role("button", name="Make the copy").click()
    expect(dialog.locator("#copy_name-error")).to_be_visible()
    expect(dialog.locator("#margin-error")).to_be_visible()
    dialog.get_by_label("Name of the new sheet").fill(f"{name} dear")
    dialog.get_by_label("Margin").fill("50")
    dialog.get_by_role("button", name="Make the copy").click()
    seller.says(f"{name} dear is made.")
    listed = page.get_by_role("region", name="Rates", exact=True)
    expect(listed.get_by_role("row", name=re.compile("^91 "))).to_contain_text("$0.0315")
    page.get_by_role("button", name=f"More for {name} dear").click()
    page.get_by_role("link", name="Archive…").click()
    page.get_by_role("dialog").get_by_role("button", name="Archive sheet").click()
    seller.says(f"{name} dear is archived.")
    seller.go("/accounts/new/basic")
    fill(page, name=f"Customer {mark()}", email=f"{mark()}@customer.example")
    fill(page, first_name="Amara", last_name="Okafor", phone="(415) 555-0142")
    page.get_by_role("button", name="Next: service plan").click()
    choices = page.get_by_label("Select rates")
    expect(choices.get_by_role("option", name=name, exact=True)).to_have_count(1)
    expect(choices.get_by_role("option", name=f"{name} dear")).to_have_count(0)
    seller.go("/rates?show=archived")
    page.get_by_role("link", name=f"{name} dear", exact=True).click()
    page.get_by_role("button", name=f"More for {name} dear").click()
    page.get_by_role("link", name="Take back from archive…").click()
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    seller.says(f"{name} dear can be chosen again.")


def test_a_large_import_is_watched_until_it_is_in_use(seller: Person) -> None:
    page = seller.page
    new_sheet(seller, "")
    rows = "\n".join(f"{prefix},0.01" for prefix in range(300_000, 300_000 + MANY))
    choose_file(page, f"prefix,rate\n{rows}\n")
    page.get_by_role("button", name="Import rates").click()
    expect(page.get_by_role("progressbar", name="Importing rates")).to_be_visible()
    expect(page.get_by_text("Write what changes")).to_be_visible()
    expect(page.get_by_text("100,000 rates added.")).to_be_visible(timeout=WATCHING_MILLISECONDS)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("row", name=re.compile("^300000 "))).to_be_visible()


def test_refused_rows_can_be_had_as_a_file(seller: Person) -> None:
    page = seller.page
    new_sheet(seller)
    choose_file(page, "prefix,rate\n4.4E+11,0.1\n34,ten\n")
    page.get_by_role("button", name="Import rates").click()
    expect(page.get_by_role("heading", name="Nothing was changed")).to_be_visible()
    refused = page.get_by_role("region", name="Refused rows")
    expect(refused.get_by_role("row", name=re.compile("^2 "))).to_contain_text("scientific")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download them as CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["line", "2", "3"]
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.path().read_text("utf-8-sig").startswith("prefix,country,name,rate,")


def test_what_another_browser_changes_is_seen_at_once(seller: Person, business: Business) -> None:
    if not seller.script:
        return  # a page without a script shows what was there when it was asked for
    page = seller.page
    name = new_sheet(seller)
    sheet = page.url.partition("?")[0]
    other = page.context.new_page()
    other.goto(sheet)
    listed = other.get_by_role("region", name="Rates", exact=True)
    expect(listed.get_by_role("row")).to_have_count(4)
    expect(other.locator("[data-live='on']")).to_have_count(1)
    choose_file(page, "prefix,rate\n33,0.0200\n")
    page.get_by_role("button", name="Import rates").click()
    expect(listed.get_by_role("row")).to_have_count(5)
    assert name in other.title()
    assert business.reseller.rate_sheet_id not in sheet
    other.close()
