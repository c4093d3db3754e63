"""An unpaid bill, from its issue to the suspension, and from its payment to the next call."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from contracts.accounts import Account, CloseAccount, DisableAccount, EnableAccount, FindAccount
from contracts.billing import (
    AddCredit,
    AuthorizeCall,
    CreditOrder,
    FindBalance,
    ListInvoices,
    PlanOrder,
)
from contracts.values import micros
from services.accounts.app import service as accounts
from services.billing.app import service as billing
from services.chassis.principal import Principal
from services.notifications.app import service as notifications
from services.numbers.app import service as numbers
from tests.accounts.opened import PROFILE, order, principal_of
from tests.billing.conftest import running
from tests.billing.months import live_on
from tests.faults.post_office import PostOffice
from tests.harness import OPERATOR

CALLED = "+14155550142"
"""At home: free as long as the account works."""


@dataclass(slots=True)
class Life:
    """An account, and the services that live through its months."""

    office: PostOffice
    reseller: Principal
    account: Account
    calls: int = 0

    async def forward(self, **duration: float) -> None:
        """Let time pass for everyone, and all that is due be done and heard of."""
        for harness in self.office.services.values():
            harness.clock.forward(**duration)
        await self.settle()

    async def settle(self) -> None:
        """Let all that is due now be done and heard of."""
        await self.office.carry_everything()
        await live_on(self.office.services["billing"])
        await self.office.carry_everything()

    async def may_call(self) -> str:
        """Return why a call is refused; empty when it is not."""
        self.calls += 1
        question = AuthorizeCall(
            call_id=f"call-{self.calls}",
            account_id=self.account.id,
            destination=CALLED,
            requested_seconds=60,
        )
        switch = Principal(
            id="key_s", account_id=self.reseller.account_id, parent_id="platform", role="switch"
        )
        answer = await self.office.services["billing"].ask(question, switch)
        return answer.reason or ""

    async def shown(self) -> Account:
        """Return the account as its reseller sees it."""
        question = FindAccount(account_id=self.account.id)
        return await self.office.services["accounts"].ask(question, self.reseller)

    async def emails(self) -> list[str]:
        """Return the kinds of the e-mails to its administrator, by name."""
        found = (
            await self.office.services["notifications"]
            .database.documents("letters")
            .find({"account_id": self.account.id}, limit=100)
        )
        return sorted(email["kind"] for email in found)

    async def pay(self, credit: str) -> None:
        """Add credit, which pays what is due."""
        money = self.office.services["billing"]
        order_of_credit = CreditOrder(amount=micros(credit))
        await money.ask(
            AddCredit(account_id=self.account.id, credit=order_of_credit), self.reseller
        )
        await self.settle()

    async def has_faults(self) -> list[str]:
        """Return what the audits of billing find."""
        desk = self.office.services["billing"]
        return [fault for work in desk.service.audits for fault in await work(running(desk))]


@pytest.fixture(params=range(3))
async def life(
    mongodb_url: str, database_prefix: str, request: pytest.FixtureRequest
) -> AsyncIterator[Life]:
    """Give an account with a plan of 30.00 a month, which its credit covers once."""
    chance = random.Random(request.param)  # noqa: S311 - an order, no secret
    services = [accounts, billing, numbers, notifications]
    office = await PostOffice.open(services, mongodb_url, database_prefix, chance)
    desk = office.services["accounts"]
    own = await desk.ask(order("Voice One", reseller=PROFILE), OPERATOR)
    await office.carry_everything()
    reseller = principal_of(own)
    plan = PlanOrder(name="Acme plan", users=3, cost_per_user=micros("10.00"))
    account = await desk.ask(
        order("Acme", plan=plan, credit=CreditOrder(amount=micros("30.00"))), reseller
    )
    life = Life(office, reseller, account)
    await life.settle()
    assert (await life.shown()).status == "active"
    yield life
    await office.close()


async def test_an_unpaid_bill_suspends_the_account_until_it_is_paid(life: Life) -> None:
    assert await life.emails() == ["invoice-issued", "welcome"]
    await life.forward(days=31)
    assert (await life.shown()).unpaid_invoices == 1
    await life.forward(days=3, minutes=1)
    assert await life.emails() == [
        "invoice-issued",
        "invoice-issued",
        "invoice-reminder",
        "welcome",
    ]
    assert await life.may_call() == ""
    await life.forward(days=4)
    suspended = await life.shown()
    assert (suspended.status, await life.may_call()) == ("suspended", "account-suspended")
    for _ in range(3):
        await life.forward(hours=20)
    assert (await life.emails()).count("account-suspended") == 1
    await life.pay("100.00")
    lifted = await life.shown()
    assert (lifted.status, lifted.unpaid_invoices, await life.may_call()) == ("active", 0, "")
    assert lifted.version == suspended.version + 1
    assert await life.emails() == [
        "account-suspended",
        "invoice-issued",
        "invoice-issued",
        "invoice-reminder",
        "suspension-lifted",
        "welcome",
    ]
    assert await life.has_faults() == []


async def test_an_account_that_is_disabled_while_it_owes_is_suspended_when_it_is_enabled(
    life: Life,
) -> None:
    desk = life.office.services["accounts"]
    await life.forward(days=31)
    await desk.ask(DisableAccount(account_id=life.account.id), life.reseller)
    await life.forward(days=3, minutes=1)
    await life.forward(days=4)
    assert await life.may_call() == "account-disabled"
    await desk.ask(EnableAccount(account_id=life.account.id), life.reseller)
    await life.settle()
    assert await life.may_call() == "account-suspended"
    await life.pay("30.00")
    assert await life.may_call() == ""
    assert await life.has_faults() == []


async def test_an_account_that_owes_is_closed_by_force_and_hears_the_last_of_it(
    life: Life,
) -> None:
    desk, money = life.office.services["accounts"], life.office.services["billing"]
    await life.forward(days=31)
    await life.forward(days=3, minutes=1)
    await life.forward(days=5)
    problem = await desk.problem(
        CloseAccount(account_id=life.account.id, confirm_name=life.account.name), life.reseller
    )
    assert (problem.code, "$30.00" in problem.detail) == ("unpaid-invoices", True)
    await desk.ask(
        CloseAccount(account_id=life.account.id, confirm_name=life.account.name, force=True),
        life.reseller,
    )
    await life.settle()
    assert await life.may_call() == "account-closed"
    balance = await money.ask(FindBalance(account_id=life.account.id), life.reseller)
    page = await money.ask(ListInvoices(account_id=life.account.id), life.reseller)
    assert (balance.balance, page.unpaid_count) == (0, 0)
    closed = await life.shown()
    assert (closed.status, closed.unpaid_invoices) == ("closed", 0)
    await life.forward(days=60)
    assert await life.emails() == [
        "account-closed",
        "account-suspended",
        "invoice-issued",
        "invoice-issued",
        "invoice-reminder",
        "welcome",
    ]
    assert await life.has_faults() == []
