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
