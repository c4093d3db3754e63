"""An account that is still opening, or failed to, before the eyes of who waits for it."""

import re
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import pytest
from playwright.sync_api import Browser, Route, expect

from contracts.accounts import (
    AcceptedQuote,
    Account,
    AdministratorOrder,
    OpenAccount,
    ResellerProfile,
)
from contracts.billing import PlanOrder
from contracts.values import MICROS_PER_UNIT
from local.system import System
from services.chassis.bus import Bus
from services.chassis.clock import utc_now
from services.chassis.principal import Principal, PrincipalSigner
from tests.portal.people import (
    Person,
    beside_the_browser,
    fill,
    mark,
    open_countries,
    signed_in,
    work_out,
)
from tests.portal.visits import Business

PLAN: Final = "**/accounts/new/plan"


@contextmanager
def stopped(system: System, service: str) -> Generator[None]:
    """Stop a service; it goes on, and does what waits for it, afterwards."""
    system[service].stop()
    try:
        yield
    finally:
        system[service].start()
        system[service].wait_until_ready()


async def _order(
    system: System, seller: Principal, name: str, users: int, **changes: object
) -> Account:
    """Have an account opened that the gateway has not checked, as a race would."""
    signer = PrincipalSigner((system.folder / "principal-key.pem").read_text())
    command = OpenAccount(
        name=name,
        administrator=AdministratorOrder(
            email="slow@customer.example",
            first_name="Noor",
            last_name="Lin",
            phone="+14155550142",
        ),
        plan=PlanOrder(name=f"Plan {name}", users=users, cost_per_user=10 * MICROS_PER_UNIT),
    ).model_copy(update=changes)
    async with Bus(system.addresses.rabbitmq_url("gateway"), "a race") as bus:
        return await bus.ask(
            command,
            principal=signer.sign(seller, utc_now()),
            message_id=str(uuid.uuid4()),
            correlation_id="a race",
        )


def _reseller(business: Business) -> Principal:
    return Principal(
        id=f"usr_{mark()}",
        account_id=business.reseller.id,
        parent_id="platform",
        role="reseller",
    )


@pytest.mark.timeout(240)  # it stops and starts a service
def test_an_account_that_is_opening_says_how_far_it_is_and_ends_by_itself(
    seller: Person, system: System, business: Business
) -> None:
    name = f"Slowly {mark()}"
    with stopped(system, "billing"):
        account = beside_the_browser(_order(system, _reseller(business), name, users=1))
        seller.go(f"/accounts/{account.id}")
        page = seller.page
        expect(page.get_by_role("heading", name=f"Opening {name}")).to_be_visible()
        expect(page.get_by_text("Numbers, credit and first charges")).to_be_visible()
    # nobody touches the page: it hears how it went (without a script it asks again by itself)
    expect(page.get_by_role("heading", name=f"{name} couldn’t be opened")).to_be_visible()
    expect(page.get_by_text("Not enough credit for the charges")).to_be_visible()
    expect(page.get_by_text("Nothing was charged")).to_be_visible()
    seller.go(f"/accounts?q={name.split()[1]}")
    expect(page.get_by_role("link", name=name)).to_have_count(0)


@pytest.mark.timeout(240)  # it stops and starts a service
def test_a_service_that_is_down_is_told_as_a_page_and_only_where_it_is_missed(
    seller: Person, system: System
) -> None:
    page = seller.page
    with stopped(system, "billing"):
        seller.go("/accounts")
        expect(page.get_by_role("heading", name="Part of the system")).to_be_visible()
        seller.go("/numbers")
        expect(page.get_by_role("heading", name="Numbers", exact=True)).to_be_visible()
    seller.go("/accounts")
    expect(page.get_by_role("heading", name="Accounts", exact=True)).to_be_visible()


