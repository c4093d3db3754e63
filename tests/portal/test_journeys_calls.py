"""Calls in the portal: what was charged, live; bundles; and rejected calls."""

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Download, expect

from local.client import Client, Json, make_key
from local.system import System
from tests.portal.people import (
    Person,
    beside_the_browser,
    signed_in,
)
from tests.portal.visits import Business

GREAT_BRITAIN, INDIA, NOWHERE = "+447400123456", "+919876543210", "+97150123"


@pytest.fixture
def customer(
    browser: Browser, system: System, business: Business, *, script: bool
) -> Iterator[Person]:
    """Give the customer, signed in."""
    with signed_in(
        browser, system, business.customer_email, business.customer_password, script=script
    ) as customer:
        yield customer


def call(system: System, business: Business, destination: str, seconds: int) -> Json:
    """Have the reseller's switch tell of a call that has just ended."""

    async def tell() -> Json:
        seller = business.reseller
        key = await make_key(system.portal_url, seller.email, seller.password, scope="calls")
        record = {
            "call_id": uuid.uuid4().hex,
            "account_id": business.active["id"],
            "caller": "104",
            "destination": destination,
            "answered_at": datetime.now(UTC).isoformat(),
            "seconds": seconds,
        }
        async with Client(system.portal_url, key) as switch:
            await switch.post("/v1/calls", record)
        return record

    return beside_the_browser(tell())


@pytest.mark.rows(25)
def test_a_customer_sees_what_calls_cost_day_by_day_and_takes_it_along(
    customer: Person, system: System, business: Business
) -> None:
    page = customer.page
    path = f"/v1/accounts/{business.active['id']}/calls"
    count = len(business.call("GET", path)["data"])
    call(system, business, GREAT_BRITAIN, 600)
    customer.go("/my/user")
    page.get_by_role("navigation", name="Settings").get_by_role("link", name="Per minute").click()
    table = page.get_by_role("region", name="Billed calls")
    rows = table.locator("tbody tr")
    _see(customer, lambda: expect(rows).to_have_count(count + 1, timeout=2_000))
    expect(rows.first).to_contain_text("10 m 00 s")
    expect(rows.first).to_contain_text("$0.1200")
    expect(rows.first).to_contain_text("United Kingdom")
    chart = page.get_by_role("img", name=re.compile("^Charges by day"))
    expect(chart).to_be_visible()
    page.get_by_text("Show the days as a table").click()
    expect(page.get_by_role("region", name="Charges by day")).to_be_visible()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Export CSV").click()
    download: Download = saving.value
    assert download.suggested_filename == "calls.csv"
    assert len(download.path().read_text().splitlines()) == count + 2
    page.get_by_role("navigation", name="Time frame").get_by_role("link", name="Last month").click()
    expect(page.get_by_role("heading", name="No billed calls in these days")).to_be_visible()
    customer.go("/my/per-minute?from=nonsense&after=nonsense")
    expect(rows).to_have_count(count + 1)


def test_what_somebody_unfolded_stays_so_while_the_page_follows_the_calls(
    browser: Browser, system: System, business: Business
) -> None:
    with signed_in(
        browser, system, business.customer_email, business.customer_password
    ) as customer:
        customer.go("/my/per-minute")
        page = customer.page
        expect(page.locator("[data-live]")).to_have_attribute("data-live", "on")
        rows = page.get_by_role("region", name="Billed calls").locator("tbody tr")
        days = page.get_by_role("region", name="Charges by day")
        for seconds, unfolded in ((901, True), (907, False)):
            page.get_by_text("Show the days as a table").click()
            call(system, business, GREAT_BRITAIN, seconds)
            expect(rows.first).to_contain_text(f"15 m {seconds % 60:02} s")
            expect(days).to_be_visible(visible=unfolded)


def _see(who: Person, look: object) -> None:
    """Look until it is there: with a script the page follows by itself, without one by reload."""
    assert callable(look)
    for _ in range(10):
        try:
            look()
        except AssertionError:
            if not who.script:
                who.page.reload()
        else:
            return
    look()


