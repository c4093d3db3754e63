"""What the operator does with a reseller: all that a reseller does with an account."""

import re
from threading import Event
from typing import Final

import pytest
from playwright.sync_api import Browser, Route, expect

from local.system import System
from tests.portal.people import Person, WayIn, fill, mark, signed_in, work_out
from tests.portal.test_journeys_plan import summary
from tests.portal.visits import Business

PAGES: Final = ("", "/edit", "/plan", "/transactions", "/calls", "/invoices")
LOOKS_MAX: Final = 30
LOOK_MILLISECONDS: Final = 500
NEW: Final = "**/resellers/new"
TWO_FRAMES: Final = (
    "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
)
DEEDS: Final[dict[str, dict[str, str]]] = {
    "credits": {"credit_amount": "5.00"},
    "adjustments": {"adjust_amount": "5.00", "adjust_reason": "Mine now"},
    "credit-limit": {"credit_limit": "5.00"},
    "disable": {"reason": "Mine now"},
    "enable": {},
    "delete": {"confirm_name": "x"},
    "edit": {"version": "1", "name": "Mine now"},
    "plan": {"action": "change", "users": "1"},
    "invoices/pay": {"unpaid": "1000000"},
}


@pytest.mark.timeout(300)  # a long walk, also on a busy machine
def test_a_reseller_is_opened_funded_changed_billed_and_deleted(operator: Person) -> None:
    name = f"Northwind {mark()}"
    _open(operator, name)
    _add_credit(operator)
    _edit(operator)
    _change_plan(operator)
    _look_at_invoices(operator, name)
    _delete(operator, name)


def _open(operator: Person, name: str) -> None:
    """Sell it a plan: refused without credit, and opened after its charge was seen."""
    page = operator.page
    operator.go("/resellers/new")
    fill(page, name=name, email=f"sara-{mark()}@northwind.example", phone="+14155550100")
    fill(page, first_name="Sara", last_name="Elwood", realm_domain="voice.example")
    page.get_by_label("Country", exact=True).select_option("US")
    page.get_by_label("Time zone").select_option("America/New_York")
    fill(page, cost_per_user="20.00", users="3")
    button = page.get_by_role("button", name="Open reseller")
    button.click()
    expect(page.get_by_role("alert").locator("a[href='#plan_name']")).to_be_visible()
    fill(page, plan_name=f"Wholesale {mark()}")
    button.click()
    expect(page.locator("#credit_amount-error")).to_contain_text("You need $60.00 of credit")
    fill(page, credit_amount="100", credit_note="First payment")
    work_out(operator)
    card = page.get_by_role("region", name="At creation")
    expect(card).to_contain_text("$60.00")
    expect(card).to_contain_text("$40.00")
    button.dblclick()
    expect(page.get_by_role("region", name="Balance")).to_contain_text("$40.00")
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def _add_credit(operator: Person) -> None:
    page = operator.page
    page.get_by_role("link", name="Add credit").click()
    dialog = page.get_by_role("dialog", name="Add credit to")
    dialog.get_by_label("Credit to add").fill("0")
    dialog.get_by_role("button", name="Add credit").click()
    expect(dialog.get_by_text("Enter the credit as an amount above zero.")).to_be_visible()
    dialog.get_by_label("Credit to add").fill("1,000")
    dialog.get_by_label("Note").fill("Transfer 4711")
    dialog.get_by_role("button", name="Add credit").dblclick()
    operator.says("$1,000.00 credit added; the balance is $1,040.00.")
    expect(page).to_have_url(re.compile("/resellers/[^/]+$"))
    page.get_by_role("link", name="All transactions").click()
    rows = page.get_by_role("region", name="Transactions").get_by_role("row")
    expect(rows).to_have_count(4)  # the header, two credits, the users
    expect(rows.nth(1)).to_contain_text("Transfer 4711")
    page.get_by_role("link", name="Last month").click()
    expect(page.get_by_text("No such entries")).to_be_visible()
    export = page.get_by_role("link", name="Export CSV").get_attribute("href") or ""
    answer = page.request.get(f"{operator.system.portal_url}{export}")
    assert answer.text().startswith("\ufeffseq,at,type,amount")
    _back(operator)


