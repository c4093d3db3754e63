"""Accounts that tests open: resellers and customers, driven through the saga by messages."""

from typing import Any

from contracts.accounts import (
    Account,
    AccountActivated,
    AdministratorOrder,
    FindAccount,
    ListAccounts,
    OpenAccount,
    ResellerProfile,
)
from contracts.billing import BillingAccountOpened, BillingAccountRefused, PlanOrder, PricedNumber
from contracts.numbers import NumbersAssigned, NumbersRefused, NumbersReserved
from services.chassis.principal import Principal
from tests.harness import OPERATOR, Harness

NUMBERS = ("+14155550101", "+14155550102")
PROFILE = ResellerProfile(
    currency="USD", country="US", time_zone="America/New_York", domain="voice.example"
)


def administrator(**changes: str) -> AdministratorOrder:
    """Return an administrator as typed."""
    typed = {
        "email": "ann@acme.example",
        "first_name": "Ann",
        "last_name": "Lee",
        "phone": "+1 415 555 2671",
    }
    return AdministratorOrder.model_validate({**typed, **changes})


def order(name: str = "Acme", **changes: Any) -> OpenAccount:  # noqa: ANN401 - any field of it
    """Return an order to open an account."""
    given: dict[str, Any] = {"name": name, "administrator": administrator(), **changes}
    return OpenAccount.model_validate(given)


def plan(*numbers: str) -> PlanOrder:
    """Return a plan of three users with these numbers."""
    return PlanOrder(name="Acme plan", users=3, cost_per_user=10_000_000, numbers=numbers)


def priced(*numbers: str) -> tuple[PricedNumber, ...]:
    """Return numbers with their fees."""
    return tuple(
        PricedNumber(number=number, setup_fee=1_000_000, monthly_fee=2_000_000)
        for number in numbers
    )


def held(account: Account, *numbers: str) -> NumbersReserved:
    """Return what numbers announces when it holds them."""
    return NumbersReserved(
        account_id=account.id, reseller_id=account.parent_id, numbers=priced(*numbers)
    )


def billing_account_opened(account: Account) -> BillingAccountOpened:
    """Return what billing announces when the billing account is open."""
    return BillingAccountOpened(
        account_id=account.id, reseller_id=account.parent_id, balance=0, currency="USD"
    )


def numbers_refused(account: Account) -> NumbersRefused:
    """Return what numbers announces when one is not to be had."""
    return NumbersRefused(
        account_id=account.id,
        reseller_id=account.parent_id,
        numbers=NUMBERS[:1],
        reason="number-taken",
        detail="Choose another number.",
    )


def billing_account_refused(account: Account) -> BillingAccountRefused:
    """Return what billing announces when the credit does not do."""
    return BillingAccountRefused(
        account_id=account.id,
        reseller_id=account.parent_id,
        reason="insufficient-credit",
        detail="Add 10.00 of credit.",
    )


def numbers_assigned(account: Account, *numbers: str, version: int = 0) -> NumbersAssigned:
    """Return what numbers announces when they are the account's."""
    return NumbersAssigned(
        account_id=account.id, reseller_id=account.parent_id, numbers=numbers, version=version
    )


def principal_of(account: Account) -> Principal:
    """Return the administrator of an account, as the gateway signs them."""
    return Principal(
        id=f"usr of {account.id}",
        account_id=account.id,
        parent_id=account.parent_id,
        role="reseller" if account.reseller else "customer",
    )


async def open_account(
    harness: Harness,
    opener: Principal,
    name: str = "Acme",
    *,
    numbers: tuple[str, ...] = (),
    **changes: Any,  # noqa: ANN401 - any field of the order
) -> Account:
    """Open an account and see it through to its activation."""
    command = order(name, plan=plan(*numbers) if numbers else None, **changes)
    account = await harness.ask(command, opener)
    if numbers:
        await harness.hear(held(account, *numbers))
    await harness.hear(billing_account_opened(account))
    if numbers:
        await harness.hear(numbers_assigned(account, *numbers))
    account = await harness.ask(FindAccount(account_id=account.id), opener)
    assert account.status == "active"
    return account


async def open_reseller(harness: Harness, name: str = "Voice One", **profile: str) -> Principal:
    """Open a reseller; return who acts for it."""
    profile_order = PROFILE.model_copy(update=profile)
    account = await open_account(harness, OPERATOR, name, reseller=profile_order)
    return principal_of(account)


async def administrator_user_id(harness: Harness, account: Account) -> str:
    """Return the id of an account's user, as its activation told."""
    activated = await harness.sent(AccountActivated)
    return next(
        event for event in activated if event.account_id == account.id
    ).administrator_user_id


async def shown(harness: Harness, opener: Principal, account: Account) -> Account:
    """Return the account as it is now."""
    return await harness.ask(FindAccount(account_id=account.id), opener)


async def listed(harness: Harness, opener: Principal) -> list[str]:
    """Return the names on the first page of the list."""
    page = await harness.ask(ListAccounts(), opener)
    return [account.name for account in page.data]
