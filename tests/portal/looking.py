"""What is looked at on every page: width by width, theme by theme, by the rules of axe."""

from importlib.resources import files
from typing import Final

from playwright.sync_api import Page, expect

from tests.portal.gallery import THEMES, WIDTHS

PHONE_HEIGHT_PIXELS: Final = 844
AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text()
REPORT: Final = {"resultTypes": ["violations"], "selectors": False}
EVERY_RULE: Final = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    },
    **REPORT,
}
RULES_OF_COLOUR: Final = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    **REPORT,
}
"""All of its category `cat.color` up to AA: a theme is nothing but colours (test_look)."""

RUN_AXE: Final = """async (options) => (await axe.run(document, options)).violations.map(
    rule => [rule.id, ...rule.nodes.map(node => node.html)].join(" "))"""
SET_THEME: Final = "theme => { document.documentElement.dataset.theme = theme }"
TO_THE_TOP: Final = "scrollTo({top: 0, behavior: 'instant'})"
"""A field with the focus is scrolled to; what the bar at the top half covers then isn't small."""

SIDEWAYS: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults_of(page: Page, name: str) -> list[str]:
    """Return what is wrong with the page that is open, for whomever and on whatever screen."""
    expect(page.locator("h1")).to_have_count(1)
    page.evaluate(AXE)
    faults: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": PHONE_HEIGHT_PIXELS})
        if page.evaluate(SIDEWAYS) > 0:
            faults.append(f"{name} scrolls sideways at {width} px")
        for theme, rules in zip(THEMES, (EVERY_RULE, RULES_OF_COLOUR), strict=True):
            page.evaluate(SET_THEME, theme)
            page.evaluate(TO_THE_TOP)
            violations = page.evaluate(RUN_AXE, rules)
            faults += [f"{name}, {width} px, {theme}: {one}" for one in violations]
    return faults
