"""Every page of the running portal but resellers' own: readable by all, no sideways scroll."""

import pytest
from playwright.sync_api import Browser

from local.system import System
from tests.portal.looking import ALL_LOOKS, LOOKS, Look, faults_of
from tests.portal.visits import everybody


@pytest.mark.long
@pytest.mark.timeout(600)  # dozens of pages, each looked at from two sides or from all four
@pytest.mark.parametrize(
    "looks",
    [pytest.param(LOOKS, id="each"), pytest.param(ALL_LOOKS, id="all", marks=pytest.mark.soak)],
)
def test_every_page_is_for_everybody(
    browser: Browser, system: System, looks: tuple[Look, ...]
) -> None:
    faults: list[str] = []
    with everybody(browser, system) as people:
        for name, who, path in people.pages("visitor", "operator", "customer"):
            who.go(path)
            faults += faults_of(who.page, name, looks)
    assert faults == []
