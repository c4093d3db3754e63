"""Every page in every state: readable by all, no sideways scroll, nothing from elsewhere."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from gateway.portal.pages import STATIC, render
from tests.portal.gallery import PAGES, shell
from tests.portal.looking import ALL_LOOKS, faults_of
from tests.portal.watching import watch

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def window(desktop: BrowserContext) -> Iterator[tuple[Page, list[str]]]:
    """Give a window for one page after the other, and what went wrong in it."""
    page = desktop.new_page()
    yield page, watch(page)
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(window: tuple[Page, list[str]], gallery: str, name: str) -> None:
    page, wrong = window
    wrong.clear()
    page.goto(f"{gallery}/gallery/{name}")
    assert faults_of(page, name) == []
    assert wrong == []


@pytest.mark.soak  # looks again at what the test above has seen in two of the four ways
@pytest.mark.timeout(1_200)
def test_every_page_is_for_everybody_at_each_width_in_each_theme(
    window: tuple[Page, list[str]], gallery: str
) -> None:
    page, wrong = window
    wrong.clear()
    faults: list[str] = []
    for name in PAGES:
        page.goto(f"{gallery}/gallery/{name}")
        faults += faults_of(page, name, ALL_LOOKS)
    assert faults == []
    assert wrong == []


def test_a_theme_is_nothing_but_colours() -> None:
    themed = re.compile(r"[^{}]*data-theme[^{}]*\{[^{}]*\}|[^{}]*prefers-color-scheme[^{}]*\{")
    found = [
        rule.strip() for sheet in STATIC.glob("*.css") for rule in themed.findall(sheet.read_text())
    ]
    assert found == [
        f':root[data-theme="{theme}"] {{ color-scheme: {theme}; }}' for theme in ("light", "dark")
    ], "the CSS function light-dark() takes only colours, so each theme needs only rules of colour"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_that_its_security_policy_forbids(name: str) -> None:
    role, page = PAGES[name]
    html = render(page, shell(name, role, "light"))
    for forbidden in ("style=", "<style", "onclick=", "hx-on", "js:", "javascript:", "hx-boost"):
        assert forbidden not in html, forbidden
    assert html.count("<script") == html.count("<script src=")


def test_the_title_of_a_page_with_errors_says_so(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/new-basic-errors")
    expect(clean_page).to_have_title("Error: New account: basic info · Northwind Voice")


def test_every_link_of_an_error_summary_leads_to_its_field(clean_page: Page, gallery: str) -> None:
    for name in ("new-basic-errors", "new-plan-errors", "reseller-new", "user-password"):
        clean_page.goto(f"{gallery}/gallery/{name}")
        links = clean_page.locator("[data-error-summary] a").all()
        assert links
        for link in links:
            anchor = link.get_attribute("href") or ""
            assert clean_page.locator(f"[id='{anchor.removeprefix('#')}']").count() == 1, anchor


def test_the_credit_notes_of_an_invoice_are_read_on_a_phone(clean_page: Page, gallery: str) -> None:
    clean_page.set_viewport_size({"width": 390, "height": 844})
    clean_page.goto(f"{gallery}/gallery/invoice-credited")
    notes = clean_page.get_by_role("table", name="Credit notes for this invoice")
    expect(notes.get_by_text("\N{MINUS SIGN}$78.94")).to_be_visible()
    caption = notes.locator("caption").bounding_box()
    assert caption
    assert caption["width"] > caption["height"]


def test_a_call_that_was_charged_on_a_later_day_says_when(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/per-minute")
    table = clean_page.get_by_role("region", name="Billed calls")
    expect(table.get_by_text("Charged 22 Nov 2026, 18:25")).to_be_visible()
    expect(table.get_by_text("Charged ")).to_have_count(3)
    assert table.evaluate("it => it.scrollWidth <= it.clientWidth")


def test_the_fetched_files_are_the_ones_we_show() -> None:
    fetched = {path.name for path in (STATIC / "vendor").iterdir()}
    assert {"htmx.js", "htmx-sse.js", "inter-latin.woff2", "flags"} <= fetched
    assert len(list((STATIC / "vendor" / "flags").glob("*.svg"))) > 240
