"""Browsers that fail the test on any fault of a page: before the gallery, before the portal."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from local.browser import CHROMIUM, CHROMIUM_ARGUMENTS
from local.system import System
from tests.portal.gallery import serving
from tests.portal.people import Person, WayIn, beside_the_browser, make_operator, signed_in
from tests.portal.visits import Business, set_up_business
from tests.portal.watching import watch


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Use the system's Chromium, which asks nobody for updates."""
    return {"executable_path": CHROMIUM, "args": list(CHROMIUM_ARGUMENTS)}


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """Serve every page with sample content; give the address."""
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def business(system: System) -> Business:
    """Give a reseller with accounts in several states, and the customer of one of them."""
    return beside_the_browser(set_up_business(system))


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def script(request: pytest.FixtureRequest) -> bool:
    """Tell whether the browsers of a test run scripts; it is done with all of them, then none."""
    return bool(request.param)


@pytest.fixture
def seller(
    browser: Browser, system: System, business: Business, *, script: bool
) -> Iterator[Person]:
    """Give the reseller, signed in."""
    with signed_in(
        browser, system, business.reseller.email, business.reseller.password, script=script
    ) as reseller:
        yield reseller


@pytest.fixture(scope="session")
def operators_way_in(system: System) -> WayIn:
    """Make an operator; give how to sign in as one."""
    return make_operator(system)


@pytest.fixture
def operator(
    browser: Browser, system: System, operators_way_in: WayIn, *, script: bool
) -> Iterator[Person]:
    """Give an operator, signed in."""
    with signed_in(
        browser, system, operators_way_in.email, operators_way_in.password, script=script
    ) as operator:
        yield operator


@pytest.fixture(scope="session")
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    """Give a desktop's browser that keeps the style sheets and fonts that it has loaded."""
    context = browser.new_context(viewport={"width": 1440, "height": 940}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def clean_page(desktop: BrowserContext) -> Iterator[Page]:
    """Give a new page of a desktop; the test fails when anything went wrong on it."""
    desktop.clear_cookies()
    page = desktop.new_page()
    wrong = watch(page)
    yield page
    page.close()
    assert wrong == []
