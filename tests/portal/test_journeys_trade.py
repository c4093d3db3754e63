"""Rates, numbers, keys and resellers, through the running portal."""

import re
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import expect

from tests.portal.people import Person, mark
from tests.portal.visits import Business


def test_a_rate_sheet_is_made_renamed_and_deleted_unless_a_plan_uses_it(
    seller: Person, business: Business
) -> None:
    page, name = seller.page, f"Gold {mark()}"
    seller.go("/rates?dialog=new")
    page.get_by_label("Name", exact=True).fill("Standard")
    page.get_by_role("button", name="Make rate sheet").click()
    dialog = page.get_by_role("dialog", name="New rate sheet")
    expect(dialog.locator("#name-error")).to_be_visible()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Make rate sheet").click()
    seller.says(f"{name} is made; import its rates now.")
    page.get_by_role("button", name=f"More for {name}").click()
    page.get_by_role("link", name="Rename…").click()
    dialog = page.get_by_role("dialog", name="Rename the rate sheet")
    dialog.get_by_label("Name").fill(f"{name} plus")
    dialog.get_by_role("button", name="Rename sheet").click()
    seller.says(f"The sheet is called {name} plus now.")
    page.get_by_role("button", name=f"More for {name} plus").click()
    page.get_by_role("link", name="Delete…").click()
    dialog = page.get_by_role("dialog", name=f"Delete {name} plus?")
    dialog.get_by_label("Type the name of the sheet to confirm").fill(name)
    dialog.get_by_role("button", name="Delete sheet").click()
    expect(dialog.locator("#confirm_name-error")).to_contain_text(f"exactly: {name} plus")
    dialog.get_by_label("Type the name of the sheet to confirm").fill(f"{name} plus")
    dialog.get_by_role("button", name="Delete sheet").click()
    seller.says(f"{name} plus is deleted.")
    seller.go(f"/rates/{business.reseller.rate_sheet_id}?dialog=delete")
    dialog = page.get_by_role("dialog", name="Delete Standard?")
    dialog.get_by_label("Type the name of the sheet to confirm").fill("Standard")
    dialog.get_by_role("button", name="Delete sheet").click()
    expect(dialog.get_by_role("alert")).to_contain_text("We couldn’t delete it")


