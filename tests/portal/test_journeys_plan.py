"""Changing service plans in the portal: the charge is seen first, with and without a script."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from local.client import Json, link_token_for, set_password
from local.system import System
from tests.portal.people import Person, beside_the_browser, fill, mark, signed_in, work_out
from tests.portal.visits import Business
from tests.waiting import eventually

PASSWORD = "violet-tractor-97-moss"


def opened(business: Business, **plan: object) -> Json:
    """Open an account of the reseller's and return it once it is active."""
    order = business.reseller.order("", **plan)
    account = business.call("POST", "/v1/accounts", order)

    def active() -> Json:
        found = business.call("GET", f"/v1/accounts/{account['id']}")
        return found if found["status"] == "active" else {}

    return beside_the_browser(eventually(active))


def plan_of(business: Business, account: Json) -> Json:
    """Return the plan of an account."""
    return business.call("GET", f"/v1/accounts/{account['id']}/plan")


def summary(page: Page) -> str:
    """Return what the card says of today's charge, once it says one."""
    card = page.get_by_role("region", name="Today")
    expect(card).to_contain_text("Available after")
    return card.inner_text()


@pytest.mark.rows(9, 17)
def test_a_plan_is_changed_after_its_charge_was_seen(seller: Person, business: Business) -> None:
    account = opened(business)
    page = seller.page
    seller.go(f"/accounts/{account['id']}")
    page.get_by_role("link", name="Change plan").click()
    expect(page.get_by_text("Make a change to see what it costs today.")).to_be_visible()
    page.get_by_role("button", name="Change plan", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Change something first.")
    page.get_by_label("Number of users", exact=True).fill("7")
    work_out(seller)
    button = page.get_by_role("button", name=re.compile(r"^Change plan, pay \$"))
    expect(button).to_be_visible()
    charge = re.search(r"pay (\$[\d.]+)", button.inner_text())
    assert charge is not None
    assert charge.group(1) in summary(page)
    button.dblclick()
    seller.says(re.compile("^The service plan is changed"))
    assert plan_of(business, account)["users"] == 7
    transactions = business.call("GET", f"/v1/accounts/{account['id']}/transactions")
    added = [one for one in transactions["data"] if one["amount"] == f"-{charge.group(1)[1:]}"]
    assert len(added) == 1, "pressed twice, charged once"


def test_premium_numbers_are_allowed_for_nothing_and_both_sides_see_it(
    seller: Person, business: Business
) -> None:
    account = opened(business)
    page = seller.page
    seller.go(f"/accounts/{account['id']}")
    row = page.get_by_role("region", name="Service plan").locator("dl > div")
    expect(row.filter(has_text="Premium-rate numbers")).to_contain_text("Blocked")
    page.get_by_role("link", name="Change plan").click()
    page.get_by_label("Premium-rate numbers").select_option("yes")
    work_out(seller)
    assert "$0.00" in summary(page)
    page.get_by_role("button", name="Change plan", exact=True).click()
    seller.says("The service plan is changed.")
    expect(row.filter(has_text="Premium-rate numbers")).to_contain_text("Charged by the rate sheet")
    assert plan_of(business, account)["premium_allowed"] is True


def test_what_was_not_shown_is_not_charged(
    browser: Browser, system: System, business: Business
) -> None:
    """Without a script, a number typed after the charge was worked out is quoted first."""
    account = opened(business)
    with signed_in(
        browser, system, business.reseller.email, business.reseller.password, script=False
    ) as seller:
        page = seller.page
        seller.go(f"/accounts/{account['id']}/plan")
        page.get_by_label("Number of users", exact=True).fill("6")
        page.get_by_role("button", name="Work out the charge").last.click()
        page.get_by_label("Number of users", exact=True).fill("60")
        page.get_by_role("button", name=re.compile("^Change plan, pay")).click()
        expect(page.get_by_role("alert")).to_contain_text("Look at what it charges today")
        assert plan_of(business, account)["users"] == 5
        page.get_by_role("button", name=re.compile("^Change plan, pay")).click()
        expect(page.get_by_text("more is needed")).to_be_visible()
        page.get_by_label("Number of users", exact=True).fill("6")
        page.get_by_role("button", name="Work out the charge").last.click()
        fill(page, **{"minutes-IN": "400"})  # which costs nothing today, but was not shown either
        page.get_by_role("button", name=re.compile("^Change plan, pay")).click()
        expect(page.get_by_role("alert")).to_contain_text("Look at what it charges today")
        assert plan_of(business, account)["users"] == 5


@pytest.mark.rows(10, 15, 17)
def test_another_price_and_fewer_minutes_wait_for_the_next_period(
    seller: Person, business: Business
) -> None:
    account = opened(business)
    page = seller.page
    seller.go(f"/accounts/{account['id']}/plan")
    fill(page, cost_per_user="15.50", **{"minutes-IN": "100"})
    work_out(seller)
    card = page.get_by_role("region", name="Today")
    expect(card).to_contain_text(re.compile("From .*:.*15.50", re.DOTALL))
    expect(card).to_contain_text("100")
    page.get_by_role("button", name="Change plan", exact=True).click()
    seller.says("The service plan is changed.")
    expect(page.get_by_role("region", name="Service plan")).to_contain_text(re.compile("From .*:"))
    plan = plan_of(business, account)
    assert (plan["cost_per_user"], plan["countries"][0]["minutes"]) == ("12.00", 300)
    assert len(plan["scheduled_changes"]) == 2
    # what is planned stands in the form, and can be taken back there
    seller.go(f"/accounts/{account['id']}/plan")
    expect(page.locator("[name='cost_per_user']")).to_have_value("15.50")
    expect(page.locator("[name='minutes-IN']")).to_have_value("100")
    fill(page, cost_per_user="12.00", **{"minutes-IN": "300"})
    work_out(seller)
    expect(page.locator("[name='patch']")).to_have_value(re.compile('"12.00".*"minutes":300'))
    page.get_by_role("button", name="Change plan", exact=True).click()
    seller.says("The service plan is changed.")
    assert plan_of(business, account)["scheduled_changes"] == []


def test_countries_are_opened_and_closed_in_the_form(seller: Person, business: Business) -> None:
    account = opened(business, countries=[])
    page = seller.page
    seller.go(f"/accounts/{account['id']}/plan")
    page.get_by_label("Open a country").select_option("AE")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator("[name='minutes-AE']")).to_be_visible()
    page.get_by_label("Open a country").select_option("GB")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator("[name='minutes-GB']")).to_be_visible()
    page.get_by_role("button", name="Close United Arab Emirates").click()
    expect(page.locator("[name='minutes-AE']")).to_have_count(0)
    fill(page, **{"minutes-GB": "60"})
    work_out(seller)
    shown = page.locator("[name='patch']")
    expect(shown).to_have_value(re.compile('"GB","minutes":60'))
    page.get_by_role("button", name=re.compile("^Change plan")).click()
    seller.says(re.compile("^The service plan is changed"))
    countries = [
        (one["country"], one["minutes"]) for one in plan_of(business, account)["countries"]
    ]
    assert countries == [("GB", 60)]