def test_minutes_and_credit_go_down_before_ones_eyes(
    browser: Browser, system: System, business: Business
) -> None:
    with signed_in(
        browser, system, business.customer_email, business.customer_password
    ) as customer:
        _watch_minutes_and_credit(customer, system, business)


def _watch_minutes_and_credit(customer: Person, system: System, business: Business) -> None:
    page = customer.page
    customer.go("/my/plan")
    expect(page.get_by_role("region", name="Services")).to_contain_text("Users")
    india = page.get_by_role("listitem").filter(has_text="India")
    before = _minutes(india.inner_text())
    credit = page.locator("#credit").inner_text()
    expect(page.locator("[data-live]")).to_have_attribute("data-live", "on")
    call(system, business, INDIA, 120)
    expect(india).to_contain_text(f"{before - 2} of 300 left")
    meter = india.get_by_role("meter")
    expect(meter).to_have_attribute("aria-label", f"Minutes to India: {before - 2} of 300 left")
    assert page.locator("#credit").inner_text() == credit
    call(system, business, GREAT_BRITAIN, 6_000)
    expect(page.locator("#credit")).not_to_have_text(credit)


def _minutes(text: str) -> int:
    found = re.search(r"(\d+) of 300 left", text)
    assert found is not None, text
    return int(found.group(1))


def test_a_reseller_sees_recent_calls_and_the_balance_follow_a_call(
    seller: Person, system: System, business: Business
) -> None:
    page = seller.page
    seller.go(f"/accounts/{business.active['id']}")
    recent = page.get_by_role("region", name="Recent calls")
    expect(recent.get_by_role("listitem")).not_to_have_count(0)
    expect(page.get_by_role("region", name="Balance")).to_contain_text("vailable")
    if seller.script:
        expect(page.locator("[data-live]")).to_have_attribute("data-live", "on")
        told = call(system, business, GREAT_BRITAIN, 3_599)
        assert told["seconds"] == 3_599
        expect(recent).to_contain_text("1 h 00 m 00 s")
    recent.get_by_role("link", name="All calls").click()
    expect(page.get_by_role("heading", name="Calls", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Billed calls")).to_be_visible()


def test_an_operator_reviews_retries_and_dismisses_a_rejected_call(
    operator: Person, system: System, business: Business
) -> None:
    told = call(system, business, NOWHERE, 60)
    page = operator.page
    portal = page.get_by_role("navigation", name="Portal")
    portal.get_by_role("link", name="Rejected calls").click()
    row = page.get_by_role("row").filter(has_text=told["call_id"])
    _see(operator, lambda: _row_on_some_page(operator, told["call_id"]))
    expect(row).to_contain_text("Invalid destination")
    row.get_by_text("The record").click()
    expect(row.locator("pre")).to_contain_text(f'"destination": "{NOWHERE}"')
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Retry selected").click()
    operator.says("1 call sent to be retried.")
    operator.go("/rejected-calls")
    _see(operator, lambda: _row_on_some_page(operator, told["call_id"]))
    row.get_by_role("link", name="Invalid destination").click()
    expect(page.get_by_text("Correct the number that was dialled.")).to_be_visible()
    page.get_by_label("Dialled number").fill("+99")
    page.get_by_role("button", name="Correct and retry").click()
    operator.says("Corrected. The call is being retried.")
    operator.go("/rejected-calls")
    _see(operator, lambda: _row_on_some_page(operator, told["call_id"]))
    row.get_by_role("link", name="Invalid destination").click()
    page.get_by_label("Reason").fill("A test call.")
    page.get_by_role("button", name="Dismiss call").click()
    operator.says("Call dismissed. Its record is kept with the reason.")


def _row_on_some_page(operator: Person, call_id: str) -> None:
    """Turn pages until the call is there; others wait as well."""
    page = operator.page
    operator.go("/rejected-calls")
    row = page.get_by_role("row").filter(has_text=call_id)
    while not row.count():
        following = page.get_by_role("link", name="Next", disabled=False)
        assert following.count(), "it is on no page"
        following.click()
    expect(row).to_have_count(1)