def _back(operator: Person) -> None:
    """Go back to the reseller's own page by the way that is shown above."""
    page = operator.page
    way = page.get_by_role("navigation", name="Where you are").get_by_role("link")
    expect(way.first).to_have_text("Resellers")
    way.last.click()
    expect(page).to_have_url(re.compile("/resellers/[^/]+$"))


def _edit(operator: Person) -> None:
    page = operator.page
    page.get_by_role("link", name="Edit", exact=True).click()
    fill(page, last_name="Elwood-Reyes", phone="12")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert").locator("a[href='#phone']")).to_be_visible()
    fill(page, phone="+14155550199")
    page.get_by_role("button", name="Save changes").click()
    operator.says("The changes are saved.")
    contact = page.get_by_role("region", name="Administrator")
    expect(contact).to_contain_text("Elwood-Reyes")
    expect(contact).to_contain_text("+1 415-555-0199")


def _change_plan(operator: Person) -> None:
    page = operator.page
    page.get_by_role("link", name="Change plan").click()
    expect(page.get_by_label("Select rates")).to_have_count(0)  # the platform has none
    fill(page, users="5")
    work_out(operator)
    button = page.get_by_role("button", name=re.compile(r"^Change plan, pay \$"))
    expect(button).to_be_visible()
    assert button.inner_text().partition("pay ")[2] in summary(page)
    button.click()
    operator.says(re.compile("^The service plan is changed"))
    expect(page.get_by_role("region", name="Service plan")).to_contain_text("5 × $20.00")


def _look_at_invoices(operator: Person, name: str) -> None:
    """See what the platform billed: of this reseller, and among what all have to pay."""
    page = operator.page
    page.get_by_role("link", name="Invoices", exact=True).last.click()
    expect(page.get_by_role("heading", name="Invoices")).to_be_visible()
    first = page.get_by_role("region", name="Invoices").get_by_role("rowheader").first
    for _ in range(LOOKS_MAX):  # it comes a moment after the opening, unseen without a script
        if first.count():
            break
        page.wait_for_timeout(LOOK_MILLISECONDS)
        page.reload()
    first.get_by_role("link").click()
    expect(page.get_by_text(name).first).to_be_visible()
    page.get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile("/resellers/[^/]+$"))


def _delete(operator: Person, name: str) -> None:
    page = operator.page
    page.get_by_role("link", name="Delete…").click()
    dialog = page.get_by_role("dialog", name=f"Delete {name}?")
    dialog.get_by_label("Type the account name to confirm").fill("Northwind")
    dialog.get_by_role("button", name="Delete account").click()
    expect(dialog.get_by_text("Type the account’s name exactly")).to_be_visible()
    dialog.get_by_label("Type the account name to confirm").fill(name)
    dialog.get_by_role("button", name="Delete account").click()
    operator.says(f"{name} is deleted.")
    expect(page.get_by_role("heading", name="Resellers", exact=True)).to_be_visible()
    operator.go(f"/resellers?status=closed&q={name.rpartition(' ')[2]}")
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name="Closed")).to_be_visible()
    expect(page.get_by_role("link", name="Add credit")).to_have_count(0)


def test_a_reseller_with_accounts_is_not_deleted(operator: Person, business: Business) -> None:
    operator.go(f"/resellers/{business.reseller.id}?dialog=delete")
    page = operator.page
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_label("Type the account name to confirm").fill(name)
    page.get_by_role("button", name="Delete account").click()
    alert = page.get_by_role("dialog", name="Delete").get_by_role("alert")
    expect(alert).to_contain_text("The reseller still has accounts")


def test_a_disabled_reseller_is_enabled_by_the_toast(operator: Person) -> None:
    page, name = operator.page, f"Southwind {mark()}"
    _open(operator, name)
    page.get_by_role("link", name="Disable…").click()
    page.get_by_role("button", name="Disable account").click()
    operator.says(f"{name} is disabled.")
    page.get_by_role("button", name="Undo").click()
    operator.says(f"{name} is enabled.")


