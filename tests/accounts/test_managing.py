"""Changing, disabling and closing accounts (SPEC 1, rows 17-19; 5): rules, tenants, races."""

import asyncio
from collections.abc import Callable

import pytest

from contracts.accounts import (
    Account,
    AccountChanged,
    AccountClosed,
    AccountDisabled,
    AccountEnabled,
    AdministratorChange,
    ChangeAccount,
    CloseAccount,
    CountAccounts,
    DisableAccount,
    EnableAccount,
    FindAccount,
    FindAccountStates,
    ListAccounts,
)
from contracts.base import Ask, Command, Refused
from services.chassis.principal import Principal
from tests.accounts.opened import (
    NUMBERS,
    listed,
    open_account,
    open_reseller,
    order,
    principal_of,
    shown,
)
from tests.harness import OPERATOR, Harness

Order = Callable[[Account], Command[Account]]

ORDERS: list[Order] = [
    lambda account: ChangeAccount(account_id=account.id, version=account.version, name="New"),
    lambda account: DisableAccount(account_id=account.id),
    lambda account: EnableAccount(account_id=account.id),
    lambda account: CloseAccount(account_id=account.id, confirm_name=account.name),
]
EVENTS = (AccountChanged, AccountDisabled, AccountEnabled, AccountClosed)


def change(account: Account, **changes: object) -> ChangeAccount:
    given = {"account_id": account.id, "version": account.version, **changes}
    return ChangeAccount.model_validate(given)


@pytest.fixture
async def account(harness: Harness, reseller: Principal) -> Account:
    """Give an active customer with two numbers."""
    account = await open_account(harness, reseller, numbers=NUMBERS)
    for kind in EVENTS:
        await harness.sent(kind)
    return account


# --- tenants ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", ORDERS)
async def test_to_another_reseller_an_account_does_not_exist(
    harness: Harness, reseller: Principal, account: Account, make: Order
) -> None:
    other = await open_reseller(harness, "Voice Two")
    for stranger in (other, OPERATOR):
        assert (await harness.problem(make(account), stranger)).type == "not-found"
    assert await shown(harness, reseller, account) == account
    assert [len(await harness.sent(kind)) for kind in EVENTS] == [0, 0, 0, 0]


@pytest.mark.parametrize("make", ORDERS)
async def test_a_customer_changes_no_account_not_even_its_own(
    harness: Harness, account: Account, make: Order
) -> None:
    assert (await harness.problem(make(account), principal_of(account))).type == "forbidden"
    assert (await harness.problem(make(account))).type == "not-signed-in"


@pytest.mark.parametrize("make", ORDERS)
async def test_a_disabled_reseller_changes_nothing(
    harness: Harness, reseller: Principal, account: Account, make: Order
) -> None:
    await harness.ask(DisableAccount(account_id=reseller.account_id), OPERATOR)
    assert (await harness.problem(make(account), reseller)).type == "account-disabled"


