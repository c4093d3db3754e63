"""Coming in and going out, through the running portal: sign-in, links, refusals, looks."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from local.system import System
from tests.portal.people import Person, fill, mark, person
from tests.portal.visits import Business

A_PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def customer(
    browser: Browser, system: System, business: Business, *, script: bool
) -> Iterator[Person]:
    """Give the customer, who is not signed in."""
    with person(browser, system, business.customer_email, script=script) as customer:
        customer.password = business.customer_password
        yield customer


def test_who_is_not_signed_in_comes_back_to_where_they_wanted_to_go(customer: Person) -> None:
    page = customer.page
    customer.go("/my/account?x=1")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    fill(page, email=customer.email, password="wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Check the e-mail address and the password.")
    expect(page.get_by_label("E-mail")).to_have_value(customer.email)
    fill(page, password=customer.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{customer.system.portal_url}/my/account?x=1")
    customer.go("/login")
    expect(page).to_have_url(f"{customer.system.portal_url}/my/user")


def test_signing_in_leads_to_no_other_site(customer: Person) -> None:
    customer.go("/login?next=//elsewhere.example/")
    fill(customer.page, email=customer.email, password=customer.password)
    customer.page.get_by_role("button", name="Sign in").click()
    expect(customer.page).to_have_url(f"{customer.system.portal_url}/my/user")


def test_signing_out_ends_the_session(customer: Person) -> None:
    page = customer.page
    customer.sign_in()
    cookies = page.context.cookies()
    page.get_by_role("button", name=re.compile(": menu$")).click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.context.add_cookies(cookies)  # pyright: ignore[reportArgumentType] - as they were given
    customer.go("/my/user")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_is_typed_into_the_wizard_outlives_the_session(seller: Person) -> None:
    page = seller.page
    seller.go("/accounts/new/basic")
    page.context.clear_cookies()
    name = f"Late {mark()}"
    fill(page, name=name, email="late@customer.example", first_name="Lea", last_name="Lo")
    fill(page, phone="+14155550142")
    page.get_by_role("button", name="Next: service plan").click()
    expect(page.get_by_text("what you typed is kept")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    fill(page, email=seller.email, password=seller.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Account name")).to_have_value(name)
    page.get_by_role("button", name="Next: service plan").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.context.clear_cookies()
    told = page.get_by_role("status").get_by_text("You’re signed out.")
    for users in ("3", "4"):
        fill(page, plan_name=f"Plan {name}", users=users, cost_per_user="10")
        if seller.script:
            expect(told).to_have_count(1)
    page.get_by_role("button", name="Back", exact=True).click()
    expect(page.get_by_text("what you typed is kept")).to_be_visible()
    fill(page, email=seller.email, password=seller.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Plan name")).to_have_value(f"Plan {name}")
    expect(page.get_by_label("Number of users", exact=True)).to_have_value("4")
    page.get_by_role("button", name="Discard…").click()
    dialog = page.get_by_role("dialog", name="Discard this draft?")
    dialog.get_by_role("button", name="Discard draft").click()
    seller.says("Draft discarded. Nothing was opened.")


def test_one_address_of_several_accounts_chooses_the_one_meant(
    browser: Browser, system: System, business: Business
) -> None:
    with person(browser, system, f"twice-{mark()}@customer.example") as customer:
        realms: list[str] = []
        for _ in range(2):
            order = business.reseller.order(countries=[])
            order["administrator"]["email"] = customer.email
            realms.append(business.call("POST", "/v1/accounts", order)["realm"])
            customer.follow_link()
            customer.page.get_by_role("button", name=re.compile(": menu$")).click()
            customer.page.get_by_role("button", name="Log out").click()
        page = customer.page
        fill(page, email=customer.email, password=customer.password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label(re.compile(re.escape(realms[1]))).check()
        fill(page, password=customer.password)
        page.get_by_role("button", name="Sign in").click()
        customer.go("/my/account")
        about = page.get_by_role("region", name="Account")
        expect(about.get_by_text(realms[1])).to_be_visible()


def test_a_forgotten_password_is_set_by_a_link_that_works_once(
    browser: Browser, system: System, business: Business
) -> None:
    email = business.disabled["administrator"]["email"]
    with person(browser, system, email, script=False) as customer:
        page = customer.page
        customer.next_token()  # of the welcome e-mail
        answers: list[str] = []
        for address in (f"nobody-{mark()}@customer.example", email):
            customer.go("/forgot")
            fill(page, email=address)
            page.get_by_role("button", name="Send the link").click()
            expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
            answers.append(page.get_by_role("main").inner_text().replace(address, "…"))
        assert answers[0] == answers[1]
        token = customer.next_token()
        customer.go(f"/reset/{token}")
        fill(page, new="password", confirm="password")
        page.get_by_role("button", name="Set password and sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("Use 12 to 128 characters.")
        fill(page, new=customer.password, confirm="something else")
        page.get_by_role("button", name="Set password and sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("exactly as above")
        fill(page, new=customer.password, confirm=customer.password)
        page.get_by_role("button", name="Set password and sign in").click()
        customer.says("Your password is set.")
        customer.go(f"/reset/{token}")
        expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
    logs = "".join(path.read_text() for path in (system.folder / "logs").glob("*.log"))
    assert "/reset/{token}" in logs
    assert token not in logs


def test_the_theme_is_remembered_without_a_script(customer: Person) -> None:
    customer.sign_in()
    page = customer.page
    page.get_by_role("button", name="Light or dark").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    customer.go("/help")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_browser_gets_pages_and_a_program_gets_documents(system: System) -> None:
    with httpx.Client(base_url=system.portal_url) as client:
        page = client.get("/nowhere", headers=A_PAGE)
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert "There’s nothing here" in page.text
        assert page.headers["cache-control"] == "no-store"
        document = client.get("/nowhere")
        assert document.status_code == 404
        assert document.headers["content-type"] == "application/problem+json"
        assert client.get("/v1/nowhere", headers=A_PAGE).json()["code"] == "not-found"
        assert client.put("/login", headers=A_PAGE).status_code == 405
        assert (
            client.get("/accounts", headers=A_PAGE).headers["location"] == "/login?next=/accounts"
        )


def test_a_form_of_another_site_is_refused_with_a_page(system: System) -> None:
    headers = {**A_PAGE, "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    answer = httpx.post(f"{system.portal_url}/login", data={"email": "a"}, headers=headers)
    assert answer.status_code == 403
    assert "The request came from another site" in answer.text


def test_style_sheets_are_kept_and_pages_are_not(system: System, business: Business) -> None:
    del business  # somebody has been there: the portal is up
    with httpx.Client(base_url=system.portal_url) as client:
        page = client.get("/login", headers=A_PAGE)
        assert page.headers["cache-control"] == "no-store"
        sheet = re.search(r'href="(/static/tokens[.]css[?]v=[^"]+)"', page.text)
        assert sheet is not None
        kept = client.get(sheet.group(1)).headers["cache-control"]
        assert kept == "public, max-age=31536000, immutable"


def test_the_mailbox_is_shown_in_the_demo_only(
    browser: Browser, system: System, business: Business
) -> None:
    assert httpx.get(f"{system.portal_url}/dev/mailbox", headers=A_PAGE).status_code == 404
    with system.replica("gateway", AM_DEMO="true") as demo:
        with person(browser, system, business.customer_email) as reader:
            page = reader.page
            reader.next_token()  # of an earlier e-mail
            body = {"email": reader.email}
            headers = {"Origin": system.portal_url}
            httpx.post(f"{system.portal_url}/v1/password-resets", json=body, headers=headers)
            reader.next_token()
            page.goto(f"http://127.0.0.1:{demo.port}/dev/mailbox")
            email = page.get_by_role("link").filter(has_text=business.customer_email)
            email.filter(has_text="Set a new password").first.click()
            link = page.get_by_role("article").get_by_role("link", name=re.compile("reset"))
            expect(link).to_be_visible()
        missing = httpx.get(f"http://127.0.0.1:{demo.port}/dev/mailbox/..%2Fx", headers=A_PAGE)
        assert missing.status_code == 404
