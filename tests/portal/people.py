"""People with browsers before a running portal, and what each of them does there, step by step."""

import asyncio
import re
import secrets
import uuid
from collections.abc import Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from playwright.sync_api import Browser, Page, expect

from local.client import link_token_for, set_password
from local.system import System
from tests.portal.watching import watch
from tests.waiting import eventually

Result = TypeVar("Result")

REFUSED = re.compile(
    r"the server responded with a status of (4\d\d|503)|SSE reconnect failed with status 401"
)
"""What the browser says about a form that is shown again, or a session that was ended: both are
what journeys want."""

WAIT_MILLISECONDS = 15_000
expect.set_options(timeout=WAIT_MILLISECONDS)

RATES = (
    "prefix,country,name,rate,min_duration,increment\n"
    "44,GB,United Kingdom,0.0120,6,6\n91,IN,India,0.0210,6,6\n971,AE,Emirates,0.1640,60,60\n"
)


@dataclass(slots=True)
class Person:
    """Somebody with a browser of their own."""

    page: Page
    system: System
    email: str
    script: bool
    password: str = field(default_factory=lambda: secrets.token_urlsafe(15))
    _used_tokens: set[str] = field(default_factory=set[str])

    def go(self, path: str) -> None:
        """Type an address of the portal."""
        self.page.goto(f"{self.system.portal_url}{path}")

    def follow_link(self, link: str = "") -> None:
        """Follow the one-time link of the newest e-mail (or this one), and set the password."""
        self.page.goto(link or f"{self.system.portal_url}/reset/{self.next_token()}")
        self.page.get_by_label("New password", exact=True).fill(self.password)
        self.page.get_by_label("Confirm new password").fill(self.password)
        self.page.get_by_role("button", name="Set password and sign in").click()
        expect(self.page.get_by_text("Your password is set.")).to_be_visible()

    def sign_in(self) -> None:
        """Sign in at the sign-in page."""
        self.go("/login")
        self.page.get_by_label("E-mail").fill(self.email)
        self.page.get_by_label("Password").fill(self.password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("navigation", name="Portal")).to_be_visible()

    def come_in(self) -> None:
        """Be at home, without the page for signing in, which the journeys of that walk through."""
        answer = self.page.context.request.post(
            f"{self.system.portal_url}/v1/sessions",
            data={"email": self.email, "password": self.password},
            headers={"Origin": self.system.portal_url},
        )
        assert answer.ok, answer.text()
        self.go("/")

    def next_token(self) -> str:
        """Return the token of the newest e-mail to this person, once there is one not used yet."""

        async def look() -> str:
            token = await link_token_for(self.system.mailbox, self.email)
            return "" if token in self._used_tokens else token

        token = beside_the_browser(eventually(look))
        self._used_tokens.add(token)
        return token

    def says(self, text: str | re.Pattern[str]) -> None:
        """Expect a toast."""
        expect(self.page.get_by_role("status").get_by_text(text).first).to_be_visible()


