"""Opening an account: who may, and what is refused before anything is begun."""

import asyncio
from typing import Any

import pytest

from contracts.accounts import (
    Account,
    AccountOpening,
    CheckAccount,
    CheckAccounts,
    DisableAccount,
    FindAccount,
    OpenAccount,
)
from contracts.base import Refused
from services.chassis.principal import Principal
from tests.accounts.opened import (
    PROFILE,
    administrator,
    listed,
    open_reseller,
    order,
)
from tests.harness import CUSTOMER, OPERATOR, Harness

# --- who may open what --------------------------------------------------------------------


async def test_an_operator_opens_resellers_only(harness: Harness) -> None:
    problem = await harness.problem(order(), OPERATOR)
    assert problem.code == "forbidden"
    account = await harness.ask(order("Voice One", reseller=PROFILE), OPERATOR)
    assert (account.parent_id, account.parent_name) == ("platform", "Accounts Manager")
    assert account.reseller == PROFILE


async def test_a_reseller_opens_customers_only(harness: Harness, reseller: Principal) -> None:
    assert (await harness.problem(order(reseller=PROFILE), reseller)).type == "forbidden"
    account = await harness.ask(order(), reseller)
    assert (account.parent_id, account.parent_name) == (reseller.account_id, "Voice One")
    assert (account.currency, account.country) == (PROFILE.currency, PROFILE.country)
    assert account.time_zone == PROFILE.time_zone
    assert account.reseller is None


async def test_nobody_else_opens_accounts(harness: Harness, reseller: Principal) -> None:
    assert (await harness.problem(order(), CUSTOMER)).type == "forbidden"
    assert (await harness.problem(order())).type == "not-signed-in"
    switch = Principal(
        id="key_1", account_id=reseller.account_id, parent_id="platform", role="switch"
    )
    assert (await harness.problem(order(), switch)).type == "forbidden"
    stranger = Principal(id="usr_x", account_id="acc_x", parent_id="platform", role="reseller")
    assert (await harness.problem(order(), stranger)).type == "not-found"


async def test_a_disabled_reseller_opens_nothing(harness: Harness, reseller: Principal) -> None:
    await harness.ask(DisableAccount(account_id=reseller.account_id), OPERATOR)
    assert (await harness.problem(order(), reseller)).type == "account-disabled"


# --- what is refused ----------------------------------------------------------------------


async def test_all_wrong_fields_are_told_at_once_and_nothing_is_begun(
    harness: Harness, reseller: Principal
) -> None:
    wrong: dict[str, Any] = {
        "name": "!",
        "administrator": administrator(email="x", first_name="", last_name="", phone="1"),
    }
    pointers = [
        "/name",
        "/administrator/email",
        "/administrator/first_name",
        "/administrator/last_name",
        "/administrator/phone",
    ]
    problem = await harness.problem(OpenAccount(**wrong), reseller)
    assert problem.code == "invalid-fields"
    assert [error.pointer for error in problem.errors] == pointers
    check = await harness.ask(CheckAccount(**wrong), reseller)
    assert check.errors == problem.errors
    begun = [event.account_id for event in await harness.sent(AccountOpening)]
    assert begun == [reseller.account_id]
    assert await listed(harness, reseller) == []


async def test_the_profile_of_a_reseller_is_checked_with_the_rest(harness: Harness) -> None:
    wrong = PROFILE.model_copy(update={"time_zone": "Mars/Base"})
    problem = await harness.problem(order("!", reseller=wrong), OPERATOR)
    assert [error.pointer for error in problem.errors] == ["/name", "/time_zone"]


async def test_a_right_order_checks_without_errors(harness: Harness, reseller: Principal) -> None:
    check = CheckAccount(name="Acme", administrator=administrator())
    assert (await harness.ask(check, reseller)).errors == ()


@pytest.mark.parametrize("name", ["Acme", "  acme ", "ACME"])
async def test_a_name_is_taken_whatever_its_case_and_space(
    harness: Harness, reseller: Principal, name: str
) -> None:
    await harness.ask(order("Acme"), reseller)
    problem = await harness.problem(order(name), reseller)
    assert problem.code == "account-name-taken"
    assert [error.pointer for error in problem.errors] == ["/name"]
    check = CheckAccount(name=name, administrator=administrator())
    assert [error.type for error in (await harness.ask(check, reseller)).errors] == [
        "account-name-taken"
    ]


async def test_a_taken_name_beside_other_errors_is_one_of_them(
    harness: Harness, reseller: Principal
) -> None:
    await harness.ask(order("Acme"), reseller)
    problem = await harness.problem(order(administrator=administrator(phone="1")), reseller)
    assert problem.code == "invalid-fields"
    assert [error.type for error in problem.errors] == ["account-name-taken", "invalid-phone"]


async def test_another_reseller_may_use_the_same_name(
    harness: Harness, reseller: Principal
) -> None:
    other = await open_reseller(harness, "Voice Two", domain="two.example")
    first = await harness.ask(order("Acme"), reseller)
    second = await harness.ask(order("Acme"), other)
    assert first.realm.endswith(".voice.example")
    assert second.realm.endswith(".two.example")
    assert (await harness.problem(FindAccount(account_id=first.id), other)).type == "not-found"


async def test_of_two_openings_with_one_name_at_once_one_wins(
    harness: Harness, reseller: Principal
) -> None:
    outcomes = await asyncio.gather(
        *(harness.ask(order(name), reseller) for name in ("Acme", "ACME", "acme", "aCME")),
        return_exceptions=True,
    )
    opened = [outcome for outcome in outcomes if isinstance(outcome, Account)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (len(opened), len(refusals)) == (1, 3)
    assert {refusal.problem.code for refusal in refusals} == {"account-name-taken"}
    assert await listed(harness, reseller) == [opened[0].name]


async def test_the_same_request_twice_opens_one_account(
    harness: Harness, reseller: Principal
) -> None:
    first, second = await asyncio.gather(
        *(harness.ask(order(), reseller, message_id="key", fingerprint="f") for _ in range(2))
    )
    assert first == second
    with pytest.raises(Refused, match="idempotency-key-reused"):
        await harness.ask(order("Other"), reseller, message_id="key", fingerprint="g")


async def test_rows_of_a_file_are_checked_as_each_is_alone(
    harness: Harness, reseller: Principal
) -> None:
    await harness.ask(order("Acme"), reseller)
    wrong = administrator(email="x", phone="1")
    rows = (
        CheckAccount(name=" ACME", administrator=administrator()),
        CheckAccount(name="Other", administrator=administrator()),
        CheckAccount(name="!", administrator=wrong, tax_id="x" * 200),
    )
    found = await harness.ask(CheckAccounts(accounts=rows), reseller)
    assert found.data == tuple([await harness.ask(row, reseller) for row in rows])
    assert [bool(one.errors) for one in found.data] == [True, False, True]
    assert (await harness.ask(CheckAccounts(accounts=()), reseller)).data == ()
    assert (await harness.problem(CheckAccounts(accounts=rows), CUSTOMER)).type == "forbidden"
    mixed = (rows[1], rows[1].model_copy(update={"reseller": PROFILE}))
    assert (await harness.problem(CheckAccounts(accounts=mixed), reseller)).type == "forbidden"
