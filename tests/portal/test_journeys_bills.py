"""Rows 20 and 27: invoices as a reseller sends and corrects them, bills as a customer pays them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from local.client import Client, Json, RefusedError, link_token_for, set_password
from local.system import System
from tests.owing import leave_tax_due
from tests.portal.people import Person, beside_the_browser, mark, person, signed_in
from tests.waiting import eventually
from tests.world import Reseller, enter

TRIES = 20
PASSWORD = "violet-tractor-97-moss"
NOTHING: Final = Decimal("0.00")
SPARE: Final = Decimal("3.00")
"""A balance of less than is due: all of any later credit would pay what is due at once."""


@dataclass(slots=True)
class Shop:
    """A reseller whose invoices have a tax."""

    system: System
    reseller: Reseller

    def owing(self, spare: Decimal = NOTHING) -> Json:
        """Open an account of five users at 12.00 without tax, of whose bill 6.00 of it are due.

        Its bill is made within seconds of the opening, now and then before there is the tax. The
        balance is what it had to `spare` then, which does not cover the tax.
        """
        return beside_the_browser(self._owing(spare))

    async def _owing(self, spare: Decimal) -> Json:
        async with self._client() as client:
            for _ in range(TRIES):
                account = await self._opened_before_tax(client, spare)
                if account["invoice"]["due"] == "6.00":
                    break
            else:
                pytest.fail(f"of {TRIES} accounts each had its bill before there was a tax")

            async def heard() -> bool:
                known = await client.get(f"/v1/accounts/{account['id']}")
                return known["unpaid_invoices"] == 1

            await eventually(heard)
        token = await link_token_for(self.system.mailbox, account["administrator"]["email"])
        await set_password(self.system.portal_url, token, PASSWORD)
        return account

    async def _opened_before_tax(self, client: Client, spare: Decimal) -> Json:
        """Open an account, let it have a tax, and return the account with its bill."""
        await self._set_tax(client, "0.00")
        order = self.reseller.order()
        order["credit"]["amount"] = str(Decimal("60.00") + spare)
        account_id = (await client.post("/v1/accounts", order))["id"]

        async def find_balance() -> Json:
            try:
                return await client.get(f"/v1/accounts/{account_id}/balance")
            except RefusedError:
                return {}

        await eventually(find_balance)
        await leave_tax_due(self.system, self.reseller.id, account_id, 10 * 1_000_000)
        account = await client.opened(account_id)

        async def find_bills() -> list[Json]:
            return (await client.get(f"/v1/accounts/{account_id}/invoices"))["data"]

        bills: list[Json] = await eventually(find_bills)
        account["invoice"] = bills[0]
        return account

    async def _set_tax(self, client: Client, percent: str) -> None:
        settings = await client.get("/v1/billing-settings")
        change = {"tax_percent": percent}
        await client.patch("/v1/billing-settings", change, settings["version"])

    def add_credit(self, account: Json, amount: str) -> None:
        """Add credit as the reseller's program does."""

        async def add() -> None:
            async with self._client() as client:
                await client.post(f"/v1/accounts/{account['id']}/credits", {"amount": amount})

        beside_the_browser(add())

    def record_payment(self, account: Json, amount: str) -> None:
        """Record money for the account's bill that came from outside; its balance stays."""

        async def record() -> None:
            async with self._client() as client:
                path = f"/v1/invoices/{account['invoice']['id']}/payments"
                await client.post(path, {"amount": amount, "source": "outside"})

        beside_the_browser(record())

    def wait_for(self, account: Json, status: str) -> None:
        """Wait until the account's bill has this status."""

        async def look() -> bool:
            async with self._client() as client:
                bill = await client.get(f"/v1/invoices/{account['invoice']['id']}")
                return bill["status"] == status

        beside_the_browser(eventually(look))

    def _client(self) -> Client:
        key = self.reseller.client.http.headers["Authorization"].removeprefix("Bearer ")
        return Client(self.system.portal_url, key)


@pytest.fixture(scope="module")
def shop(system: System) -> Shop:
    """Give a reseller whose invoices have a tax of ten per cent."""

    async def make() -> Reseller:
        world = await enter(system)
        try:
            reseller = await world.reseller(numbers=1)
            settings = await reseller.client.get("/v1/billing-settings")
            looks = {"tax_name": "VAT", "tax_percent": "10.00", "seller_address": "1 Main Street"}
            await reseller.client.patch("/v1/billing-settings", looks, settings["version"])
            return reseller
        finally:
            await world.close()

    return Shop(system, beside_the_browser(make()))


@pytest.fixture
def spare() -> Decimal:
    """Give the balance of the account that owes; tests that pay from it ask for another."""
    return NOTHING


@pytest.fixture
def owing(shop: Shop, spare: Decimal) -> Json:
    """Give an account with an unpaid bill of 6.00 and a balance that does not cover it."""
    return shop.owing(spare)


@pytest.fixture
def customer(browser: Browser, shop: Shop, owing: Json, *, script: bool) -> Iterator[Person]:
    """Give the administrator of that account, signed in."""
    email = owing["administrator"]["email"]
    with signed_in(browser, shop.system, email, PASSWORD, script=script) as customer:
        yield customer