def beside_the_browser(work: Coroutine[Any, Any, Result]) -> Result:
    """Run something asynchronous while Playwright holds this thread's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextmanager
def person(
    browser: Browser, system: System, email: str, *, script: bool = True
) -> Generator[Person]:
    """Give somebody a browser of their own; fails when a page was faulty."""
    context = browser.new_context(
        java_script_enabled=script,
        reduced_motion="reduce",
        viewport={"width": 1440, "height": 940},
    )
    context.set_default_timeout(WAIT_MILLISECONDS)
    page = context.new_page()
    wrong = watch(page)
    yield Person(page, system, email, script)
    context.close()
    faults = [fault for fault in wrong if not REFUSED.search(fault)]
    assert not faults, faults


@contextmanager
def signed_in(
    browser: Browser, system: System, email: str, password: str, *, script: bool = True
) -> Generator[Person]:
    """Give somebody a browser of their own in which they are at home."""
    with person(browser, system, email, script=script) as who:
        who.password = password
        who.come_in()
        yield who


def mark() -> str:
    """Return something that makes names of this test its own."""
    return uuid.uuid4().hex[:8]


def fill(page: Page, **values: str) -> None:
    """Fill in fields by their names."""
    for name, value in values.items():
        page.locator(f"main [name='{name}']").first.fill(value)


def work_out(who: Person) -> None:
    """Without a script the charge is worked out by a button; with one it follows the typing."""
    if not who.script:
        who.page.get_by_role("button", name="Work out the charge").last.click()


# --- the operator ---------------------------------------------------------------------------


class WayIn(NamedTuple):
    """What somebody signs in with."""

    email: str
    password: str


def make_operator(system: System) -> WayIn:
    """Make an operator on the command line, and set the password through the API."""
    way_in = WayIn(f"ops-{mark()}@platform.example", secrets.token_urlsafe(15))
    link = system.operate("create-operator", way_in.email, "Olu", "Adeyemi", "--print-link")
    token = link.strip().rpartition("/")[2]
    beside_the_browser(set_password(system.portal_url, token, way_in.password))
    return way_in


def enter_as_first_operator(operator: Person) -> None:
    """Make the first operator on the command line, and follow the printed link."""
    printed = operator.system.operate(
        "create-operator", operator.email, "Olu", "Adeyemi", "--print-link"
    )
    operator.follow_link(printed.strip())
    expect(operator.page.get_by_role("heading", name="Resellers", exact=True)).to_be_visible()


def open_reseller(operator: Person, name: str, email: str) -> None:
    """Open a reseller, once with errors and then right, and see it active."""
    page = operator.page
    page.get_by_role("link", name="Add new reseller").first.click()
    fill(page, name=name, email="nobody", phone="12")
    page.get_by_role("button", name="Open reseller").click()
    summary = page.get_by_role("alert")
    for field_name in ("email", "first_name", "last_name", "phone", "realm_domain", "country"):
        expect(summary.locator(f"a[href='#{field_name}']")).to_be_visible()
    expect(page.get_by_label("Account name")).to_have_value(name)
    fill(page, email=email, first_name="Sara", last_name="Elwood", phone="+14155550100")
    fill(page, realm_domain="voice.example")
    page.get_by_label("Country", exact=True).select_option("US")
    page.get_by_label("Currency").select_option("USD")
    page.get_by_label("Time zone").select_option("America/New_York")
    page.get_by_role("button", name="Open reseller").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def give_numbers(operator: Person, numbers: list[str]) -> None:
    """Put numbers into the reseller's stock, one of them wrong, and read the report.

    With a script they come in a file, without one they are pasted: both are one form.
    """
    rows = "\n".join(["number,setup_fee,monthly_fee", *(f"{one},1.00,1.50" for one in numbers)])
    text = f"{rows}\nabc,1,1\n"
    if operator.script:
        choose_file(operator.page, text)
    else:
        operator.page.get_by_label("Or paste rows").fill(text)
    operator.page.get_by_role("button", name="Add numbers").click()
    refused = operator.page.get_by_role("region", name="Refused rows")
    expect(refused.get_by_role("row")).to_have_count(2)  # the header and the row that is wrong
    expect(
        operator.page.get_by_text(f"{len(numbers)} numbers added, 1 row refused.")
    ).to_be_visible()


# --- the reseller ---------------------------------------------------------------------------


def make_rates(reseller: Person, name: str) -> None:
    """Make a rate sheet; check a file with a fault, then import a good one."""
    page = reseller.page
    page.get_by_role("navigation", name="Portal").get_by_role("link", name="Rates").click()
    page.get_by_role("link", name="New rate sheet").first.click()
    dialog = page.get_by_role("dialog", name="New rate sheet")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Make rate sheet").click()
    reseller.says(f"{name} is made; import its rates now.")
    choose_file(page, f"{RATES}12x,US,Wrong,0.01,60,60\n")
    page.get_by_role("button", name="Check the file").click()
    refused = page.get_by_role("region", name="Refused rows")
    expect(refused.get_by_text("12x")).to_be_visible()
    expect(page.get_by_text("No rates yet")).to_be_visible()
    choose_file(page, RATES)
    page.get_by_role("button", name="Import rates").click()
    expect(page.get_by_text("3 rates added")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^44 "))).to_be_visible()


def choose_file(page: Page, text: str) -> None:
    """Choose a file that holds this."""
    content = {"name": "rates.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("File", exact=True).set_input_files(content)  # pyright: ignore[reportArgumentType] - a FilePayload


def fill_basic_info(reseller: Person, name: str, email: str) -> None:
    """Walk page 1: nothing typed, then a wrong e-mail, then right."""
    page = reseller.page
    page.get_by_role("navigation", name="Portal").get_by_role("link", name="Accounts").click()
    page.get_by_role("link", name="Add new account").first.click()
    following = page.get_by_role("button", name="Next: service plan")
    following.click()
    summary = page.get_by_role("alert")
    for field_name in ("name", "email", "first_name", "last_name", "phone"):
        expect(summary.locator(f"a[href='#{field_name}']")).to_be_visible()
    expect(page).to_have_title(re.compile("^Error: "))
    fill(page, name=name, email="wrong", first_name="Amara", last_name="Okafor")
    fill(page, phone="(415) 555-0142")
    following.click()
    expect(summary.locator("a[href='#email']")).to_be_visible()
    expect(summary.get_by_role("link")).to_have_count(1)
    fill(page, email=email)
    following.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def add_draft_credit(reseller: Person, amount: str) -> None:
    """Add credit in the wizard's dialog: too little of it first."""
    page = reseller.page
    page.get_by_role("button", name="Add credit").first.click()
    dialog = page.get_by_role("dialog", name="Add credit")
    dialog.get_by_label("Credit", exact=True).fill("-5")
    dialog.get_by_role("button", name="Add credit").click()
    expect(dialog.get_by_text("Enter the credit as an amount above zero.")).to_be_visible()
    dialog.get_by_label("Credit", exact=True).fill(amount)
    dialog.get_by_label("Note").fill("First payment")
    dialog.get_by_role("button", name="Add credit").click()
    expect(dialog).to_be_hidden()


def select_numbers(reseller: Person, *wanted: tuple[str, str]) -> None:
    """Search each number (digits, as shown) in the dialog, tick it, and have all held."""
    page = reseller.page
    page.get_by_role("button", name="Select number").click()
    dialog = page.get_by_role("dialog", name="Select number")
    for digits, shown in wanted:
        dialog.get_by_role("searchbox").fill(digits)
        if not reseller.script:
            dialog.get_by_role("searchbox").press("Enter")
        dialog.get_by_label(shown).check()
    for _, shown in wanted:  # whatever is searched for, what was ticked stays
        expect(dialog.get_by_label(shown)).to_be_checked()
    dialog.get_by_role("button", name="Assign numbers").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Reserved for this account until")).to_be_visible()


def open_countries(reseller: Person, *countries: str) -> None:
    """Open countries in the dialog."""
    page = reseller.page
    page.get_by_role("button", name="Open a country").click()
    dialog = page.get_by_role("dialog", name="Open countries")
    for country in countries:
        dialog.get_by_label(country).check()
    dialog.get_by_role("button", name="Open countries").click()
    expect(dialog).to_be_hidden()
