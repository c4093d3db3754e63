"""Transactions in the portal: filtered by type, free calls in one row a day."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from local.system import System
from tests.portal.people import Person, beside_the_browser, signed_in
from tests.portal.test_journeys_calls import GREAT_BRITAIN, call
from tests.portal.visits import Business
from tests.waiting import eventually

AT_HOME = "+14155552671"


@pytest.mark.rows(26)
def test_free_calls_of_a_day_are_one_row_and_entries_are_filtered_by_type(
    browser: Browser, system: System, business: Business, *, script: bool
) -> None:
    before = _free_calls(business)
    for _ in range(3):
        call(system, business, AT_HOME, 60)
    call(system, business, GREAT_BRITAIN, 66)

    async def charged() -> int:
        found = _free_calls(business)
        return found if found == before + 3 else 0

    free_calls = beside_the_browser(eventually(charged))
    with signed_in(
        browser, system, business.customer_email, business.customer_password, script=script
    ) as customer:
        _look_at_types(customer, free_calls)


def _free_calls(business: Business) -> int:
    """Return how many free calls the newest day has."""
    path = f"/v1/accounts/{business.active['id']}/transactions?free_calls=folded&limit=100"
    days = business.call("GET", path)["free_calls"]
    return int(days[0]["count"]) if days else 0


def _look_at_types(customer: Person, free_calls: int) -> None:
    page = customer.page
    customer.go("/my/transactions")
    rows = page.get_by_role("region", name="Transactions").locator("tbody tr")
    folded = rows.filter(has_text=f"{free_calls} free calls")
    expect(folded).to_have_count(1)
    expect(rows.filter(has_text="Call to +44 7400 123456").first).to_be_visible()
    expect(rows.filter(has_text="+447400123456")).to_have_count(0)
    folded.get_by_role("link", name=re.compile("Show the free calls of")).click()
    expect(rows).to_have_count(free_calls)
    expect(rows.first).to_contain_text("Call to +1 415-555-2671")
    today = datetime.now(UTC)
    expect(page.get_by_label("From", exact=True)).to_have_value(
        re.compile(rf"\d+ [A-Z][a-z]+ {today.year}")
    )
    kinds = page.get_by_role("navigation", name="Type")
    expect(kinds.get_by_role("link", name="Free calls")).to_have_attribute("aria-current", "true")
    page.get_by_role("navigation", name="Time frame").get_by_role("link", name="All time").click()
    kinds.get_by_role("link", name="Fees").click()
    expect(rows.first).to_be_visible()
    for text in rows.locator("td:nth-child(4)").all_inner_texts():
        assert text in {"Users", "Number set-up", "Number"}
    kinds.get_by_role("link", name="Adjustments").click()
    expect(page.get_by_role("heading", name="No such entries")).to_be_visible()
    page.get_by_role("link", name="Show all entries of all time").click()
    page.get_by_label("From", exact=True).fill("11/12/2026")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Enter the day like this: 22 Nov 2026.")).to_be_visible()
    expect(page.get_by_label("From", exact=True)).to_have_value("11/12/2026")


def test_a_day_is_chosen_in_the_browsers_calendar_too(
    browser: Browser, system: System, business: Business
) -> None:
    with signed_in(
        browser, system, business.customer_email, business.customer_password
    ) as customer:
        customer.go("/my/transactions")
        page = customer.page
        page.locator("#from ~ .calendar input").fill("2026-11-05")
        expect(page.get_by_label("From", exact=True)).to_have_value("5 Nov 2026")