@pytest.fixture
def seller(browser: Browser, shop: Shop, *, script: bool) -> Iterator[Person]:
    """Give the reseller, signed in."""
    with signed_in(
        browser, shop.system, shop.reseller.email, shop.reseller.password, script=script
    ) as seller:
        yield seller


@pytest.mark.parametrize("spare", [SPARE])
def test_row_27_a_customer_pays_the_unpaid_bill_once_credit_covers_it(
    customer: Person, shop: Shop, owing: Json
) -> None:
    page, number = customer.page, owing["invoice"]["number"]
    customer.go("/my/user")
    tabs = page.get_by_role("navigation", name="Settings")
    tabs.get_by_role("link", name="Bills 1 unpaid").click()
    unpaid = page.get_by_role("region", name="Unpaid")
    expect(unpaid).to_contain_text("$6.00")
    expect(unpaid).to_contain_text(f"Bill {number}, due")
    expect(unpaid).to_contain_text("The available credit of $3.00 does not cover it.")
    row = page.get_by_role("row", name=re.compile(number))
    expect(row).to_contain_text("$66.00")
    expect(row).to_contain_text("$6.00 due")
    unpaid.get_by_role("button", name="Pay $6.00").click()
    expect(page.get_by_role("alert")).to_contain_text("paying $6.00")
    shop.record_payment(owing, "3.00")
    customer.go("/my/bills")
    unpaid.get_by_role("button", name="Pay $3.00").click()
    customer.says("Bill paid")
    expect(unpaid).to_have_count(0)
    expect(row).to_contain_text("Paid")
    expect(page.get_by_role("region", name="Bills")).to_be_visible()
    expect(tabs.get_by_role("link", name="Bills", exact=True)).to_be_visible()
    expect(page.locator("#credit")).to_contain_text("$0.00")
    page.get_by_role("link", name="Last month").click()
    expect(page.get_by_role("heading", name="No bills here")).to_be_visible()


@pytest.mark.parametrize("spare", [SPARE])
def test_a_bill_is_read_printed_and_paid_in_parts(
    customer: Person, shop: Shop, owing: Json
) -> None:
    page, number = customer.page, owing["invoice"]["number"]
    customer.go("/my/bills")
    page.get_by_role("link", name=number, exact=True).click()
    expect(page.get_by_role("heading", name=f"Bill {number}")).to_be_visible()
    document = page.get_by_role("article", name="Invoice")
    for text in ("1 Main Street", owing["name"], "VAT", "Amount due", "$6.00"):
        expect(document).to_contain_text(text)
    _download(page, "PDF", f"{number}.pdf", b"%PDF-1.7")
    page.get_by_role("link", name="Pay a part…").click()
    dialog = page.get_by_role("dialog", name=f"Pay {number} from the balance")
    expect(dialog).to_contain_text("$3.00 available")
    for typed, said in (
        ("lots", "Enter the amount as an amount such as 12.50."),
        ("6.01", "Enter that or less"),
    ):
        dialog.get_by_label("Amount to pay").fill(typed)
        dialog.get_by_role("button", name="Pay from balance").click()
        expect(dialog).to_contain_text(said)
    dialog.get_by_label("Amount to pay").fill("2.50")
    dialog.get_by_role("button", name="Pay from balance").click()
    customer.says("Payment taken. $3.50 still due.")
    expect(page.get_by_role("region", name="Payments")).to_contain_text("$2.50")
    shop.record_payment(owing, "3.00")
    page.reload()
    page.get_by_role("button", name="Pay $0.50").click()
    customer.says("Bill paid")
    expect(page.get_by_text("Paid", exact=True)).to_be_visible()
    expect(document).to_contain_text("Thank you.")
    expect(page.get_by_role("button", name=re.compile("^Pay"))).to_have_count(0)


def _download(page: Page, link: str, name: str, beginning: bytes) -> None:
    with page.expect_download() as saving:
        page.get_by_role("link", name=link, exact=True).click()
    download = saving.value
    assert download.suggested_filename == name
    assert download.path().read_bytes().removeprefix(b"\xef\xbb\xbf").startswith(beginning)


