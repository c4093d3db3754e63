"""Users, passwords and one-time links (SPEC 1, row 22; 5): who may sign in, and how they get in."""

import asyncio

import pytest

from contracts.accounts import (
    Account,
    ChangePassword,
    CloseAccount,
    CreateOperator,
    DisableAccount,
    FindCredentials,
    FindLink,
    FindUser,
    ListAccounts,
    PasswordChanged,
    RequestPasswordReset,
    SetPassword,
)
from contracts.base import Refused
from contracts.notifications import SendPasswordLink
from services.chassis.principal import Principal
from tests.accounts.opened import (
    NUMBERS,
    administrator,
    numbers_refused,
    open_account,
    order,
    plan,
)
from tests.accounts.signing_in import (
    EMAIL,
    HASH,
    OTHER_HASH,
    link,
    person,
    set_password,
    signs_in_as,
)
from tests.harness import OPERATOR, Harness

# --- who may sign in ----------------------------------------------------------------------


async def test_an_administrator_signs_in_as_what_its_account_is(
    harness: Harness, reseller: Principal, account: Account, user_id: str
) -> None:
    await set_password(harness, user_id)
    (credential,) = (await harness.ask(FindCredentials(email=" ANN@Acme.Example "))).data[:1]
    assert credential.password_hash == HASH
    user = credential.user
    assert (user.id, user.account_id, user.role) == (user_id, account.id, "customer")
    assert (user.account_name, user.realm) == ("Acme", account.realm)
    assert (user.parent_id, user.parent_name) == (reseller.account_id, "Voice One")
    assert (user.currency, user.country) == (account.currency, account.country)
    assert user.time_zone == account.time_zone
    assert await harness.ask(FindUser(user_id=user_id)) == user


@pytest.mark.parametrize(
    "typed",
    [
        "zoë@münchen.example",
        "ZOË@München.Example",
        "zoe\u0308@mu\u0308nchen.example",  # letters and marks apart, as some keyboards send them
        "zoë@xn--mnchen-3ya.example",
        " zoë@XN--MNCHEN-3YA.example ",
    ],
)
async def test_an_address_is_the_same_however_it_is_written(
    harness: Harness, reseller: Principal, typed: str
) -> None:
    theirs = administrator(email="zoë@münchen.example")
    account = await open_account(harness, reseller, "München", administrator=theirs)
    assert await signs_in_as(harness, typed) == [account.id]
    found = await harness.ask(ListAccounts(search=typed), reseller)
    assert [one.id for one in found.data] == [account.id]


async def test_the_roles_of_operator_reseller_and_customer_differ(harness: Harness) -> None:
    operator = await harness.ask(
        CreateOperator(email="olga@platform.example", first_name="Olga", last_name="Op")
    )
    assert (operator.role, operator.account_id) == ("operator", "platform")
    assert (operator.account_name, operator.account_status) == ("Accounts Manager", "active")


async def test_an_address_that_nobody_has_has_no_credentials(
    harness: Harness, account: Account
) -> None:
    assert account.status == "active"
    assert await signs_in_as(harness, "nobody@acme.example") == []
    assert await signs_in_as(harness, "") == []


async def test_a_disabled_account_signs_in_and_a_closed_one_is_locked_out(
    harness: Harness, reseller: Principal, account: Account, user_id: str
) -> None:
    await set_password(harness, user_id)
    open_link = await link(harness, user_id)
    await harness.ask(DisableAccount(account_id=account.id), reseller)
    assert account.id in await signs_in_as(harness)
    assert (await harness.ask(FindUser(user_id=user_id))).account_status == "disabled"
    await harness.ask(CloseAccount(account_id=account.id, confirm_name=account.name), reseller)
    assert account.id not in await signs_in_as(harness)
    assert (await harness.problem(FindUser(user_id=user_id))).type == "not-found"
    assert (await harness.problem(FindLink(token_sha256=open_link))).type == "link-expired"
    refused = SetPassword(token_sha256=open_link, password_hash=OTHER_HASH)
    assert (await harness.problem(refused)).type == "link-expired"
    change = ChangePassword(user_id=user_id, password_version=1, password_hash=OTHER_HASH)
    assert (await harness.problem(change, person(user_id, account))).type == "not-found"
    await harness.sent(SendPasswordLink)
    await harness.ask(RequestPasswordReset(email=EMAIL))
    emails = await harness.sent(SendPasswordLink)
    assert account.id not in {email.account_id for email in emails}


async def test_nobody_signs_in_to_an_account_that_opens_or_has_failed(
    harness: Harness, reseller: Principal
) -> None:
    typed = administrator(email="new@acme.example")
    account = await harness.ask(order(plan=plan(*NUMBERS), administrator=typed), reseller)
    assert await signs_in_as(harness, "new@acme.example") == []
    await harness.hear(numbers_refused(account))
    assert await signs_in_as(harness, "new@acme.example") == []


