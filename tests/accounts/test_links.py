"""One-time links: how long they work, for whom, and the welcome that is sent again."""

import asyncio
import hashlib
import uuid
from datetime import timedelta

import pytest

from contracts.accounts import (
    Account,
    AdministratorChange,
    ChangeAccount,
    ChangePassword,
    CloseAccount,
    FindAccount,
    FindLink,
    LinkPurpose,
    RegisterLink,
    SendWelcome,
    SetPassword,
)
from contracts.base import Refused
from contracts.notifications import SendPasswordLink
from services.chassis.principal import Principal
from tests.accounts.opened import (
    administrator_user_id,
    open_account,
    open_reseller,
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
from tests.harness import Harness


async def test_a_link_is_used_once_even_from_two_places_at_once(
    harness: Harness, user_id: str
) -> None:
    token_sha256 = await link(harness, user_id)
    outcomes = await asyncio.gather(
        *(
            harness.ask(SetPassword(token_sha256=token_sha256, password_hash=f"{HASH}{way}"))
            for way in range(4)
        ),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [refusal.problem.code for refusal in refusals] == ["link-expired"] * 3
    assert (await harness.problem(FindLink(token_sha256=token_sha256))).type == "link-expired"


@pytest.mark.parametrize(
    ("purpose", "lifetime"),
    [("first-password", timedelta(days=7)), ("reset-password", timedelta(minutes=30))],
)
async def test_a_link_ends_after_the_time_that_its_purpose_needs(
    harness: Harness, user_id: str, purpose: LinkPurpose, lifetime: timedelta
) -> None:
    token_sha256 = await link(harness, user_id, purpose)
    harness.clock.forward(seconds=lifetime.total_seconds() - 1)
    await harness.ask(FindLink(token_sha256=token_sha256))
    harness.clock.forward(seconds=1)
    assert (await harness.problem(FindLink(token_sha256=token_sha256))).type == "link-expired"
    late = SetPassword(token_sha256=token_sha256, password_hash=HASH)
    assert (await harness.problem(late)).type == "link-expired"


async def test_a_new_password_ends_every_other_link_of_the_user_only(
    harness: Harness, reseller: Principal, account: Account, user_id: str
) -> None:
    other = await open_account(harness, reseller, "Other")
    others_link = await link(harness, await administrator_user_id(harness, other))
    first, second = await link(harness, user_id), await link(harness, user_id)
    await harness.ask(SetPassword(token_sha256=first, password_hash=HASH))
    assert (await harness.problem(FindLink(token_sha256=second))).type == "link-expired"
    third = await link(harness, user_id, "reset-password")
    change = ChangePassword(user_id=user_id, password_version=1, password_hash=OTHER_HASH)
    await harness.ask(change, person(user_id, account))
    assert (await harness.problem(FindLink(token_sha256=third))).type == "link-expired"
    assert (await harness.ask(FindLink(token_sha256=others_link))).user.account_id == other.id


async def test_a_used_link_stays_used_though_it_is_registered_again(
    harness: Harness, user_id: str
) -> None:
    token_sha256 = await link(harness, user_id)
    await harness.ask(SetPassword(token_sha256=token_sha256, password_hash=HASH))
    again = RegisterLink(user_id=user_id, token_sha256=token_sha256, purpose="first-password")
    await harness.ask(again)
    assert (await harness.problem(FindLink(token_sha256=token_sha256))).type == "link-expired"


async def test_a_new_address_ends_the_links_that_went_to_the_old_one(
    harness: Harness, reseller: Principal, account: Account, user_id: str
) -> None:
    token_sha256 = await link(harness, user_id)
    renamed = ChangeAccount(
        account_id=account.id,
        version=account.version,
        administrator=AdministratorChange(last_name="Ray"),
    )
    changed = await harness.ask(renamed, reseller)
    assert (await harness.ask(FindLink(token_sha256=token_sha256))).user.last_name == "Ray"
    moved = ChangeAccount(
        account_id=account.id,
        version=changed.version,
        administrator=AdministratorChange(email="ann@new.example"),
    )
    await harness.ask(moved, reseller)
    assert (await harness.problem(FindLink(token_sha256=token_sha256))).type == "link-expired"
    assert account.id in await signs_in_as(harness, "ann@new.example")
    assert account.id not in await signs_in_as(harness)


async def test_no_link_goes_to_an_address_that_the_user_has_no_more(
    harness: Harness, user_id: str
) -> None:
    token_sha256 = hashlib.sha256(uuid.uuid4().bytes).hexdigest()
    old = RegisterLink(
        user_id=user_id,
        token_sha256=token_sha256,
        purpose="first-password",
        email="ann@before.example",
    )
    assert (await harness.problem(old)).type == "not-found"
    assert (await harness.problem(FindLink(token_sha256=token_sha256))).type == "link-expired"
    await harness.ask(old.model_copy(update={"email": EMAIL}))
    assert (await harness.ask(FindLink(token_sha256=token_sha256))).user.id == user_id


async def test_the_welcome_is_sent_again_until_a_password_is_set(
    harness: Harness, reseller: Principal, account: Account, user_id: str
) -> None:
    found = await harness.ask(FindAccount(account_id=account.id), reseller)
    assert found.password_pending is True
    again = SendWelcome(account_id=account.id)
    await harness.ask(again, reseller)
    emails = [one for one in await harness.sent(SendPasswordLink) if one.account_id == account.id]
    assert [one.kind for one in emails] == ["welcome"]
    assert (emails[0].email, emails[0].user_id) == (EMAIL, user_id)
    assert (emails[0].account_name, emails[0].realm) == ("Acme", account.realm)
    await set_password(harness, user_id)
    assert (await harness.problem(again, reseller)).type == "password-set"
    found = await harness.ask(FindAccount(account_id=account.id), reseller)
    assert found.password_pending is False


async def test_a_welcome_is_sent_again_by_the_parent_of_an_open_account_only(
    harness: Harness, reseller: Principal, account: Account, user_id: str
) -> None:
    again = SendWelcome(account_id=account.id)
    assert (await harness.problem(again, person(user_id, account))).type == "forbidden"
    stranger = await open_reseller(harness, "Voice Two")
    assert (await harness.problem(again, stranger)).type == "not-found"
    await harness.ask(CloseAccount(account_id=account.id, confirm_name=account.name), reseller)
    assert (await harness.problem(again, reseller)).type == "account-not-active"


async def test_a_link_of_nobody_is_refused(harness: Harness) -> None:
    token_sha256 = "0" * 64
    assert (await harness.problem(FindLink(token_sha256=token_sha256))).type == "link-expired"
    order_link = RegisterLink(
        user_id="usr_nobody", token_sha256=token_sha256, purpose="reset-password"
    )
    assert (await harness.problem(order_link)).type == "not-found"
