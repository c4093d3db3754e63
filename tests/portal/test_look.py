"""Every page in every state: readable by all, no sideways scroll, nothing from elsewhere."""

from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect

from gateway.portal.pages import STATIC, render
from tests.portal.gallery import PAGES, THEMES, WIDTHS, shell

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
AXE_OPTIONS = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
RUN_AXE = """async (options) => (await axe.run(document, options)).violations.map(
    rule => [rule.id, ...rule.nodes.map(node => node.html)].join(" "))"""
SET_THEME = "theme => { document.documentElement.dataset.theme = theme }"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(clean_page: Page, gallery: str, name: str) -> None:
    clean_page.goto(f"{gallery}/gallery/{name}")
    expect(clean_page.locator("h1")).to_have_count(1)
    clean_page.evaluate(AXE)
    for width in WIDTHS:
        clean_page.set_viewport_size({"width": width, "height": 844})
        assert clean_page.evaluate(SIDEWAYS) <= 0, f"scrolls sideways at {width} px"
        for theme in THEMES:
            clean_page.evaluate(SET_THEME, theme)
            assert clean_page.evaluate(RUN_AXE, AXE_OPTIONS) == [], f"{width} px, {theme}"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_that_its_security_policy_forbids(name: str) -> None:
    role, make = PAGES[name]
    html = render(make(), shell(name, role, "light"))
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


def test_the_fetched_files_are_the_ones_we_show() -> None:
    fetched = {path.name for path in (STATIC / "vendor").iterdir()}
    assert {"htmx.js", "htmx-sse.js", "inter-latin.woff2", "flags"} <= fetched
    assert len(list((STATIC / "vendor" / "flags").glob("*.svg"))) > 240
