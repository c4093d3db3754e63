"""Browsers that fail the test on any fault of a page: before the gallery, before the portal."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from local.system import System
from tests.portal.gallery import CHROMIUM, CHROMIUM_ARGUMENTS, serving
from tests.portal.people import (
    Person,
    beside_the_browser,
    enter_as_first_operator,
    mark,
    person,
)
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
def seller(
    request: pytest.FixtureRequest, browser: Browser, system: System, business: Business
) -> Iterator[Person]:
    """Give the reseller, signed in, before a browser with and one without script."""
    with person(browser, system, business.reseller.email, script=bool(request.param)) as reseller:
        reseller.password = business.reseller.password
        reseller.sign_in()
        yield reseller


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def operator(request: pytest.FixtureRequest, browser: Browser, system: System) -> Iterator[Person]:
    """Give an operator, signed in, before a browser with and one without script."""
    email = f"ops-{mark()}@trade.example"
    with person(browser, system, email, script=bool(request.param)) as operator:
        enter_as_first_operator(operator)
        yield operator


@pytest.fixture
def clean_page(browser: Browser) -> Iterator[Page]:
    """Give a page of a desktop; the test fails when anything went wrong on it."""
    page = browser.new_page(viewport={"width": 1440, "height": 940}, reduced_motion="reduce")
    wrong = watch(page)
    yield page
    page.close()
    assert wrong == []