def test_what_a_call_would_cost_is_told_beside_the_rates(
    seller: Person, business: Business
) -> None:
    page = seller.page
    seller.go(f"/rates/{business.reseller.rate_sheet_id}")
    box = page.get_by_role("region", name="What would a call cost?")
    box.get_by_label("Number to call").fill("+971 50 123 4567")
    box.get_by_label("Minutes").fill("3")
    box.get_by_role("button", name="Work out the price").click()
    expect(box).to_contain_text("$0.492")
    expect(box).to_contain_text("Prefix 971 at $0.1640 a minute; 180 seconds billed.")
    box.get_by_label("Number to call").fill("+86 10 6552 9988")
    box.get_by_role("button", name="Work out the price").click()
    expect(box.locator("#destination-error")).to_be_visible()
    expect(box.get_by_label("Number to call")).to_have_value("+86 10 6552 9988")
    page.get_by_role("searchbox", name="Search this list").fill("Ind")
    page.get_by_role("searchbox", name="Search this list").press("Enter")
    expect(page.get_by_role("row", name=re.compile("^91 "))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^44 "))).to_have_count(0)


def test_a_stock_shows_whose_each_number_is(seller: Person, business: Business) -> None:
    page = seller.page
    number = business.reseller.numbers[0]
    seller.go(f"/numbers?q={number[1:]}")
    expect(page.get_by_role("link", name=business.active["name"])).to_be_visible()
    page.get_by_role("navigation", name="State").get_by_role("link", name="Quarantine").click()
    expect(page.get_by_text("No number matches")).to_be_visible()
    seller.go("/numbers?state=quarantine")
    expect(page.locator("tbody tr").first).to_contain_text("until")


def test_a_key_is_shown_once_and_locks_its_programs_out_when_it_is_revoked(
    seller: Person,
) -> None:
    page, name = seller.page, f"Export {mark()}"
    seller.go("/keys")
    page.get_by_role("link", name="New key").first.click()
    dialog = page.get_by_role("dialog", name="New API key")
    dialog.get_by_role("button", name="Make key").click()
    expect(dialog.locator("#name-error")).to_be_visible()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Expires on").fill("2001-01-31")
    dialog.get_by_role("button", name="Make key").click()
    expect(dialog.locator("#expires_on-error")).to_contain_text("in the future")
    expect(dialog.get_by_label("Name")).to_have_value(name)
    dialog.get_by_label("Expires on").fill("")
    dialog.get_by_role("button", name="Make key").click()
    secret = page.get_by_label("The new key").input_value()
    headers = {"Authorization": f"Bearer {secret}"}
    address = f"{seller.system.portal_url}/v1/me"
    assert httpx.get(address, headers=headers).status_code == 200
    seller.go("/keys")
    assert secret not in page.content()
    page.get_by_role("link", name=f"Revoke {name}…").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    seller.says("The key is revoked.")
    assert httpx.get(address, headers=headers).status_code == 401


def test_a_switchs_key_says_how_it_dials_and_until_when_it_works(seller: Person) -> None:
    page, name = seller.page, f"Switch {mark()}"
    day = datetime.now(UTC).date() + timedelta(days=30)
    seller.go("/keys?dialog=new")
    dialog = page.get_by_role("dialog", name="New API key")
    expect(dialog.get_by_label("How the switch writes destinations")).not_to_be_visible()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Scope").select_option("Calls only, for the switch")
    dialog.get_by_label("How the switch writes destinations").select_option("e164")
    dialog.get_by_label("Expires on").fill(day.isoformat())
    dialog.get_by_role("button", name="Make key").click()
    expect(page.get_by_label("The new key")).to_be_visible()
    row = page.get_by_role("row", name=re.compile(name))
    expect(row).to_contain_text("Always international (E.164)")
    expect(row).to_contain_text(f"{day:%-d %b %Y}, 23:59")


def test_a_disabled_reseller_may_look_but_change_nothing(
    operator: Person, seller: Person, business: Business
) -> None:
    page = operator.page
    operator.go(f"/resellers/{business.reseller.id}")
    page.get_by_role("link", name="Disable…").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Disable"))
    dialog.get_by_label("Reason").fill("Contract ended")
    dialog.get_by_role("button", name="Disable account").click()
    operator.says(re.compile("is disabled"))
    try:
        seller.go("/accounts")  # its session began before
        expect(seller.page.get_by_role("heading", name="Sign in")).to_be_visible()
        seller.sign_in()
        seller.go(f"/accounts/{business.active['id']}?dialog=credit")
        seller.page.get_by_label("Credit to add").fill("5")
        dialog = seller.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Add credit").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Your account is disabled")
    finally:
        page.get_by_role("link", name="Enable…").click()
        page.get_by_role("button", name="Enable account").click()
        operator.says(re.compile("is enabled"))


def test_other_peoples_pages_are_forbidden_and_other_peoples_things_are_not_there(
    operator: Person, seller: Person, business: Business
) -> None:
    operator.go("/accounts/new/basic")
    expect(
        operator.page.get_by_role("heading", name="This page isn’t for your role")
    ).to_be_visible()
    seller.go("/resellers")
    expect(seller.page.get_by_role("heading", name="This page isn’t for your role")).to_be_visible()
    nothing = seller.page.get_by_role("heading", name="There’s nothing here")
    for path in (f"/accounts/{business.reseller.id}x", "/rates/rsh_nobody", "/accounts/acc_x/edit"):
        seller.go(path)
        expect(nothing).to_be_visible()


def test_an_operator_sees_what_is_ready_and_how_many_numbers_a_reseller_has(
    operator: Person, business: Business
) -> None:
    page = operator.page
    page.get_by_role("navigation", name="Portal").get_by_role("link", name="Health").click()
    parts = page.get_by_role("region", name="Parts of the system")
    for part in ("RabbitMQ", "MongoDB", "Accounts", "Billing", "Numbers", "Notifications"):
        expect(parts.get_by_role("row", name=re.compile(f"^{part}"))).to_contain_text("Ready")
    operator.go(f"/resellers/{business.reseller.id}")
    counts = business.call("GET", "/v1/numbers?state=available&limit=100")["data"]
    spare = page.locator(".kpis div", has_text="Spare numbers")
    expect(spare).to_contain_text(str(len(counts)))


def test_help_answers_each_role_and_lies_behind_ones_name(operator: Person, seller: Person) -> None:
    for who, question in (
        (operator, "Is everything up?"),
        (seller, "How are users charged in the middle of a period?"),
    ):
        page = who.page
        page.get_by_role("button", name=re.compile("menu$")).click()
        page.get_by_role("link", name="Help", exact=True).click()
        expect(page.get_by_role("heading", name=question)).to_be_visible()
        links = page.locator("#main").get_by_role("link")
        for link in links.all():
            address = link.get_attribute("href") or ""
            answer = page.request.get(f"{who.system.portal_url}{address}")
            assert answer.ok, address
