"""A reseller's own spare numbers: repriced and removed, one by one and by lists."""

import pytest
from playwright.sync_api import expect

from tests.portal.people import Person, choose_file
from tests.portal.visits import Business


def spare(business: Business, count: int) -> list[str]:
    """Return some spare numbers of the reseller."""
    found = business.call("GET", f"/v1/numbers?state=available&limit={count}")["data"]
    return [one["number"] for one in found]


def fees(business: Business, number: str) -> tuple[str, str] | None:
    """Return the fees of a number of the stock; None if it isn't there."""
    found = business.call("GET", f"/v1/numbers?q={number[1:]}")["data"]
    return (found[0]["setup_fee"], found[0]["monthly_fee"]) if found else None


def test_a_spare_number_is_repriced_and_removed(seller: Person, business: Business) -> None:
    page = seller.page
    (number,) = spare(business, 1)
    seller.go(f"/numbers?dialog=fees&number=%2B{number[1:]}")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Monthly fee").fill("ten")
    dialog.get_by_role("button", name="Change fees").click()
    expect(dialog.get_by_text("Enter the monthly fee as an amount")).to_be_visible()
    dialog.get_by_label("Monthly fee").fill("7.25")
    dialog.get_by_role("button", name="Change fees").click()
    expect(page.get_by_text("are changed.")).to_be_visible()
    changed = fees(business, number)
    assert changed is not None
    assert changed[1] == "7.25"
    seller.go(f"/numbers?dialog=remove&number=%2B{number[1:]}")
    page.get_by_role("dialog").get_by_role("button", name="Remove number").click()
    expect(page.get_by_text("is removed from your stock.")).to_be_visible()
    assert fees(business, number) is None


@pytest.mark.parametrize("width", [1280, 390])
def test_a_list_is_checked_and_then_changes_the_fees(
    seller: Person, business: Business, width: int
) -> None:
    page = seller.page
    page.set_viewport_size({"width": width, "height": 900})
    first, second = spare(business, 2)
    monthly = f"{width}.50"
    seller.go("/numbers")
    choose_file(page, f"DID;MRC\n{first};{monthly}\n+14155550000;1\n")
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("heading", name="Nothing imported yet")).to_be_visible()
    expect(page.get_by_role("region", name="Fees before and after")).to_contain_text(".50")
    expect(page.get_by_text("is not in the stock.")).to_be_visible()
    before = fees(business, first)
    assert before is not None
    assert before[1] != monthly
    page.get_by_role("button", name="Change numbers").click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    expect(page.get_by_label("Or paste rows")).to_have_value("DID;MRC\n+14155550000;1\n")
    after = fees(business, first)
    assert after is not None
    assert after[1] == monthly
    page.get_by_label("Or paste rows").fill(f"number\n{second}\n")
    page.get_by_label("Removes spare numbers").check()
    page.get_by_role("button", name="Change numbers").click()
    expect(page.get_by_text("1 number removed")).to_be_visible()
    expect(page.get_by_label("Or paste rows")).to_have_value("")
    assert fees(business, second) is None