def test_a_plan_that_somebody_changed_meanwhile_is_not_changed_unseen(
    seller: Person, business: Business
) -> None:
    account = opened(business)
    page = seller.page
    seller.go(f"/accounts/{account['id']}/plan")
    page.get_by_label("Number of users", exact=True).fill("6")
    work_out(seller)
    expect(page.get_by_role("button", name=re.compile("^Change plan, pay"))).to_be_visible()
    path = f"/v1/accounts/{account['id']}/plan"
    business.call("PATCH", path, {"users": 9}, If_Match="*")
    page.get_by_role("button", name=re.compile("^Change plan, pay")).click()
    expect(page.get_by_role("alert")).to_contain_text("The plan was changed while you were editing")
    assert plan_of(business, account)["users"] == 9
    page.get_by_role("button", name=re.compile("^Change plan, .* credited$")).click()
    seller.says(re.compile("credited"))
    assert plan_of(business, account)["users"] == 6


@pytest.mark.rows(14, 17)
def test_numbers_are_added_with_their_charge_and_removed_without_refund(
    seller: Person, business: Business
) -> None:
    account = opened(business, countries=[])
    page = seller.page
    seller.go(f"/accounts/{account['id']}")
    page.get_by_role("link", name="Add or remove numbers").click()
    spare = page.get_by_role("list", name="Spare numbers").get_by_role("checkbox")
    number = spare.nth(1).get_attribute("value") or ""
    page.get_by_label("Search spare numbers").fill(number[-6:])
    if not seller.script:
        page.get_by_role("button", name="Search").last.click()
    expect(spare).to_have_count(1)
    spare.first.check()
    work_out(seller)
    button = page.get_by_role("button", name=re.compile(r"^Add 1 number, pay \$"))
    expect(button).to_be_visible()
    button.click()
    seller.says(re.compile(r"^1 number added\. \$.* charged\.$"))
    assert [one["number"] for one in plan_of(business, account)["numbers"]] == [number]
    page.get_by_role("link", name=re.compile("^Remove")).click()
    dialog = page.get_by_role("dialog", name=re.compile("^Remove"))
    expect(dialog).to_contain_text("not refunded")
    expect(dialog).to_contain_text("30 days")
    dialog.get_by_role("button", name="Remove number").click()
    seller.says(re.compile("is removed. You can take it back for 30 days"))
    assert plan_of(business, account)["numbers"] == []
    balance = business.call("GET", f"/v1/accounts/{account['id']}/balance")["balance"]
    page.get_by_role("button", name=re.compile("^Take back")).click()
    seller.says(re.compile("is back in the account"))
    assert [one["number"] for one in plan_of(business, account)["numbers"]] == [number]
    after = business.call("GET", f"/v1/accounts/{account['id']}/balance")["balance"]
    assert after == balance, "the days left of this period are paid"
    page.get_by_role("link", name=re.compile("^Remove")).click()
    dialog.get_by_role("button", name="Remove number").click()
    seller.says(re.compile("is removed"))


