"""What is looked at on every page: width by width, theme by theme, by the rules of axe."""

from importlib.resources import files
from typing import Final, NamedTuple

from playwright.sync_api import Page

from gateway.portal.views.shell import Theme
from tests.portal.gallery import THEMES, WIDTHS

PHONE_HEIGHT_PIXELS: Final = 844
AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text()
EVERY_RULE: Final = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
    "selectors": False,
}


class Look(NamedTuple):
    """How a page is shown while it is looked at."""

    width: int
    theme: Theme


ALL_LOOKS: Final = tuple(Look(width, theme) for width in WIDTHS for theme in THEMES)
LOOKS: Final = tuple(map(Look, WIDTHS, THEMES))
"""Each width once and each theme once, which is what every change is checked with.

A width decides what is laid out and where, and a theme is nothing but colours (test_look); what is
wrong at one width or in one theme is seen here. `make soak` looks in all four ways.
"""

# A field with the focus is scrolled to; what the bar at the top half covers then isn't small.
LOOK: Final = """async ([theme, rules]) => {
    const root = document.documentElement
    root.dataset.theme = theme
    scrollTo({top: 0, behavior: "instant"})
    const found = await axe.run(document, rules)
    return {
        headings: document.querySelectorAll("h1").length,
        sideways: root.scrollWidth - root.clientWidth,
        violations: found.violations.map(
            rule => [rule.id, ...rule.nodes.map(node => node.html)].join(" ")),
    }
}"""


def faults_of(page: Page, name: str, looks: tuple[Look, ...] = LOOKS) -> list[str]:
    """Return what is wrong with the page that is open, for whomever and on whatever screen."""
    page.evaluate(AXE)
    faults: list[str] = []
    for width, theme in looks:
        page.set_viewport_size({"width": width, "height": PHONE_HEIGHT_PIXELS})
        found = page.evaluate(LOOK, [theme, EVERY_RULE])
        shown = f"{name}, {width} px, {theme}"
        if found["headings"] != 1:
            faults.append(f"{shown}: {found['headings']} first headings")
        if found["sideways"] > 0:
            faults.append(f"{shown}: scrolls sideways")
        faults += [f"{shown}: {one}" for one in found["violations"]]
    return faults