def test_a_reseller_that_was_opened_without_a_plan_gets_one(operator: Person) -> None:
    page, name = operator.page, f"Planless {mark()}"
    operator.go("/resellers/new")
    fill(page, name=name, email=f"sara-{mark()}@northwind.example", phone="+14155550100")
    fill(page, first_name="Sara", last_name="Elwood", realm_domain="voice.example")
    page.get_by_label("Country", exact=True).select_option("US")
    page.get_by_label("Time zone").select_option("America/New_York")
    fill(page, credit_amount="100")
    work_out(operator)
    page.get_by_role("button", name="Open reseller").click()
    expect(page.get_by_role("region", name="Balance")).to_contain_text("$100.00")
    page.get_by_role("link", name="Add a service plan").click()
    fill(page, users="2", cost_per_user="15.00")
    page.get_by_role("button", name="Start plan").click()
    expect(page.get_by_role("alert").locator("a[href='#plan_name']")).to_be_visible()
    fill(page, plan_name=f"Wholesale {mark()}")
    work_out(operator)
    button = page.get_by_role("button", name="Start plan, pay $30.00")
    expect(button).to_be_visible()
    button.click()
    operator.says(re.compile("is in effect. \\$30.00 charged."))
    expect(page.get_by_role("region", name="Service plan")).to_contain_text("2 × $15.00")
    expect(page.get_by_role("region", name="Balance")).to_contain_text("$70.00")


def test_a_press_is_not_lost_to_a_charge_that_comes_meanwhile(
    browser: Browser, system: System, operators_way_in: WayIn
) -> None:
    """Leaving a field asks for the charge, which moves the button while it is pressed."""
    with signed_in(browser, system, operators_way_in.email, operators_way_in.password) as operator:
        operator.go("/resellers/new")
        page = operator.page
        fill(page, name=f"Pressed {mark()}", email="pressed@northwind.example", first_name="Sara")
        fill(page, last_name="Elwood", phone="+14155550100", realm_domain="voice.example")
        page.get_by_label("Country", exact=True).select_option("US")
        page.get_by_label("Time zone").select_option("America/New_York")
        fill(page, cost_per_user="20.00", users="3")
        page.get_by_label("Plan name").focus()
        card = page.get_by_role("region", name="At creation")
        expect(card).to_contain_text("Enter the plan name")
        go, held = Event(), list[Route]()
        page.route(NEW, lambda route: route.continue_() if go.is_set() else held.append(route))
        fill(page, plan_name=f"Wholesale {mark()}")
        page.get_by_role("button", name="Open reseller").hover()
        with page.expect_response(NEW):
            page.mouse.down()
            go.set()
            for route in held:
                route.continue_()
        page.evaluate(TWO_FRAMES)
        page.mouse.up()
        expect(page.locator("#credit_amount-error")).to_contain_text("You need $60.00 of credit")


def test_an_operator_is_led_to_resellers_and_sees_nothing_of_their_customers(
    operator: Person, business: Business
) -> None:
    page, portal = operator.page, operator.system.portal_url
    operator.go("/accounts")
    expect(page.get_by_role("heading", name="Resellers", exact=True)).to_be_visible()
    operator.go(f"/accounts/{business.reseller.id}?dialog=credit")
    expect(page).to_have_url(f"{portal}/resellers/{business.reseller.id}?dialog=credit")
    expect(page.get_by_role("dialog", name="Add credit")).to_be_visible()
    operator.go(f"/accounts/{business.reseller.id}/numbers")
    expect(page.get_by_role("heading", name="This page isn’t for your role")).to_be_visible()
    customer, before = business.active, _state(business)
    for path in PAGES:
        operator.go(f"/accounts/{customer['id']}{path}")
        expect(page.get_by_role("heading", name="There’s nothing here")).to_be_visible()
        expect(page.get_by_text(customer["name"])).to_have_count(0)
    for deed, form in DEEDS.items():
        answer = page.request.post(
            f"{portal}/accounts/{customer['id']}/{deed}",
            form={"request": mark(), **form},
            headers={"Origin": portal},
        )
        assert answer.status == 404, deed
    assert _state(business) == before


def _state(business: Business) -> tuple[object, ...]:
    path = f"/v1/accounts/{business.active['id']}"
    return tuple(business.call("GET", f"{path}{part}") for part in ("", "/plan", "/balance"))
