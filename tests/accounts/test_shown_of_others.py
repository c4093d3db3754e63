"""What accounts show of numbers and plans, in whatever order the other services tell of them."""

import pytest

from contracts.accounts import Account, CloseAccount, ListAccounts
from contracts.billing import PlanChanged, PlanSummary
from contracts.numbers import NumberReleased
from services.chassis.principal import Principal
from tests.accounts.opened import NUMBERS, numbers_assigned, open_account, shown
from tests.harness import Harness


@pytest.fixture
async def account(harness: Harness, reseller: Principal) -> Account:
    """Give an active customer with two numbers."""
    return await open_account(harness, reseller, numbers=NUMBERS)


async def found_by(harness: Harness, reseller: Principal, search: str) -> list[str]:
    page = await harness.ask(ListAccounts(search=search), reseller)
    return [account.name for account in page.data]


async def test_an_account_is_found_by_its_numbers_while_it_has_them(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    assert await found_by(harness, reseller, NUMBERS[0]) == [account.name]
    released = NumberReleased(
        account_id=account.id,
        reseller_id=reseller.account_id,
        number=NUMBERS[0],
        state="quarantine",
    )
    for _ in range(2):
        await harness.hear(released)
    assert await found_by(harness, reseller, NUMBERS[0]) == []
    now = await shown(harness, reseller, account)
    assert (now.numbers, now.version) == (NUMBERS[1:], account.version)


async def test_numbers_assigned_twice_are_shown_once_and_never_after_the_end(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    for _ in range(2):
        await harness.hear(numbers_assigned(account, *NUMBERS, "+14155550103", version=2))
    assert (await shown(harness, reseller, account)).numbers == (*NUMBERS, "+14155550103")
    bare = await open_account(harness, reseller, "Bare")
    await harness.ask(CloseAccount(account_id=bare.id, confirm_name=bare.name), reseller)
    await harness.hear(numbers_assigned(bare, *NUMBERS, version=2))
    assert (await shown(harness, reseller, bare)).numbers == ()


async def test_the_newest_numbers_are_shown_in_whatever_order_changes_are_heard(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    added = numbers_assigned(account, *NUMBERS, "+14155550103", version=7)
    released = NumberReleased(
        account_id=account.id,
        reseller_id=reseller.account_id,
        number="+14155550103",
        state="quarantine",
        remaining=NUMBERS,
        version=8,
    )
    for event in (released, added, released, added):
        await harness.hear(event)
        assert (await shown(harness, reseller, account)).numbers == NUMBERS
    await harness.hear(released.model_copy(update={"remaining": NUMBERS[:1], "version": 9}))
    assert (await shown(harness, reseller, account)).numbers == NUMBERS[:1]


async def test_the_newest_plan_is_shown_in_whatever_order_changes_are_heard(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    for version in (2, 3, 1, 3):
        plan = PlanSummary(name="Acme plan", users=version, cost_per_user=10_000_000)
        changed = PlanChanged(
            account_id=account.id,
            reseller_id=reseller.account_id,
            version=version,
            plan=plan,
            monthly_charge=0,
            currency="USD",
        )
        await harness.hear(changed)
    now = await shown(harness, reseller, account)
    assert now.plan is not None
    assert (now.plan.users, now.version) == (3, account.version)
    unknown = account.model_copy(update={"id": "acc_unknown"})
    await harness.hear(numbers_assigned(unknown, *NUMBERS))