async def test_an_account_is_shown_to_its_parent_and_its_own_administrator_only(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    other = await open_reseller(harness, "Voice Two")
    sibling = principal_of(await open_account(harness, reseller, "Sibling"))
    question = FindAccount(account_id=account.id)
    assert (await harness.ask(question, reseller)).id == account.id
    assert (await harness.ask(question, principal_of(account))).id == account.id
    for stranger in (other, sibling, OPERATOR):
        assert (await harness.problem(question, stranger)).type == "not-found"
    own = await harness.ask(FindAccount(account_id=reseller.account_id), reseller)
    assert own.parent_name == "Accounts Manager"


async def test_lists_and_counts_show_the_askers_own_accounts_only(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    other = await open_reseller(harness, "Voice Two")
    assert await listed(harness, reseller) == [account.name]
    assert await listed(harness, other) == []
    assert await listed(harness, principal_of(account)) == []
    assert await listed(harness, OPERATOR) == ["Voice One", "Voice Two"]
    assert (await harness.ask(CountAccounts(), other)).active == 0


async def test_other_services_are_told_the_states_of_accounts_that_exist(
    harness: Harness, account: Account
) -> None:
    question = FindAccountStates(account_ids=(account.id, "acc_unknown"))
    states = (await harness.ask(question)).data
    assert [(state.account_id, state.status) for state in states] == [(account.id, "active")]
    assert (await harness.ask(FindAccountStates(account_ids=()))).data == ()


# --- changing -----------------------------------------------------------------------------


async def test_name_and_contacts_change_and_everyone_is_told(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    person = AdministratorChange(last_name="Ray", phone="(415) 555-2672")
    changed = await harness.ask(change(account, name=" Acme  Two ", administrator=person), reseller)
    assert (changed.name, changed.version) == ("Acme Two", account.version + 1)
    assert changed.administrator.model_dump() == {
        "email": "ann@acme.example",
        "first_name": "Ann",
        "last_name": "Ray",
        "phone": "+14155552672",
    }
    assert changed.realm == account.realm
    (event,) = await harness.sent(AccountChanged)
    assert (event.name, event.administrator) == (changed.name, changed.administrator)
    assert event.version == changed.version
    assert await shown(harness, reseller, account) == changed


async def test_a_change_that_changes_nothing_is_no_new_version(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    for same in (
        change(account),
        change(account, name=" Acme "),
        change(account, administrator={}),
    ):
        assert await harness.ask(same, reseller) == account
    assert await harness.sent(AccountChanged) == []


async def test_a_change_of_an_older_version_is_refused(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await harness.ask(change(account, name="Acme Two"), reseller)
    problem = await harness.problem(change(account, name="Acme Three"), reseller)
    assert problem.code == "version-conflict"
    assert await listed(harness, reseller) == ["Acme Two"]


async def test_of_two_changes_of_one_version_one_wins(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    outcomes = await asyncio.gather(
        *(harness.ask(change(account, name=f"Acme {number}"), reseller) for number in range(4)),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert {refusal.problem.code for refusal in refusals} == {"version-conflict"}
    assert len(refusals) == 3
    assert len(await harness.sent(AccountChanged)) == 1


async def test_all_wrong_fields_of_a_change_are_told_at_once(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    person = AdministratorChange(email="x", phone="1")
    problem = await harness.problem(change(account, name="!", administrator=person), reseller)
    assert problem.code == "invalid-fields"
    pointers = ["/name", "/administrator/email", "/administrator/phone"]
    assert [error.pointer for error in problem.errors] == pointers
    assert await shown(harness, reseller, account) == account


async def test_a_name_changes_to_a_free_one_or_its_own_in_other_case(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await open_account(harness, reseller, "Beta")
    problem = await harness.problem(change(account, name="BETA"), reseller)
    assert problem.code == "account-name-taken"
    changed = await harness.ask(change(account, name="ACME"), reseller)
    assert changed.name == "ACME"
    await open_account(harness, reseller, "Gamma")
    await harness.ask(change(changed, name="Delta"), reseller)
    await open_account(harness, reseller, "Acme")


async def test_of_two_accounts_that_want_one_name_at_once_one_gets_it(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    others = [account, await open_account(harness, reseller, "Beta")]
    outcomes = await asyncio.gather(
        *(harness.ask(change(other, name="Gamma"), reseller) for other in others),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [refusal.problem.code for refusal in refusals] == ["account-name-taken"]


async def test_a_renamed_reseller_is_called_so_by_its_customers(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    own = await harness.ask(FindAccount(account_id=reseller.account_id), OPERATOR)
    await harness.ask(change(own, name="Voice Prime"), OPERATOR)
    assert (await shown(harness, reseller, account)).parent_name == "Voice Prime"
    page = await harness.ask(ListAccounts(), reseller)
    assert page.data[0].parent_name == "Voice Prime"


@pytest.mark.parametrize("make", ORDERS)
async def test_an_account_that_opens_stays_as_it_is(
    harness: Harness, reseller: Principal, make: Order
) -> None:
    opening = await harness.ask(order(), reseller)
    problem = await harness.problem(make(opening), reseller)
    assert problem.code == "account-not-active"


# --- disabling and enabling ---------------------------------------------------------------


async def test_an_account_is_disabled_with_a_reason_and_enabled_again(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    order_to_disable = DisableAccount(account_id=account.id, reason="  Fraud  suspected ")
    disabled = await harness.ask(order_to_disable, reseller)
    assert (disabled.status, disabled.disabled_reason) == ("disabled", "Fraud suspected")
    assert await harness.ask(order_to_disable, reseller) == disabled
    (event,) = await harness.sent(AccountDisabled)
    assert (event.version, event.reason) == (disabled.version, "Fraud suspected")
    enabled = await harness.ask(EnableAccount(account_id=account.id), reseller)
    assert (enabled.status, enabled.disabled_reason) == ("active", None)
    assert enabled.version == account.version + 2
    assert await harness.ask(EnableAccount(account_id=account.id), reseller) == enabled
    (enabling,) = await harness.sent(AccountEnabled)
    assert enabling.version == enabled.version


async def test_a_disabled_account_can_be_changed_and_closed(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    disabled = await harness.ask(DisableAccount(account_id=account.id), reseller)
    changed = await harness.ask(change(disabled, name="Acme Two"), reseller)
    assert changed.status == "disabled"
    closed = await harness.ask(
        CloseAccount(account_id=account.id, confirm_name=changed.name), reseller
    )
    assert (closed.status, closed.disabled_reason) == ("closed", None)


# --- closing ------------------------------------------------------------------------------


async def test_closing_takes_the_typed_name_and_is_for_good(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    for typed in ("acme", "Acme Inc", ""):
        wrong = CloseAccount(account_id=account.id, confirm_name=typed)
        problem = await harness.problem(wrong, reseller)
        assert problem.code == "name-does-not-match"
        assert [error.pointer for error in problem.errors] == ["/confirm_name"]
    unconfirmed = await harness.problem(CloseAccount(account_id=account.id), reseller)
    assert [(error.pointer, error.type) for error in unconfirmed.errors] == [
        ("/confirm_name", "required")
    ]
    by_its_former_name = CloseAccount(account_id=account.id, confirm_name="acme")
    assert (await harness.problem(by_its_former_name, reseller)).type == "name-does-not-match"
    order_to_close = CloseAccount(account_id=account.id, confirm_name=" Acme ")
    closed = await harness.ask(order_to_close, reseller)
    assert (closed.status, closed.version) == ("closed", account.version + 1)
    assert await harness.ask(order_to_close, reseller) == closed
    (event,) = await harness.sent(AccountClosed)
    assert (event.name, event.version) == ("Acme", closed.version)
    for make in ORDERS[:3]:
        assert (await harness.problem(make(closed), reseller)).type == "account-not-active"


async def test_a_closed_account_is_hidden_but_its_history_stays_and_its_name_is_free(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await harness.ask(CloseAccount(account_id=account.id, confirm_name=account.name), reseller)
    assert await listed(harness, reseller) == []
    page = await harness.ask(ListAccounts(status="closed"), reseller)
    assert [found.id for found in page.data] == [account.id]
    assert (await shown(harness, reseller, account)).status == "closed"
    again = await open_account(harness, reseller)
    assert again.realm != account.realm


async def test_closing_at_once_from_two_places_closes_once(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    order_to_close = CloseAccount(account_id=account.id, confirm_name=account.name)
    answers = await asyncio.gather(*(harness.ask(order_to_close, reseller) for _ in range(4)))
    assert {answer.version for answer in answers} == {account.version + 1}
    assert len(await harness.sent(AccountClosed)) == 1


async def test_a_reseller_is_closed_only_after_its_customers(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    close_reseller = CloseAccount(account_id=reseller.account_id, confirm_name="Voice One")
    assert (await harness.problem(close_reseller, OPERATOR)).type == "account-not-active"
    await harness.ask(CloseAccount(account_id=account.id, confirm_name=account.name), reseller)
    assert (await harness.ask(close_reseller, OPERATOR)).status == "closed"


async def test_a_customer_is_opened_or_its_reseller_closed_never_both(harness: Harness) -> None:
    """Each only reads what the other writes, so both would commit if nothing made them meet."""
    for number in range(12):
        own = await open_reseller(harness, f"Voice {number}", domain=f"voice{number}.example")
        orders: tuple[tuple[Ask[Account], Principal], ...] = (
            (CloseAccount(account_id=own.account_id, confirm_name=f"Voice {number}"), OPERATOR),
            (order(), own),
        )
        asked = [harness.ask(question, asker) for question, asker in orders]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        (refused,) = [one for one in outcomes if not isinstance(one, Account)]
        assert isinstance(refused, Refused)
        assert refused.problem.code in {"account-not-active", "account-disabled"}


async def test_every_question_on_behalf_of_a_person_needs_one(
    harness: Harness, account: Account
) -> None:
    questions: list[Ask[Account]] = [FindAccount(account_id=account.id)]
    for question in (*questions, ListAccounts(), CountAccounts()):
        assert (await harness.problem(question)).type == "not-signed-in"
