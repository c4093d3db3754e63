"""What the pages do in a browser, with and without their script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.watching import watch


@pytest.fixture
def page_without_script(browser: Browser) -> Iterator[Page]:
    """Give a page of a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    wrong = watch(page)
    yield page
    context.close()
    assert wrong == []


def test_the_slash_key_goes_to_the_search_but_not_out_of_a_field(
    clean_page: Page, gallery: str
) -> None:
    clean_page.goto(f"{gallery}/gallery/edit")
    search = clean_page.get_by_role("searchbox", name="Search accounts, numbers, invoices, calls")
    clean_page.keyboard.press("/")
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    name = clean_page.get_by_label("Account name")
    name.fill("")
    name.press("/")
    expect(name).to_have_value("/")


def test_the_wizard_begins_in_its_first_field(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/new-basic")
    expect(clean_page.get_by_label("Account name")).to_be_focused()


def test_the_n_key_starts_something_new(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/rates")
    clean_page.keyboard.press("n")
    expect(clean_page.get_by_role("dialog", name="New rate sheet")).to_be_visible()
    expect(clean_page.get_by_label("Name", exact=True)).to_be_focused()


def test_select_all_ticks_every_row_and_says_how_many(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/accounts")
    bar = clean_page.get_by_role("group", name="Selected rows")
    expect(bar).to_be_hidden()
    clean_page.get_by_label("Select Orchard & Pine").check()
    expect(bar).to_contain_text("1 selected")
    every = clean_page.get_by_label("Select all on this page")
    assert every.evaluate("box => box.indeterminate")
    every.check()
    expect(bar).to_contain_text("10 selected")
    every.uncheck()
    expect(bar).to_be_hidden()


def test_a_dialog_opens_over_the_page_and_closes_with_escape(
    clean_page: Page, gallery: str
) -> None:
    clean_page.goto(f"{gallery}/gallery/overview")
    clean_page.get_by_role("link", name="Delete…").click()
    dialog = clean_page.get_by_role("dialog", name="Delete Harbour & Vale Legal?")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("dialog => dialog.matches(':modal')")
    expect(clean_page.get_by_label("Type the account name to confirm")).to_be_focused()
    clean_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("status", [401, 503])
def test_an_answer_that_is_no_part_of_the_page_is_told_once(
    browser: Browser, gallery: str, status: int
) -> None:
    page = browser.new_page()
    page.route("**/accounts/new/plan", lambda route: route.fulfill(status=status, body="{}"))
    page.goto(f"{gallery}/gallery/new-plan")
    for users in ("13", "14"):
        with page.expect_response("**/accounts/new/plan"):
            page.get_by_label("Number of users", exact=True).fill(users)
        toasts = page.get_by_role("status").locator(".toast.bad")
        expect(toasts).to_have_count(1)
        signed_out = "You’re signed out. Sign in in a new tab"
        expect(toasts).to_contain_text(signed_out if status == 401 else "couldn’t reach the server")
    page.close()


@pytest.mark.parametrize(
    ("opener", "name", "field"),
    [
        ("Delete…", "Delete Harbour & Vale Legal?", "Type the account name to confirm"),
        ("Disable…", "Disable Harbour & Vale Legal?", "Reason"),
    ],
)
def test_enter_in_a_field_ends_nothing(
    clean_page: Page, gallery: str, opener: str, name: str, field: str
) -> None:
    sent: list[str] = []
    clean_page.on("request", lambda request: sent.append(request.method))
    clean_page.goto(f"{gallery}/gallery/overview")
    clean_page.get_by_role("link", name=opener).click()
    dialog = clean_page.get_by_role("dialog", name=name)
    dialog.get_by_label(field).fill("Harbour & Vale Legal")
    dialog.get_by_label(field).press("Enter")
    expect(dialog).to_be_visible()
    assert "POST" not in sent


def test_a_dialog_that_ends_something_opens_with_the_way_out_focused(
    clean_page: Page, gallery: str
) -> None:
    clean_page.goto(f"{gallery}/gallery/new-plan")
    clean_page.get_by_role("button", name="Discard…").click()
    dialog = clean_page.get_by_role("dialog", name="Discard this draft?")
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    clean_page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


def test_a_dialog_with_an_error_stands_open_with_its_field_focused(
    clean_page: Page, gallery: str
) -> None:
    clean_page.goto(f"{gallery}/gallery/overview-credit")
    dialog = clean_page.get_by_role("dialog")
    assert dialog.evaluate("dialog => dialog.matches(':modal')")
    expect(clean_page.get_by_label("Credit to add")).to_be_focused()


def test_the_stepper_keeps_to_its_limits(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/new-plan-first")
    users = clean_page.get_by_label("Number of users", exact=True)
    clean_page.get_by_role("button", name="One more: number of users").click()
    expect(users).to_have_value("2")
    fewer = clean_page.get_by_role("button", name="One fewer: number of users")
    fewer.click()
    fewer.click()
    expect(users).to_have_value("1")


def test_the_theme_changes_at_once_and_is_remembered(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/overview")
    root = clean_page.locator("html")
    clean_page.get_by_role("button", name="Light or dark").click()
    clean_page.get_by_role("button", name="Dark", exact=True).click()
    expect(root).to_have_attribute("data-theme", "dark")
    assert clean_page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert ("theme", "dark") in [
        (cookie.get("name"), cookie.get("value")) for cookie in clean_page.context.cookies()
    ]


def test_a_toast_can_be_closed(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/accounts")
    toast = clean_page.get_by_text("1 account disabled")
    clean_page.get_by_role("button", name="Close this message").click()
    expect(toast).to_be_hidden()


def test_typing_in_the_wizard_asks_for_the_quote(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/new-plan")
    with clean_page.expect_request("**/accounts/new/plan") as asked:
        clean_page.get_by_label("Number of users", exact=True).fill("13")
    body = asked.value.post_data or ""
    assert "users=13" in body
    assert "action=quote" in body
    assert "plan_name=Office+12" in body


def test_a_dialog_of_the_wizard_takes_along_what_was_typed(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/new-plan-credit")
    clean_page.get_by_label("Credit", exact=True).fill("250.00")
    with clean_page.expect_request("**/accounts/new/plan") as asked:
        clean_page.get_by_role("dialog").get_by_role("button", name="Add credit").click()
    body = asked.value.post_data or ""
    assert "credit_amount=250.00" in body
    assert "action=credit" in body
    assert "plan_name=Office+12" in body


def test_without_script_the_list_and_its_menus_work(
    page_without_script: Page, gallery: str
) -> None:
    page_without_script.goto(f"{gallery}/gallery/accounts")
    page_without_script.get_by_label("Select Orchard & Pine").check()
    bar = page_without_script.get_by_role("group", name="Selected rows")
    expect(bar.get_by_role("button", name="Enable")).to_be_visible()
    page_without_script.get_by_role("button", name="Actions for Orchard & Pine").click()
    expect(page_without_script.get_by_role("link", name="Add credit")).to_be_visible()
    page_without_script.get_by_role("button", name="Sara Elwood, Northwind Voice: menu").click()
    expect(page_without_script.get_by_role("button", name="Log out")).to_be_visible()


def test_without_script_a_dialog_is_part_of_its_page(
    page_without_script: Page, gallery: str
) -> None:
    page_without_script.goto(f"{gallery}/gallery/new-plan-numbers")
    dialog = page_without_script.get_by_role("dialog", name="Select number")
    expect(dialog).to_be_visible()
    dialog.get_by_label("+1 212-555-0110").check()
    with page_without_script.expect_request("**/accounts/new/plan") as asked:
        dialog.get_by_role("button", name="Assign numbers").click()
    body = asked.value.post_data or ""
    assert "choose_number=%2B12125550110" in body
    assert "action=numbers" in body


def test_without_script_enter_in_the_wizard_asks_only_for_the_quote(
    page_without_script: Page, gallery: str
) -> None:
    page_without_script.goto(f"{gallery}/gallery/new-plan")
    with page_without_script.expect_request("**/accounts/new/plan") as asked:
        page_without_script.get_by_label("Plan name").press("Enter")
    assert "action=quote" in (asked.value.post_data or "")


def test_enter_in_the_first_page_of_the_wizard_goes_on(
    page_without_script: Page, gallery: str
) -> None:
    page_without_script.goto(f"{gallery}/gallery/new-basic-errors")
    expect(page_without_script.get_by_role("link", name="Discard draft…")).to_be_visible()
    with page_without_script.expect_request("**/accounts/new/basic") as asked:
        page_without_script.get_by_label("Account name").press("Enter")
    assert "action=next" in (asked.value.post_data or "")


def test_enter_beside_the_ticked_accounts_does_nothing_to_them(
    page_without_script: Page, gallery: str
) -> None:
    sent: list[str] = []
    page_without_script.on("request", lambda request: sent.append(request.method))
    page_without_script.goto(f"{gallery}/gallery/accounts-bulk")
    page_without_script.get_by_role("dialog").get_by_label("Reason").press("Enter")
    page_without_script.get_by_label(re.compile("^Select ")).first.press("Enter")
    page_without_script.goto(f"{gallery}/gallery/accounts")
    assert "POST" not in sent


def test_an_answer_without_the_awaited_part_changes_nothing(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/new-plan")
    clean_page.route(
        "**/accounts/new/plan",
        lambda route: route.fulfill(content_type="text/html", body="<h1>Sign in</h1>"),
    )
    clean_page.get_by_label("Plan name").fill("Office 13")
    expect(clean_page.get_by_role("status")).to_contain_text("We couldn’t reach the server")
    expect(clean_page.get_by_label("Plan name")).to_have_value("Office 13")
    expect(clean_page.get_by_role("heading", name="At creation")).to_be_visible()


def test_the_answer_of_a_wizard_dialog_closes_it_and_shows_the_draft(
    clean_page: Page, gallery: str
) -> None:
    clean_page.goto(f"{gallery}/gallery/new-plan-numbers")
    dialog = clean_page.get_by_role("dialog", name="Select number")
    dialog.get_by_role("button", name="Assign numbers").click()
    expect(dialog).to_be_hidden()
    clean_page.get_by_role("button", name="Select number").click()
    expect(dialog).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_button_below_billing_details_has_room(
    clean_page: Page, gallery: str, width: int
) -> None:
    clean_page.set_viewport_size({"width": width, "height": 940})
    clean_page.goto(f"{gallery}/gallery/account")
    above = clean_page.get_by_text("434031494").bounding_box()
    button = clean_page.get_by_role("link", name="Edit billing details").bounding_box()
    assert above is not None
    assert button is not None
    assert button["y"] - (above["y"] + above["height"]) >= 24


@pytest.mark.parametrize("width", [390, 1280, 1440, 1920])
@pytest.mark.parametrize("name", ["accounts", "rates"])
def test_the_menu_of_every_row_is_in_view(
    clean_page: Page, gallery: str, name: str, width: int
) -> None:
    clean_page.set_viewport_size({"width": width, "height": 844})
    clean_page.goto(f"{gallery}/gallery/{name}")
    buttons = clean_page.locator("td.actions [popovertarget]")
    card = clean_page.locator(".table-scroll").bounding_box()
    for button in (buttons.first, buttons.last):
        button.click()
        shown = button.bounding_box()
        menu = clean_page.locator(".menu:popover-open").bounding_box()
        assert card, "the list is shown"
        assert shown, "the button is shown"
        assert menu, "the menu is open"
        assert shown["x"] + shown["width"] <= card["x"] + card["width"] - 8
        assert 0 <= menu["x"] <= width - menu["width"]
        assert 0 <= menu["y"] <= 844 - menu["height"]
        clean_page.keyboard.press("Escape")
