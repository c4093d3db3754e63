"""What a reseller does with its accounts, through the running portal."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from local.client import Json
from local.system import System
from tests.portal.people import Person, beside_the_browser, fill, mark, signed_in
from tests.portal.visits import Business
from tests.waiting import eventually

PAGE_ROWS = 25


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("row", name=re.compile(re.escape(name)))


@pytest.mark.rows(2)
def test_the_list_is_searched_filtered_sorted_and_paged_in_its_address(
    seller: Person, business: Business
) -> None:
    page, active, disabled = seller.page, business.active["name"], business.disabled["name"]
    seller.go(f"/accounts?q={active.rpartition(' ')[2]}")
    expect(page.get_by_role("link", name=active)).to_be_visible()
    expect(page.get_by_role("link", name=disabled)).to_have_count(0)
    seller.go("/accounts")
    page.get_by_role("navigation", name="Status").get_by_role("link", name="Disabled").click()
    expect(page).to_have_url(re.compile(r"status=disabled"))
    expect(page.get_by_role("link", name=disabled)).to_be_visible()
    expect(page.get_by_role("link", name=active)).to_have_count(0)
    seller.go("/accounts")
    page.get_by_role("columnheader", name="Account").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"sort=-?name"))
    heads = page.get_by_role("columnheader", name="Account")
    expect(heads).to_have_attribute("aria-sort", re.compile("ending$"))
    seller.go("/accounts?after=nonsense")
    expect(page.get_by_role("link", name=active)).to_be_visible()


def test_a_long_list_has_pages(browser: Browser, system: System, business: Business) -> None:
    word = f"paged{mark()}"
    for index in range(PAGE_ROWS + 2):
        order = business.reseller.order(f"{word} {index:02d}", countries=[])
        business.call("POST", "/v1/accounts", order)
    with signed_in(browser, system, business.reseller.email, business.reseller.password) as seller:
        page = seller.page
        seller.go(f"/accounts?q={word}")
        expect(page.locator("tbody tr")).to_have_count(PAGE_ROWS)
        expect(page.get_by_text("25 of 27 accounts")).to_be_visible()
        page.get_by_role("link", name="Next").click()
        expect(page.locator("tbody tr")).to_have_count(2)
        page.get_by_role("link", name="Previous").click()
        expect(page.locator("tbody tr")).to_have_count(PAGE_ROWS)


def test_ticked_accounts_are_disabled_together_and_the_toast_undoes_it(
    seller: Person, business: Business
) -> None:
    page = seller.page
    names = [_opened(business)["name"] for _ in range(2)]
    seller.go(f"/accounts?q={names[0].rpartition(' ')[0]}&sort=-created_at")
    for name in names:
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("group", name="Selected rows").get_by_role("button", name="Disable…").click()
    dialog = page.get_by_role("dialog", name="Disable the selected accounts?")
    dialog.get_by_label("Reason").fill("Moved away")
    dialog.get_by_role("button", name="Disable accounts").click()
    seller.says("2 accounts disabled.")
    for name in names:
        expect(_row(page, name)).to_contain_text("Disabled")
    page.get_by_role("button", name="Undo").click()
    seller.says("2 accounts enabled.")
    for name in names:
        expect(_row(page, name)).to_contain_text("Active")


def _opened(business: Business) -> Json:
    account = business.call("POST", "/v1/accounts", business.reseller.order(countries=[]))

    def active() -> Json:
        found = business.call("GET", f"/v1/accounts/{account['id']}")
        return found if found["status"] == "active" else {}

    return beside_the_browser(eventually(active))


@pytest.mark.rows(17)
def test_an_edit_that_somebody_overtook_shows_what_changed(
    seller: Person, business: Business
) -> None:
    account = _opened(business)
    page, path = seller.page, f"/v1/accounts/{account['id']}"
    seller.go(f"/accounts/{account['id']}/edit")
    expect(page.get_by_label("Last name")).to_have_value("Okafor")
    change = {"administrator": {"last_name": "Overtaken", "first_name": "Kept"}}
    business.call("PATCH", path, change, If_Match="*")
    fill(page, last_name="Mine", phone="+14155550199")
    page.get_by_role("button", name="Save changes").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Someone else changed this account")
    expect(alert).to_contain_text("Last name: Overtaken")
    expect(page.get_by_label("Last name")).to_have_value("Mine")
    page.get_by_role("button", name="Save changes").click()
    seller.says("The changes are saved.")
    saved = business.call("GET", path)["administrator"]
    assert (saved["last_name"], saved["phone"]) == ("Mine", "+14155550199")
    assert saved["first_name"] == "Kept", "what was not typed is not saved over the other's change"


@pytest.mark.rows(11)
def test_credit_is_added_once_however_often_the_button_is_pressed(
    seller: Person, business: Business
) -> None:
    account = _opened(business)
    page, path = seller.page, f"/v1/accounts/{account['id']}"
    before = business.call("GET", f"{path}/balance")["balance"]
    assert before == "440.00"
    seller.go(f"/accounts/{account['id']}?dialog=credit")
    page.get_by_label("Credit to add").fill("1,000.25")
    page.get_by_role("dialog").get_by_role("button", name="Add credit").dblclick()
    seller.says("$1,000.25 credit added; the balance is $1,440.25.")
    assert business.call("GET", f"{path}/balance")["balance"] == "1440.25"


def test_a_credit_typed_by_mistake_is_corrected_from_the_transactions(
    seller: Person, business: Business
) -> None:
    account = _opened(business)
    page, path = seller.page, f"/v1/accounts/{account['id']}"
    business.call("POST", f"{path}/credits", {"amount": "400.00", "note": "Cheque 7"})
    seller.go(f"/accounts/{account['id']}/transactions")
    row = page.get_by_role("row", name=re.compile("Cheque 7"))
    row.get_by_role("link", name="Correct entry").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Adjust the balance of"))
    expect(dialog).to_contain_text("Credit added: Cheque 7")
    expect(dialog.get_by_label("Adjustment")).to_have_value("-400.00")
    dialog.get_by_label("Adjustment").fill("\N{MINUS SIGN}360.00")
    dialog.get_by_role("button", name="Adjust balance").click()
    expect(dialog).to_contain_text("Enter a reason.")
    dialog.get_by_label("Reason").fill("It was 40.00")
    dialog.get_by_role("button", name="Adjust balance").click()
    seller.says("$360.00 taken off the account; the balance is $480.00.")
    last = business.call("GET", f"{path}/transactions")["data"][0]
    assert last["text"].endswith(": It was 40.00")
    assert last["corrects_seq"]


def test_a_credit_limit_is_set_and_counted_in_what_is_available(
    seller: Person, business: Business
) -> None:
    account = _opened(business)
    page = seller.page
    seller.go(f"/accounts/{account['id']}")
    page.get_by_role("link", name="Credit limit").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Credit limit of"))
    dialog.get_by_label("Credit limit").fill("-5")
    dialog.get_by_role("button", name="Set credit limit").click()
    expect(dialog).to_contain_text("Enter the credit limit as an amount of zero or more.")
    dialog.get_by_label("Credit limit").fill("50.00")
    dialog.get_by_role("button", name="Set credit limit").click()
    seller.says("The credit limit is $50.00; $490.00 is available.")
    card = page.get_by_role("region", name="Balance")
    expect(card).to_contain_text("+$50.00")
    expect(card).to_contain_text("$490.00")
    seller.go(f"/accounts?q={account['name']}")
    expect(_row(page, account["name"])).to_contain_text("limit $50.00")


def test_a_list_that_lies_open_follows_what_happens(
    browser: Browser, system: System, business: Business
) -> None:
    account = _opened(business)
    with signed_in(browser, system, business.reseller.email, business.reseller.password) as seller:
        page = seller.page
        seller.go(f"/accounts?q={account['name'].rpartition(' ')[2]}")
        row = _row(page, account["name"])
        expect(row).to_contain_text("Active")
        expect(page.locator("[data-live]")).to_have_attribute("data-live", "on")
        page.get_by_label(f"Select {account['name']}").check()
        business.call("POST", f"/v1/accounts/{account['id']}/disable", {"reason": "Quiet"})
        expect(row).to_contain_text("Disabled")
        expect(page.get_by_label(f"Select {account['name']}")).to_be_checked()
        expect(page.get_by_role("group", name="Selected rows")).to_contain_text("1 selected")
        credit = {"amount": "60.00"}
        business.call("POST", f"/v1/accounts/{account['id']}/credits", credit)
        expect(row).to_contain_text("$500.00")


@pytest.mark.rows(4, 8, 9, 10)
def test_a_plan_that_cannot_be_is_refused_beside_its_fields(
    seller: Person, business: Business
) -> None:
    page = seller.page
    seller.go("/accounts/new/plan")
    expect(page.get_by_role("heading", name="New customer account")).to_be_visible()
    name = f"Refused {mark()}"
    fill(page, name=business.active["name"], email="a@b.example", first_name="A", last_name="B")
    fill(page, phone="+14155550142")
    page.get_by_role("button", name="Next: service plan").click()
    expect(page.get_by_role("alert")).to_contain_text("Another account has this name")
    fill(page, name=name)
    page.get_by_role("button", name="Next: service plan").click()
    fill(page, plan_name=business.active["plan"]["name"], users="0", cost_per_user="abc")
    page.get_by_role("button", name="Submit and open account").click()
    alert = page.get_by_role("alert")
    for field in ("plan_name", "users", "cost_per_user"):
        expect(alert.locator(f"a[href='#{field}']")).to_be_visible()
    expect(page.get_by_label("Cost per user")).to_have_value("abc")
    page.get_by_role("button", name="Discard…").click()
    dialog = page.get_by_role("dialog", name="Discard this draft?")
    dialog.get_by_role("link", name="Cancel").click()
    expect(page.get_by_label("Cost per user")).to_have_value("abc")
    page.get_by_role("button", name="Discard…").click()
    dialog.get_by_role("button", name="Discard draft").click()
    seller.says("Draft discarded. Nothing was opened.")
    assert business.call("GET", f"/v1/accounts?q={name.split()[1]}")["data"] == []


def test_a_number_that_somebody_was_faster_to_take_is_refused_in_the_dialog(
    seller: Person, business: Business
) -> None:
    page = seller.page
    spare = business.call("GET", "/v1/numbers?state=available&limit=1")["data"][0]["number"]
    shown = f"+44 {spare[3:5]} {spare[5:9]} {spare[9:]}"
    seller.go("/accounts/new/basic")
    fill(page, name=f"Slow {mark()}", email="a@b.example", first_name="A", last_name="B")
    fill(page, phone="+14155550142")
    page.get_by_role("button", name="Next: service plan").click()
    page.get_by_role("button", name="Select number").click()
    dialog = page.get_by_role("dialog", name="Select number")
    dialog.get_by_label(shown).check()
    business.call("POST", "/v1/numbers/reservations", {"numbers": [spare]})
    dialog.get_by_role("button", name="Assign numbers").click()
    expect(dialog.get_by_text("is not among your spare numbers any more")).to_be_visible()
    dialog.get_by_role("link", name="Close").click()
    page.get_by_role("link", name="Basic info").click()
    page.get_by_role("link", name="Discard draft…").click()
    page.get_by_role("button", name="Discard draft").click()
    seller.says("Draft discarded.")
