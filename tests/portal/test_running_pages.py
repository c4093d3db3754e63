"""Every page of the running portal: readable by all, no sideways scroll, no fault."""

import pytest
from playwright.sync_api import Browser, expect

from local.system import System
from tests.portal.gallery import THEMES, WIDTHS
from tests.portal.test_look import AXE, AXE_OPTIONS, RUN_AXE, SET_THEME, SIDEWAYS
from tests.portal.visits import everybody


@pytest.mark.timeout(900)  # some seventy pages, each looked at four times
def test_every_page_is_for_everybody(browser: Browser, system: System) -> None:
    faults: list[str] = []
    with everybody(browser, system) as people:
        for name, who, path in people.pages():
            who.go(path)
            expect(who.page.locator("h1")).to_have_count(1)
            who.page.evaluate(AXE)
            for width in WIDTHS:
                who.page.set_viewport_size({"width": width, "height": 844})
                if who.page.evaluate(SIDEWAYS) > 0:
                    faults.append(f"{name} scrolls sideways at {width} px")
                for theme in THEMES:
                    who.page.evaluate(SET_THEME, theme)
                    violations = who.page.evaluate(RUN_AXE, AXE_OPTIONS)
                    faults += [f"{name}, {width} px, {theme}: {one}" for one in violations]
    assert faults == []
