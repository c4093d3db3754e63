"""`make pictures`: the README's screenshots, of a running system with the demo's data."""

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.browser import CHROMIUM, CHROMIUM_ARGUMENTS
from local.demo import OPERATOR, make_demo
from local.processes import ROOT
from local.servers import choose
from local.system import System

FOLDER: Final = ROOT / "docs" / "pictures"
DESKTOP: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 940}}
PHONE: Final[dict[str, Any]] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}


def main() -> int:
    """Start a system of its own with the demo's data, take the pictures, stop it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="accounts-manager-pictures-") as name:
        folder = Path(name)
        servers = choose(folder)
        system = System(folder, servers.addresses, settings={"AM_DEMO": "true"})
        try:
            servers.start()
            servers.wait_until_ready()
            system.start()
            system.wait_until_ready()
            link = system.operate("create-operator", OPERATOR, "Olu", "Platform", "--print-link")
            token = link.strip().rpartition("/")[2]
            demo = asyncio.run(make_demo(system.portal_url, token, system.mailbox))
            _take_all(system.portal_url, demo["logins"]["reseller"])
        finally:
            system.stop()
            servers.discard()
    return 0


def _take_all(portal_url: str, login: dict[str, str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS)
        )
        page = _signed_in(browser, portal_url, login, **DESKTOP)
        _take(page, "accounts")
        page.get_by_role("link", name="Bluefin Logistics", exact=True).click()
        expect(page.get_by_role("heading", name="Bluefin Logistics")).to_be_visible()
        _take(page, "overview")
        _walk_the_wizard(page, portal_url)
        dark = _signed_in(browser, portal_url, login, color_scheme="dark", **DESKTOP)
        _take(dark, "accounts-dark")
        phone = _signed_in(browser, portal_url, login, **PHONE)
        _take(phone, "accounts-phone")
        browser.close()


def _signed_in(browser: Browser, portal_url: str, login: dict[str, str], **options: object) -> Page:
    page = browser.new_context(reduced_motion="reduce", **options).new_page()  # pyright: ignore[reportArgumentType] - options of Playwright's own
    page.goto(f"{portal_url}/login")
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Accounts", exact=True)).to_be_visible()
    return page


def _walk_the_wizard(page: Page, portal_url: str) -> None:
    page.goto(f"{portal_url}/accounts/new/basic")
    values = {
        "name": "Vale Street Surgery",
        "email": "amara@surgery.example",
        "first_name": "Amara",
        "last_name": "Okafor",
        "phone": "+1 415 555 0142",
    }
    for name, value in values.items():
        page.locator(f"main [name='{name}']").first.fill(value)
    _take(page, "wizard-1")
    page.get_by_role("button", name="Next: service plan").click()
    page.get_by_label("Plan name").fill("Office 12 for Vale Street")
    page.get_by_role("spinbutton", name="Number of users").fill("12")
    page.get_by_label("Cost per user").fill("14.00")
    page.get_by_label("Select rates").select_option(label="Standard A–Z")
    page.get_by_role("button", name="Add credit").first.click()
    dialog = page.get_by_role("dialog", name="Add credit")
    dialog.get_by_label("Credit", exact=True).fill("500")
    dialog.get_by_role("button", name="Add credit").click()
    page.get_by_role("button", name="Open a country").click()
    dialog = page.get_by_role("dialog", name="Open countries")
    for country in ("India", "United Kingdom", "United Arab Emirates"):
        dialog.get_by_role("checkbox", name=re.compile(f"^{country} ")).check()
    dialog.get_by_role("button", name="Open countries").click()
    page.get_by_role("button", name="Select number").click()
    dialog = page.get_by_role("dialog", name="Select number")
    for box in dialog.get_by_role("checkbox").all()[:2]:
        box.check()
    _take(page, "wizard-2-numbers")
    dialog.get_by_role("button", name="Assign numbers").click()
    expect(page.get_by_text("Reserved for this account until")).to_be_visible()
    page.get_by_label(re.compile("minutes.*India", re.IGNORECASE)).fill("300")
    expect(page.get_by_role("region", name="At creation")).to_contain_text("first month")
    # The whole form in one view: a picture of a scrolled page would show its bars amid the text.
    page.set_viewport_size({"width": 1440, "height": 1460})
    page.evaluate("window.scrollTo(0, 0)")
    _take(page, "wizard-2")


def _take(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
