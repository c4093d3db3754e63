"""The list of accounts by their money, and the search of the top bar, through the portal."""

import re
import uuid

import pytest
from playwright.sync_api import Browser, expect

from local.system import System
from tests.portal.people import Person, beside_the_browser, signed_in
from tests.portal.test_journeys_calls import GREAT_BRITAIN, call
from tests.portal.visits import Business
from tests.waiting import eventually


@pytest.mark.rows(2)
def test_the_list_is_sorted_and_filtered_by_balance_and_renewal(
    seller: Person, business: Business
) -> None:
    word = f"Money{uuid.uuid4().hex[:6]}"
    order = business.reseller.order(f"{word} poor", countries=[])
    poor = business.call("POST", "/v1/accounts", order)
    order = business.reseller.order(f"{word} rich", countries=[])
    rich = business.call("POST", "/v1/accounts", {**order, "credit": {"amount": "9000.00"}})
    page = seller.page
    seller.go(f"/accounts?q={word}")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("columnheader", name="Balance").get_by_role("link").click()
    expect(page).to_have_url(re.compile("sort=balance"))
    expect(rows.first).to_contain_text(poor["name"])
    page.get_by_role("columnheader", name="Balance").get_by_role("link").click()
    expect(rows.first).to_contain_text(rich["name"])
    expect(rows.first).to_contain_text("over a year left")
    page.get_by_text("Filter and sort").click()
    page.get_by_label("Sort by").select_option("Next to renew first")
    page.get_by_label("Balance from").fill("$8,000")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text(rich["name"])
    expect(page.get_by_text("1 account", exact=True)).to_be_visible()
    expect(page.get_by_role("columnheader", name="Renews")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Bundle minutes")).to_have_count(0)
    page.get_by_label("Balance from").fill("much")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#balance_from-error")).to_contain_text("as an amount such as 12.50")
    expect(page.get_by_label("Balance from")).to_have_value("much")
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(rows).to_have_count(2)


def test_running_low_leads_from_the_figure_to_the_accounts(
    seller: Person, business: Business
) -> None:
    order = business.reseller.order(f"Low{uuid.uuid4().hex[:6]}", countries=[])
    account = business.call("POST", "/v1/accounts", order)
    path = f"/v1/accounts/{account['id']}"

    async def active() -> bool:
        return business.call("GET", path)["status"] == "active"

    beside_the_browser(eventually(active))
    balance = float(business.call("GET", f"{path}/balance")["balance"])
    body = {"amount": f"{1 - balance:.2f}", "reason": "Spent"}
    business.call("POST", f"{path}/adjustments", body)
    page = seller.page
    seller.go("/accounts")
    page.get_by_role("link", name="Review").click()
    row = page.get_by_role("row", name=re.compile(account["name"]))
    expect(row).to_contain_text("Low balance")
    expect(row).to_contain_text("$1.00")
    segments = page.get_by_role("navigation", name="Status")
    current = segments.get_by_role("link", name="Low balance")
    expect(current).to_have_attribute("aria-current", "true")


def test_the_search_of_the_top_bar_finds_accounts_invoices_and_calls(
    browser: Browser, system: System, business: Business, *, script: bool
) -> None:
    record = call(system, business, GREAT_BRITAIN, 66)
    name = business.active["name"]
    email = business.active["administrator"]["email"]
    number = business.call("GET", "/v1/invoices?limit=1")["data"][0]["number"]
    with signed_in(
        browser, system, business.reseller.email, business.reseller.password, script=script
    ) as seller:
        page = seller.page
        for text, region, label in (
            (email.upper(), "Accounts", name),
            (number.lower(), "Invoices", number),
            (record["call_id"], "Calls", record["call_id"]),
        ):
            box = page.get_by_role("search", name="Whole portal").get_by_role("searchbox")
            box.fill(text)
            box.press("Enter")
            link = page.get_by_role("region", name=region).get_by_role("link", name=label)
            expect(link.first).to_be_visible()
        link.first.click()
        expect(page.get_by_text("Call to +44 7400 123456").first).to_be_visible()
        seller.go("/search?q=zzzzzz")
        expect(page.get_by_role("heading", name="Nothing matches “zzzzzz”")).to_be_visible()
