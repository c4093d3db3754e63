"""On a phone: where one is and where one can go is in view, with and without a script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.portal.watching import watch

WIDTH = 390


@pytest.fixture
def phone(browser: Browser, *, script: bool) -> Iterator[Page]:
    """Give a page of a phone."""
    context = browser.new_context(
        java_script_enabled=script,
        reduced_motion="reduce",
        viewport={"width": WIDTH, "height": 844},
    )
    page = context.new_page()
    wrong = watch(page)
    yield page
    context.close()
    assert wrong == []


def expect_in_view(element: Locator) -> None:
    """Expect an element to be between the left and the right edge of the screen."""
    expect(element).to_be_visible()
    box = element.bounding_box()
    assert box
    assert box["x"] >= 0, "it begins on the screen"
    assert box["x"] + box["width"] <= WIDTH, "and ends there"


@pytest.mark.parametrize("name", ["bills", "settings", "account-suspended"])
def test_the_current_tab_is_in_view(phone: Page, gallery: str, name: str) -> None:
    phone.goto(f"{gallery}/gallery/{name}")
    expect_in_view(phone.locator(".tabs [aria-current]"))


def test_why_a_call_of_a_file_is_rejected_is_read_whole(phone: Page, gallery: str) -> None:
    phone.goto(f"{gallery}/gallery/call-import-checked")
    table = phone.get_by_role("region", name="Calls of the file")
    cause = table.get_by_text("No account of yours has this id.")
    expect_in_view(cause)
    assert cause.evaluate("it => it.scrollWidth <= it.clientWidth")
    assert table.evaluate("it => it.scrollWidth <= it.clientWidth")


def test_what_is_left_of_a_bundle_stands_beside_its_country(phone: Page, gallery: str) -> None:
    for name in ("overview", "plan"):
        phone.goto(f"{gallery}/gallery/{name}")
        row = phone.get_by_role("listitem").filter(has_text="14 of 300 left")
        country, left = (row.get_by_text(text).bounding_box() for text in ("India", "of 300 left"))
        assert country
        assert left
        assert left["x"] > country["x"] + country["width"]
        expect_in_view(row.get_by_role("meter"))


def test_both_fees_that_a_list_would_change_are_named(phone: Page, gallery: str) -> None:
    phone.goto(f"{gallery}/gallery/numbers-checked")
    fees = phone.get_by_role("region", name="Fees before and after")
    expect(fees.get_by_text("set-up").first).to_be_visible()
    expect(fees.get_by_text("/mo").first).to_be_visible()


@pytest.mark.parametrize("name", ["accounts", "bills", "health", "keys"])
def test_every_entry_of_the_bottom_bar_is_in_view(phone: Page, gallery: str, name: str) -> None:
    phone.goto(f"{gallery}/gallery/{name}")
    bar = phone.get_by_role("navigation", name="Portal")
    entries = bar.locator("li:visible > :is(a, button)")
    assert 1 < entries.count() <= 5
    for entry in entries.all():
        expect_in_view(entry)
    more = bar.get_by_role("button", name="More")
    if more.count():
        more.click()
        last = phone.locator("#more-menu a").last
        expect_in_view(last)
        expect(last).to_be_in_viewport(ratio=1)