async def test_accounts_opened_in_somebodys_name_do_not_hide_that_persons_own(
    harness: Harness, reseller: Principal, account: Account, user_id: str
) -> None:
    await set_password(harness, user_id)
    for number in range(11):
        await open_account(harness, reseller, f"Like Acme {number}")
    found = await signs_in_as(harness)
    assert len(found) == 10
    assert found[0] == account.id
    await harness.ask(RequestPasswordReset(email=EMAIL))
    emails = await harness.sent(SendPasswordLink)
    assert user_id in {email.user_id for email in emails}


# --- passwords ----------------------------------------------------------------------------


async def test_a_first_password_is_set_by_a_link_and_announced(
    harness: Harness, reseller: Principal, account: Account, user_id: str
) -> None:
    token_sha256 = await link(harness, user_id)
    owner = await harness.ask(FindLink(token_sha256=token_sha256))
    assert (owner.user.id, owner.purpose) == (user_id, "first-password")
    assert owner.user.password_version == 0
    user = await harness.ask(SetPassword(token_sha256=token_sha256, password_hash=HASH))
    assert (user.id, user.password_version) == (user_id, 1)
    (event,) = await harness.sent(PasswordChanged)
    assert (event.account_id, event.reseller_id) == (account.id, reseller.account_id)
    assert (event.email, event.first_name, event.reseller_name) == (EMAIL, "Ann", "Voice One")
    assert (event.password_version, event.first_password) == (1, True)
    assert HASH not in event.model_dump_json()
    await set_password(harness, user_id, OTHER_HASH)
    (again,) = await harness.sent(PasswordChanged)
    assert (again.password_version, again.first_password) == (2, False)


async def test_a_password_is_changed_by_its_owner_if_it_is_the_one_that_was_checked(
    harness: Harness, account: Account, user_id: str
) -> None:
    await set_password(harness, user_id)
    change = ChangePassword(user_id=user_id, password_version=1, password_hash=OTHER_HASH)
    for stranger in (OPERATOR, person("usr_other", account)):
        assert (await harness.problem(change, stranger)).type == "forbidden"
    assert (await harness.problem(change)).type == "not-signed-in"
    user = await harness.ask(change, person(user_id, account))
    assert user.password_version == 2
    assert (await harness.problem(change, person(user_id, account))).type == "version-conflict"
    credentials = await harness.ask(FindCredentials(email=EMAIL))
    assert OTHER_HASH in {credential.password_hash for credential in credentials.data}


async def test_of_two_changes_of_one_password_at_once_one_wins(
    harness: Harness, account: Account, user_id: str
) -> None:
    await set_password(harness, user_id)
    outcomes = await asyncio.gather(
        *(
            harness.ask(
                ChangePassword(user_id=user_id, password_version=1, password_hash=f"{HASH}{way}"),
                person(user_id, account),
            )
            for way in range(3)
        ),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [refusal.problem.code for refusal in refusals] == ["version-conflict"] * 2


# --- e-mails ------------------------------------------------------------------------------


async def test_a_reset_is_answered_the_same_whether_or_not_somebody_has_the_address(
    harness: Harness, account: Account, user_id: str
) -> None:
    await harness.sent(SendPasswordLink)
    unknown = await harness.ask(RequestPasswordReset(email="nobody@acme.example"))
    assert await harness.sent(SendPasswordLink) == []
    known = await harness.ask(RequestPasswordReset(email="ANN@acme.example"))
    assert known == unknown
    emails = {email.user_id: email for email in await harness.sent(SendPasswordLink)}
    email = emails[user_id]
    assert (email.kind, email.account_id) == ("reset-password", account.id)
    assert (email.email, email.first_name, email.reseller_name) == (EMAIL, "Ann", "Voice One")


async def test_an_operator_is_made_once_and_written_to_each_time(harness: Harness) -> None:
    make = CreateOperator(email="Olga@Platform.Example", first_name="Olga", last_name="Op")
    first = await harness.ask(make)
    second = await harness.ask(make)
    assert first == second
    assert first.email == "Olga@platform.example"
    emails = await harness.sent(SendPasswordLink)
    assert [(email.kind, email.user_id) for email in emails] == [("operator-welcome", first.id)] * 2
    assert {(email.reseller_id, email.reseller_name) for email in emails} == {
        ("platform", "Accounts Manager")
    }
    user = await set_password(harness, first.id)
    assert user.role == "operator"
    (event,) = await harness.sent(PasswordChanged)
    assert (event.account_id, event.reseller_id) == ("platform", "platform")


async def test_an_operator_with_wrong_fields_is_refused(harness: Harness) -> None:
    make = CreateOperator(email="olga", first_name="", last_name="x" * 65)
    problem = await harness.problem(make)
    assert problem.code == "invalid-fields"
    assert len(problem.errors) == 3


def test_no_hash_is_shown_where_messages_are_shown() -> None:
    messages = (
        SetPassword(token_sha256="0" * 64, password_hash=HASH),
        ChangePassword(user_id="usr_1", password_version=1, password_hash=HASH),
    )
    assert HASH not in repr(messages)