@pytest.mark.rows(9, 24)
def test_a_customer_buys_and_gives_back_users(
    browser: Browser, system: System, business: Business, *, script: bool
) -> None:
    account = opened(business)
    email = account["administrator"]["email"]
    token = beside_the_browser(link_token_for(system.mailbox, email))
    beside_the_browser(set_password(system.portal_url, token, PASSWORD))
    with signed_in(browser, system, email, PASSWORD, script=script) as customer:
        page = customer.page
        customer.go("/my/plan")
        services = page.get_by_role("region", name="Services")
        row = services.get_by_role("row", name=re.compile("^Users"))
        expect(row).to_contain_text("5")
        expect(row).to_contain_text("$60.00")
        expect(services.get_by_role("row", name=re.compile("^Monthly charge"))).to_contain_text(
            "$60.00"
        )
        expect(page.get_by_text("300 of 300 left")).to_be_visible()
        expect(page.get_by_text("Next renewal")).to_be_visible()
        premium = page.locator("dl > div").filter(has_text="Premium-rate numbers")
        expect(premium).to_contain_text("Blocked")
        expect(page.get_by_label("Premium-rate numbers")).to_have_count(0)
        users = page.get_by_label("Number of users", exact=True)
        users.fill("7")
        work_out(customer)
        button = page.get_by_role("button", name=re.compile(r"^Add 2 users, pay \$"))
        expect(button).to_be_visible()
        button.click()
        customer.says(re.compile("^You have 7 users now"))
        expect(row).to_contain_text("$84.00")
        users.fill("0")
        work_out(customer)
        page.get_by_role("button", name="Change users").click()
        expect(page.get_by_role("alert").locator("a[href='#users']")).to_be_visible()
        users.fill("6")
        work_out(customer)
        page.get_by_role("button", name=re.compile("^Remove 1 user")).click()
        customer.says(re.compile("^You have 6 users now"))
        assert plan_of(business, account)["users"] == 6


def test_who_sends_invoices_says_how_they_look(seller: Person, business: Business) -> None:
    page, name = seller.page, f"Elwood {mark()}"
    seller.go("/my/user")
    page.get_by_role("link", name="Billing settings").click()
    fill(page, tax_percent="lots")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("alert").locator("a[href='#tax_percent']")).to_be_visible()
    fill(page, seller_name=name, tax_name="VAT", tax_percent="7.50")
    page.get_by_label("Address").fill("1 Harbour Street\nSan Francisco")
    page.get_by_label("How switches write destinations").select_option("e164")
    page.get_by_role("button", name="Save settings").click()
    seller.says(re.compile("^Saved"))
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    expect(page.locator("[name='tax_percent']")).to_have_value("7.50")
    expect(page.get_by_label("How switches write destinations")).to_have_value("e164")
    # other tests count what openings and changes charge, which has tax on it from now on
    before = {"tax_percent": "0", "dial_format": "national"}
    business.call("PATCH", "/v1/billing-settings", before, If_Match="*")


def test_who_changed_what_is_told_and_can_be_taken_along(
    seller: Person, business: Business
) -> None:
    account = opened(business)
    page = seller.page
    before = account["administrator"]["last_name"]
    change = {"administrator": {"last_name": "Overtaken"}}
    business.call("PATCH", f"/v1/accounts/{account['id']}", change, If_Match="*")
    seller.go(f"/accounts/{account['id']}")
    page.get_by_role("link", name="Who changed what").click()
    row = page.get_by_role("region", name="Changes").get_by_role("row").nth(1)
    expect(row).to_contain_text(before)
    expect(row).to_contain_text("Overtaken")
    expect(row).to_contain_text(account["name"])
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert "Overtaken" in download.value.path().read_text()
    page.get_by_role("link", name="Last month").click()
    expect(page.get_by_text("No change matches")).to_be_visible()
    page.get_by_role("link", name="Show all changes").click()
    expect(page.get_by_role("region", name="Changes").get_by_role("row").nth(1)).to_be_visible()
