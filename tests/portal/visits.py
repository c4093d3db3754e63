"""Every page of the running portal, and somebody who may see each of them."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import httpx
from playwright.sync_api import Browser

from local.client import (
    ANSWER_SECONDS_MAX,
    TLS,
    Client,
    Json,
    link_token_for,
    make_key,
    set_password,
)
from local.system import System
from tests.portal.people import (
    Person,
    beside_the_browser,
    fill,
    make_operator,
    mark,
    person,
)
from tests.waiting import eventually
from tests.world import Reseller, enter


@dataclass(slots=True)
class Business:
    """A reseller with accounts in several states, and the customer of one of them."""

    portal_url: str
    key: str
    reseller: Reseller
    active: Json
    disabled: Json
    closed: Json
    customer_email: str
    customer_password: str

    def call(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """Do something through the API, with the reseller's key, beside the browser."""
        answer = httpx.request(
            method,
            f"{self.portal_url}{path}",
            json=body,
            headers={
                "Authorization": self.key,
                "Idempotency-Key": mark(),
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
            timeout=ANSWER_SECONDS_MAX,
            verify=TLS,
        )
        answer.raise_for_status()
        found: Json = answer.json()
        return found


async def set_up_business(system: System) -> Business:
    """Open a reseller, through the API, and three accounts of it."""
    world = await enter(system)
    try:
        plan = {"name": f"Wholesale {mark()}", "users": 3, "cost_per_user": "20.00"}
        reseller = await world.reseller(numbers=40, plan=plan, credit={"amount": "100.00"})
        await reseller.client.post("/v1/rate-sheets", {"name": "Gold"})
        opened = [
            await reseller.client.open_account(
                reseller.order(numbers=[reseller.numbers[index]], name=f"Office {mark()}")
            )
            for index in range(3)
        ]
        active, disabled, closed = opened
        reason = {"reason": "Unpaid since October"}
        await reseller.client.post(f"/v1/accounts/{disabled['id']}/disable", reason)
        await reseller.client.delete(f"/v1/accounts/{closed['id']}", confirm_name=closed["name"])
        email = active["administrator"]["email"]
        token = await link_token_for(system.mailbox, email)
        password = f"{token[:20]}-Walrus"
        await set_password(system.portal_url, token, password)
        key = reseller.client.http.headers["Authorization"]
        await _make_calls(system, reseller, active)
        return Business(system.portal_url, key, reseller, active, disabled, closed, email, password)
    finally:
        await world.close()


async def _make_calls(system: System, reseller: Reseller, account: Json) -> None:
    """Tell of some calls of an account, one of which nobody can charge, and wait for the last."""
    key = await make_key(system.portal_url, reseller.email, reseller.password, scope="calls")
    async with Client(system.portal_url, key) as switch:
        called = ("+447400123456", "+447400123457", "+97150123", "+447400123458")
        for number, destination in enumerate(called):
            record = {
                "call_id": f"{account['id']}-{number}",
                "account_id": account["id"],
                "caller": "104",
                "destination": destination,
                "answered_at": datetime.now(UTC).isoformat(),
                "seconds": 61 + number,
            }
            await switch.post("/v1/calls", record)

    async def charged() -> bool:
        page = await reseller.client.get(f"/v1/accounts/{account['id']}/calls")
        return len(page["data"]) == len(called) - 1

    await eventually(charged)


Looker = Literal["visitor", "operator", "reseller", "customer"]


@dataclass(slots=True)
class Everybody:
    """Somebody of each role, signed in, and somebody who is not; with the pages each may see."""

    visitor: Person
    operator: Person
    reseller: Person
    customer: Person
    business: Business

    def pages(self, *roles: Looker) -> list[tuple[str, Person, str]]:
        """Return the name of each page of these roles, a person who sees it, and its address."""
        pages = {
            "visitor": (self.visitor, VISITORS_PAGES),
            "operator": (self.operator, self._operators_pages()),
            "reseller": (self.reseller, self._resellers_pages()),
            "customer": (self.customer, CUSTOMERS_PAGES),
        }
        return [
            (f"{role}{path}".replace("/", "-").replace("?", "-"), pages[role][0], path)
            for role in roles
            for path in pages[role][1]
        ]

    def _operators_pages(self) -> tuple[str, ...]:
        reseller = f"/resellers/{self.business.reseller.id}"
        of_reseller = f"/accounts/{self.business.reseller.id}"
        dialogs = [f"{reseller}?dialog={name}" for name in ("credit", "disable", "delete")]
        return (
            "/resellers",
            "/resellers?q=nobody-of-this-name",
            "/invoices",
            "/resellers/new",
            reseller,
            *dialogs,
            f"{of_reseller}/edit",
            f"{of_reseller}/plan",
            f"{of_reseller}/transactions",
            f"{of_reseller}/calls",
            f"{of_reseller}/invoices",
            f"{of_reseller}/invoices?from=2020-01-01&to=2020-01-02",
            f"/accounts/{self.business.active['id']}/invoices",
            "/rejected-calls",
            "/rejected-calls?status=all",
            "/rejected-calls?status=retrying",
            "/parts",
            "/audit",
            f"/audit?account={self.business.reseller.id}",
            "/settings",
            "/keys",
            "/my/user",
            "/help",
        )

    def _rates_pages(self) -> tuple[str, ...]:
        sheet = f"/rates/{self.business.reseller.rate_sheet_id}"
        return (
            "/rates",
            "/rates?dialog=new",
            "/rates?show=archived",
            sheet,
            f"{sheet}?dialog=rename",
            f"{sheet}?dialog=delete",
            f"{sheet}?dialog=copy",
            f"{sheet}?dialog=archive",
            f"{sheet}?dialog=rate",
            f"{sheet}?dialog=rate&prefix=91",
            f"{sheet}?dialog=remove&prefix=91",
            f"{sheet}/versions",
            f"{sheet}?destination=%2B971501234567&minutes=3",
        )

    def _resellers_pages(self) -> tuple[str, ...]:
        active = f"/accounts/{self.business.active['id']}"
        dialogs = [f"{active}?dialog={name}" for name in ("credit", "disable", "delete")]
        plan = [f"/accounts/new/plan?dialog={name}" for name in ("credit", "numbers", "countries")]
        return (
            "/accounts",
            "/accounts?q=nobody-of-this-name",
            "/accounts/import",
            "/accounts/imports/imp_nobody",
            "/accounts/new/basic",
            "/accounts/new/plan",
            *plan,
            active,
            *dialogs,
            f"{active}/edit",
            f"{active}/plan",
            f"{active}/numbers",
            f"{active}/numbers?remove={quote(self.business.reseller.numbers[0])}",
            f"{active}/transactions",
            f"{active}/calls",
            f"{active}/calls?from=2020-01-01&to=2020-01-02",
            f"/accounts/{self.business.disabled['id']}",
            f"/accounts/{self.business.disabled['id']}?dialog=enable",
            f"/accounts/{self.business.closed['id']}",
            "/audit",
            "/audit?from=2020-01-01&to=2020-01-02",
            f"/audit?account={self.business.active['id']}",
            "/settings",
            f"{active}/invoices",
            f"{active}/invoices?from=2020-01-01&to=2020-01-02",
            "/invoices",
            "/invoices?status=unpaid",
            "/my/bills",
            "/numbers",
            "/numbers?state=quarantine",
            *self._rates_pages(),
            "/keys",
            "/keys?dialog=new",
            "/my/user?change=password",
            "/my/account",
            "/my/account/billing",
            "/my/plan",
            "/my/per-minute",
            "/my/transactions",
            "/help",
            "/accounts/acc_nobody",
        )


VISITORS_PAGES = ("/login", "/forgot", "/reset/used", "/help", "/nowhere")
CUSTOMERS_PAGES = (
    "/my/user",
    "/my/user?change=password",
    "/my/account",
    "/my/plan",
    "/my/per-minute",
    "/my/per-minute?from=2020-01-01",
    "/my/transactions",
    "/my/bills",
    "/help",
    "/accounts",
)


@contextmanager
def everybody(browser: Browser, system: System) -> Generator[Everybody]:
    """Give somebody of each role before a browser of their own."""
    business = beside_the_browser(set_up_business(system))
    way_in = make_operator(system)
    reseller_email = business.reseller.email
    with (
        person(browser, system, "") as visitor,
        person(browser, system, way_in.email) as operator,
        person(browser, system, reseller_email) as reseller,
        person(browser, system, business.customer_email) as customer,
    ):
        operator.password = way_in.password
        reseller.password = business.reseller.password
        customer.password = business.customer_password
        for one in (operator, reseller, customer):
            one.come_in()
        _begin_a_draft(reseller)
        yield Everybody(visitor, operator, reseller, customer, business)


def _begin_a_draft(reseller: Person) -> None:
    reseller.go("/accounts/new/basic")
    fill(reseller.page, name="Harbour & Vale Legal", email="amara@harbourvale.example")
    fill(reseller.page, first_name="Amara", last_name="Okafor", phone="+14155557651")
    reseller.page.get_by_role("button", name="Next: service plan").click()
    fill(reseller.page, plan_name=f"Office {mark()}", users="12", cost_per_user="14.00")
    reseller.page.get_by_label("Select rates").select_option(label="Standard")
    reseller.page.get_by_role("button", name="Back").click()