def test_row_20_a_reseller_finds_an_accounts_invoices_and_records_a_payment(
    seller: Person, owing: Json
) -> None:
    page, number = seller.page, owing["invoice"]["number"]
    seller.go(f"/accounts/{owing['id']}")
    page.get_by_role("link", name="Invoices", exact=True).last.click()
    expect(page.get_by_role("heading", name="Invoices", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Unpaid")).to_contain_text("$6.00")
    _download(page, "Export CSV", "invoices.csv", b"number,kind,customer")
    page.get_by_role("link", name=number, exact=True).click()
    page.get_by_role("link", name="Record payment…").click()
    dialog = page.get_by_role("dialog", name=f"Record a payment of {number}")
    expect(dialog.get_by_label("Amount received")).to_have_value("6.00")
    dialog.get_by_label("Amount received").fill("7")
    dialog.get_by_label("Note").fill("Wire 4711")
    dialog.get_by_role("button", name="Record payment").click()
    expect(dialog).to_contain_text("Enter that or less")
    expect(dialog.get_by_label("Note")).to_have_value("Wire 4711")
    dialog.get_by_label("Amount received").fill("6")
    dialog.get_by_role("button", name="Record payment").click()
    seller.says("Invoice paid")
    expect(page.get_by_role("region", name="Payments")).to_contain_text("Wire 4711")


def test_a_reseller_finds_an_invoice_among_all_and_corrects_it(seller: Person, owing: Json) -> None:
    page, number = seller.page, owing["invoice"]["number"]
    navigation = page.get_by_role("navigation", name="Portal")
    navigation.get_by_role("link", name="Invoices").click()
    expect(page.get_by_text("Total unpaid")).to_be_visible()
    page.get_by_role("searchbox", name="Search by number").fill(number)
    if not seller.script:
        page.get_by_role("searchbox", name="Search by number").press("Enter")
    rows = page.get_by_role("region", name="Invoices").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(owing["name"])
    page.get_by_role("navigation", name="Status").get_by_role(
        "link", name="Paid", exact=True
    ).click()
    expect(page.get_by_role("heading", name="No invoices here")).to_be_visible()
    page.get_by_role("link", name="clear search and filter").click()
    page.get_by_role("link", name=number, exact=True).click()
    page.get_by_role("link", name="Credit note…").click()
    dialog = page.get_by_role("dialog", name=f"Credit note for {number}")
    dialog.get_by_role("button", name="Issue credit note").click()
    expect(dialog).to_contain_text("Enter the amount as an amount such as 12.50.")
    expect(dialog).to_contain_text("Say why; the customer reads it.")
    dialog.get_by_label("Amount to credit").fill("10.00")
    dialog.get_by_label("Reason").fill("Line fault")
    dialog.get_by_role("button", name="Issue credit note").click()
    seller.says(re.compile(r"^Credit note \S+ of \$10\.00 is issued\.$"))
    expect(page.get_by_role("article", name="Invoice")).to_contain_text("Credit notes")
    seller.go(f"/accounts/{owing['id']}/invoices")
    note = page.get_by_role("row", name=re.compile("Credit note"))
    expect(note).to_contain_text("Applied")
    note.get_by_role("link").first.click()
    document = page.get_by_role("article", name="Credit note")
    expect(document).to_contain_text(f"Corrects {number}")
    expect(document).to_contain_text("Line fault")


@pytest.mark.parametrize("spare", [SPARE])
def test_a_reseller_pays_what_is_unpaid_from_the_customers_balance(
    seller: Person, shop: Shop, owing: Json
) -> None:
    page = seller.page
    shop.record_payment(owing, "3.00")
    seller.go(f"/accounts/{owing['id']}/invoices")
    page.get_by_role("button", name="Pay from balance: $3.00").click()
    seller.says("Invoice paid")
    expect(page.get_by_role("region", name="Unpaid")).to_have_count(0)


def test_a_link_of_another_role_leads_to_ones_own_page(seller: Person, owing: Json) -> None:
    invoice = owing["invoice"]
    seller.go(f"/bills/{invoice['id']}")
    expect(seller.page).to_have_url(re.compile(f"/invoices/{invoice['id']}$"))
    seller.go("/my/bills")
    expect(seller.page.get_by_role("heading", name="No bills here")).to_be_visible()
    seller.go(f"/invoices/inv_{mark()}")
    expect(seller.page.get_by_role("heading", name=re.compile("not"))).to_be_visible()


def test_a_bill_that_added_credit_pays_is_shown_as_paid_before_ones_eyes(
    browser: Browser, shop: Shop
) -> None:
    owing = shop.owing()
    email = owing["administrator"]["email"]
    with person(browser, shop.system, email) as customer:
        customer.password = PASSWORD
        customer.sign_in()
        customer.go("/my/bills")
        page = customer.page
        expect(page.locator("[data-live]")).to_have_attribute("data-live", "on")
        unpaid = page.get_by_role("region", name="Unpaid")
        expect(unpaid).to_be_visible()
        shop.add_credit(owing, "6.00")
        expect(unpaid).to_have_count(0)
        expect(
            page.get_by_role("row", name=re.compile(owing["invoice"]["number"]))
        ).to_contain_text("Paid")


def test_row_18_unpaid_invoices_keep_an_account_until_they_are_written_off(
    seller: Person, shop: Shop, owing: Json
) -> None:
    page = seller.page
    seller.go(f"/accounts/{owing['id']}?dialog=delete")
    dialog = page.get_by_role("dialog", name=re.compile("^Delete"))
    expect(dialog).to_contain_text("Write off 1 unpaid invoice")
    typed = dialog.get_by_label("Type the account name to confirm")
    typed.fill(owing["name"])
    dialog.get_by_role("button", name="Delete account").click()
    expect(dialog.get_by_role("alert")).to_contain_text("unpaid")
    expect(typed).to_have_value(owing["name"])
    dialog.get_by_label("Write off 1 unpaid invoice").check()
    dialog.get_by_role("button", name="Delete account").click()
    seller.says(f"{owing['name']} is deleted.")
    shop.wait_for(owing, "void")
