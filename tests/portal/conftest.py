"""A browser that fails the test on any error or any request to elsewhere, and the gallery."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

from tests.portal.gallery import CHROMIUM, CHROMIUM_ARGUMENTS, serving

HERE = ("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Use the system's Chromium, which asks nobody for updates."""
    return {"executable_path": CHROMIUM, "args": list(CHROMIUM_ARGUMENTS)}


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """Serve every page with sample content; give the address."""
    with serving() as address:
        yield address


def watch(page: Page) -> list[str]:
    """Return a list that fills with what went wrong on the page."""
    wrong: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            wrong.append(f"console: {message.text}")

    def on_error(error: Error) -> None:
        wrong.append(f"page error: {error.message}")

    def on_request(request: Request) -> None:
        if urlsplit(request.url).hostname not in HERE:
            wrong.append(f"request to elsewhere: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", on_error)
    page.on("request", on_request)
    return wrong


@pytest.fixture
def clean_page(browser: Browser) -> Iterator[Page]:
    """Give a page of a desktop; the test fails when anything went wrong on it."""
    page = browser.new_page(viewport={"width": 1440, "height": 940}, reduced_motion="reduce")
    wrong = watch(page)
    yield page
    page.close()
    assert wrong == []