def test_what_is_pressed_while_the_charge_is_worked_out_has_its_turn_after_it(
    browser: Browser, system: System, business: Business
) -> None:
    with signed_in(browser, system, business.reseller.email, business.reseller.password) as seller:
        seller.go("/accounts/new/basic")
        fill(seller.page, name=f"Quick {mark()}", email="quick@customer.example", first_name="Mei")
        fill(seller.page, last_name="Lin", phone="+14155550142")
        page = seller.page
        page.get_by_role("button", name="Next: service plan").click()
        page.get_by_label("Select rates").select_option(label="Standard")
        open_countries(seller, "India")
        summary = page.get_by_role("region", name="At creation")
        fill(page, plan_name=f"Quick {mark()}", users="3", cost_per_user="10.00")
        expect(summary).to_contain_text("$30.00")
        held: list[Route] = []
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.method))
        page.route(PLAN, lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright takes no built-in
        with page.expect_request(PLAN):
            fill(page, users="5")
        # leaving the field asks for the charge as well; the country is closed after both
        page.get_by_role("button", name="Close India").click()
        expect(summary).to_contain_text("$30.00")
        assert asked.count("POST") == 1, "two at once: whichever answer comes last would be shown"
        held[0].continue_()
        expect(page.get_by_role("button", name="Close India")).to_have_count(0)
        expect(summary).to_contain_text("$50.00")


def test_the_draft_of_an_account_that_failed_is_corrected_and_submitted_again(
    seller: Person, system: System, business: Business
) -> None:
    """Another reseller's program takes the plan name between check and opening: a race."""
    page, name = seller.page, f"Again {mark()}"
    seller.go("/accounts/new/basic")
    fill(page, name=name, email="again@customer.example", first_name="Noor", last_name="Lin")
    fill(page, phone="+14155550142")
    page.get_by_role("button", name="Next: service plan").click()
    account = beside_the_browser(_order(system, _reseller(business), name, users=1))
    seller.go(f"/accounts/{account.id}")
    expect(page.get_by_role("heading", name=f"{name} couldn’t be opened")).to_be_visible()
    page.get_by_role("link", name="Correct and submit again").click()
    fill(page, plan_name=f"Better {name}", cost_per_user="0")
    work_out(seller)
    expect(page.locator("#summary .total")).to_have_text(re.compile(r"(?<!\d)0\.00"))
    page.get_by_role("button", name="Submit and open account").click()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()


def test_charges_that_changed_after_the_check_are_told_and_submitted_with_one_click(
    seller: Person, system: System, business: Business
) -> None:
    """The reseller's tax changes between the last check and the opening: a race."""
    page, name = seller.page, f"Taxed {mark()}"
    seller.go("/accounts/new/basic")
    fill(page, name=name, email="taxed@customer.example", first_name="Noor", last_name="Lin")
    fill(page, phone="+14155550142")
    page.get_by_role("button", name="Next: service plan").click()
    fill(page, plan_name=f"Better {name}", cost_per_user="0")
    work_out(seller)
    expect(page.locator("#summary .total")).to_have_text(re.compile(r"(?<!\d)0\.00"))
    accepted = AcceptedQuote(total=9 * MICROS_PER_UNIT)
    order = _order(system, _reseller(business), name, users=1, accepted=accepted)
    account = beside_the_browser(order)
    seller.go(f"/accounts/{account.id}")
    reason = "The charges are now $10.00, not $9.00 as accepted, so nothing was charged."
    expect(page.get_by_role("heading", name=reason)).to_be_visible()
    expect(page.get_by_text("See the new charges, then submit again.")).to_be_visible()
    page.get_by_role("link", name="Correct and submit again").click()
    expect(page.get_by_label("Plan name")).to_have_value(f"Better {name}")
    expect(page.locator("#summary .total")).to_have_text(re.compile(r"(?<!\d)0\.00"))
    page.get_by_role("button", name="Submit and open account").click()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()


def test_a_reseller_that_failed_to_open_is_ordered_again_from_what_was_typed(
    operator: Person, system: System
) -> None:
    page, name = operator.page, f"Carrier {mark()}"
    platform = Principal(id=f"usr_{mark()}", account_id="platform", parent_id="", role="operator")
    profile = ResellerProfile(
        currency="EUR", country="DE", time_zone="Europe/Berlin", domain=f"{mark()}.example"
    )
    order = _order(system, platform, name, users=2, reseller=profile)  # without any credit
    account = beside_the_browser(order)
    operator.go(f"/resellers/{account.id}")
    expect(page.get_by_role("heading", name=f"{name} couldn’t be opened")).to_be_visible()
    page.get_by_role("link", name="Open it again").click()
    for label, text in (
        ("Account name", name),
        ("Last name", "Lin"),
        ("Currency", "EUR"),
        ("Time zone", "Europe/Berlin"),
        ("Plan name", f"Plan {name}"),
        ("Number of users", "2"),
    ):
        expect(page.get_by_label(label, exact=True).first).to_have_value(text)
    expect(page.locator("#summary .total")).to_contain_text("20.00")
    fill(page, credit_amount="20")
    work_out(operator)
    page.get_by_role("button", name="Open reseller").click()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()
