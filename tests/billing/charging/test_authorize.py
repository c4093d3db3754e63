"""May a call be made, and for how long? Checks in their order, holds that are never too little."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from contracts.accounts import AccountClosed, AccountDisabled, AccountEnabled, AccountSuspended
from contracts.billing import (
    AuthorizeCall,
    CallAuthorization,
    CallRefusal,
    CountryMinutes,
    CreditOrder,
    ExtendCall,
    FindBalance,
    PricedNumber,
    ReleaseCall,
)
from contracts.values import micros
from services.billing.charging.model.refusals import DETAILS
from services.chassis.principal import Principal
from tests.billing.conftest import add_sheet, open_account, plan
from tests.harness import RESELLER, Harness

SWITCH = Principal(id="key_s1", account_id="platform", parent_id="", role="switch")
CSV = (
    "prefix,rate,connect_fee,min_duration,increment\n"
    "44,0.05,0.15,1,1\n49,0.10,0,60,60\n4479,1.00,0,1,1\n91,0.021,0,60,60\n1,0.01,0,60,60\n"
)
UK, UK_MOBILE, GERMANY, FRANCE = (
    "+442079460321",
    "+447912345678",
    "+493012345678",
    "+33142685300",
)


async def opened(
    billing: Harness,
    account_id: str = "acc_c1",
    *,
    left: str = "1.00",
    countries: dict[str, int] | None = None,
    numbers: Iterable[str] = (),
    **fields: object,
) -> None:
    """Open an account with so much left after what opening charges: nothing."""
    sheet = await add_sheet(billing, f"Sheet of {account_id.replace('_', ' ')}", csv=CSV)
    opened_countries = tuple(
        CountryMinutes(country=country, minutes=minutes)
        for country, minutes in ({"GB": 0, "DE": 0} if countries is None else countries).items()
    )
    credit = CreditOrder(amount=micros(left)) if micros(left) else None
    priced = tuple(PricedNumber(number=one, setup_fee=0, monthly_fee=0) for one in numbers)
    ordered = plan(
        f"Plan of {account_id.replace('_', ' ')}",
        users=1,
        cost_per_user=0,
        rate_sheet_id=sheet.id,
        countries=opened_countries,
        **fields,
    )
    await open_account(
        billing,
        account_id,
        plan=ordered,
        credit=credit,
        realm=f"{account_id}.test",
        numbers=priced,
    )


async def authorize(
    billing: Harness,
    destination: str = UK,
    *,
    call_id: str = "call-1",
    seconds: int = 1_800,
    account_id: str | None = "acc_c1",
    realm: str | None = None,
) -> CallAuthorization:
    return await billing.ask(
        AuthorizeCall(
            call_id=call_id,
            account_id=account_id,
            realm=realm,
            destination=destination,
            requested_seconds=seconds,
        ),
        SWITCH,
    )


def refused_as(reason: CallRefusal) -> CallAuthorization:
    """Return the answer that refuses a call for a reason, and says nothing else."""
    return CallAuthorization(granted=False, reason=reason, detail=DETAILS[reason])


async def held(billing: Harness) -> int:
    return (await billing.ask(FindBalance(account_id="acc_c1"), RESELLER)).held


async def test_a_call_is_granted_a_slice_and_told_the_longest_it_could_last(
    billing: Harness,
) -> None:
    await opened(billing, left="1.00")
    granted = await authorize(billing)
    assert granted == CallAuthorization(
        granted=True,
        account_id="acc_c1",
        kind="international",
        seconds=300,
        max_seconds=1_020,
        expires_at=billing.clock.now + timedelta(seconds=180 + 300),
        country="GB",
        rate=micros("0.05"),
    )
    assert await held(billing) == micros("0.40")


async def test_an_account_is_found_by_its_realm(billing: Harness) -> None:
    await opened(billing)
    granted = await authorize(billing, account_id=None, realm="acc_c1.test")
    assert (granted.granted, granted.account_id) == (True, "acc_c1")
    other = await authorize(billing, account_id=None, realm="nobody.test")
    assert other == refused_as("account-not-found")


async def test_a_bundle_and_a_little_money_go_together(billing: Harness) -> None:
    await opened(billing, left="0.12", countries={"DE": 1})
    granted = await authorize(billing, GERMANY)
    assert (granted.seconds, granted.max_seconds) == (120, 120)
    assert await held(billing) == micros("0.10")


async def test_a_bundle_works_at_zero_balance(billing: Harness) -> None:
    await opened(billing, left="0", countries={"DE": 10})
    granted = await authorize(billing, GERMANY)
    assert (granted.seconds, granted.max_seconds) == (300, 600)
    second = await authorize(billing, GERMANY, call_id="call-2")
    assert (second.seconds, second.max_seconds) == (300, 300)
    third = await authorize(billing, GERMANY, call_id="call-3")
    assert third.reason == "insufficient-credit"


@pytest.mark.parametrize(
    ("destination", "reason"),
    [
        ("+999", "invalid-destination"),
        (FRANCE, "destination-not-allowed"),
        ("+919876543210", "destination-not-allowed"),
    ],
)
async def test_a_destination_that_may_not_be_called_is_refused(
    billing: Harness, destination: str, reason: CallRefusal
) -> None:
    await opened(billing)
    assert await authorize(billing, destination) == refused_as(reason)
    assert await held(billing) == 0


async def test_calls_at_home_are_free_unless_the_plan_rates_them(billing: Harness) -> None:
    await opened(billing, left="0")
    granted = await authorize(billing, "+12125550142")
    assert (granted.granted, granted.rate, granted.max_seconds) == (True, 0, 1_800)
    await opened(billing, "acc_c2", left="0", domestic_policy="rated")
    refused = await authorize(billing, "+12125550142", account_id="acc_c2")
    assert refused.reason == "insufficient-credit"


async def test_emergency_calls_are_always_allowed(billing: Harness) -> None:
    await opened(billing, left="0")
    await billing.hear(
        AccountDisabled(account_id="acc_c1", reseller_id="acc_r1", version=7, reason="test")
    )
    for destination in ("911", "1001"):
        granted = await authorize(billing, destination)
        assert (granted.granted, granted.rate) == (True, 0)
    assert (await authorize(billing)).reason == "account-disabled"


async def test_the_state_of_an_account_and_of_its_reseller_decides_first(
    billing: Harness,
) -> None:
    await opened(billing)
    about: dict[str, Any] = {"account_id": "acc_c1", "reseller_id": "acc_r1"}
    assert (await authorize(billing)).granted
    await billing.hear(AccountDisabled(**about, version=7, reason="test"))
    assert (await authorize(billing, "+999", call_id="call-2")).reason == "account-disabled"
    await billing.hear(AccountEnabled(**about, version=8))
    assert (await authorize(billing, call_id="call-2")).granted
    await billing.hear(AccountSuspended(**about, version=9))
    assert (await authorize(billing, call_id="call-3")).reason == "account-suspended"
    await billing.hear(AccountEnabled(**about, version=10))
    reseller = {"account_id": "acc_r1", "reseller_id": "platform"}
    await billing.hear(AccountDisabled(**reseller, version=7, reason="test"))
    billing.clock.forward(seconds=1)
    assert (await authorize(billing, call_id="call-3")).reason == "account-disabled"
    await billing.hear(AccountClosed(**about, version=11, name="Northwind"))
    assert (await authorize(billing, "911")).reason == "account-closed"


async def test_asked_again_the_answer_stays_and_nothing_more_is_held(billing: Harness) -> None:
    await opened(billing)
    first = await authorize(billing)
    assert await authorize(billing) == first
    assert await held(billing) == micros("0.40")


async def test_a_call_goes_on_slice_by_slice_until_the_credit_ends(billing: Harness) -> None:
    await opened(billing, left="1.00")
    await authorize(billing)
    lasts: list[int | None] = []
    for _ in range(3):
        billing.clock.forward(seconds=290)
        lasts.append((await billing.ask(ExtendCall(call_id="call-1"), SWITCH)).seconds)
    assert lasts == [600, 900, 1_020]
    assert await held(billing) == micros("1.00")
    ended = await billing.ask(ExtendCall(call_id="call-1"), SWITCH)
    assert (ended.granted, ended.reason) == (False, "insufficient-credit")


async def test_a_disabled_account_ends_its_running_calls_at_their_next_extension(
    billing: Harness,
) -> None:
    await opened(billing)
    await authorize(billing)
    await billing.hear(
        AccountDisabled(account_id="acc_c1", reseller_id="acc_r1", version=7, reason="test")
    )
    refused = await billing.ask(ExtendCall(call_id="call-1"), SWITCH)
    assert (refused.granted, refused.reason) == (False, "account-disabled")


async def test_a_hold_expires_after_its_ringing_its_slice_and_half_a_minute(
    billing: Harness,
) -> None:
    await opened(billing, left="0.40")
    await authorize(billing)
    billing.clock.forward(seconds=180 + 329)
    assert (await authorize(billing, call_id="call-2")).reason == "insufficient-credit"
    billing.clock.forward(seconds=1)
    assert await held(billing) == 0
    problem = await billing.problem(ExtendCall(call_id="call-1"), SWITCH)
    assert problem.code == "not-found"
    assert (await authorize(billing, call_id="call-2")).granted
    billing.clock.forward(seconds=180 + 330)
    await billing.run_jobs()
    account = await billing.database.documents("wallets").find_one({"_id": "acc_c1"})
    assert account is not None
    assert account["holds"] == []


async def test_what_a_call_held_is_free_once_it_is_released(billing: Harness) -> None:
    await opened(billing, left="0.40")
    await authorize(billing)
    assert (await authorize(billing, call_id="call-2")).reason == "insufficient-credit"
    await billing.ask(ReleaseCall(call_id="call-1"), SWITCH)
    await billing.ask(ReleaseCall(call_id="call-1"), SWITCH)
    assert (await authorize(billing, call_id="call-2")).granted


async def test_an_account_has_ten_calls_at_once_however_rich_it_is(billing: Harness) -> None:
    await opened(billing, left="100.00")
    for number in range(10):
        assert (await authorize(billing, call_id=f"call-{number}")).granted
    assert (await authorize(billing, call_id="call-11")).reason == "too-many-calls"


async def test_thirty_calls_at_once_with_money_for_one_admit_one(billing: Harness) -> None:
    await opened(billing, left="0.50")
    answers = await asyncio.gather(
        *(authorize(billing, UK_MOBILE, call_id=f"call-{number}") for number in range(30))
    )
    assert sum(answer.granted for answer in answers) == 1, answers
    refused = {answer.reason for answer in answers if not answer.granted}
    assert refused == {"insufficient-credit"}
    assert await held(billing) == micros("0.50")


async def test_only_the_switch_asks(billing: Harness) -> None:
    await opened(billing)
    query = AuthorizeCall(call_id="c", account_id="acc_c1", destination=UK, requested_seconds=60)
    assert (await billing.problem(query, RESELLER)).type == "forbidden"


async def test_a_switch_of_one_reseller_learns_and_changes_nothing_of_anothers(
    billing: Harness,
) -> None:
    theirs = Principal(id="key_s2", account_id="acc_r2", parent_id="platform", role="switch")
    await opened(billing)
    query = AuthorizeCall(
        call_id="call-2", account_id="acc_c1", destination=UK, requested_seconds=60
    )
    nobodys = refused_as("account-not-found")
    assert await billing.ask(query, theirs) == nobodys
    by_realm = query.model_copy(update={"account_id": None, "realm": "acc_c1.test"})
    assert await billing.ask(by_realm, theirs) == nobodys
    assert await held(billing) == 0
    await authorize(billing)
    before = await held(billing)
    assert (await billing.problem(ExtendCall(call_id="call-1"), theirs)).type == "not-found"
    await billing.ask(ReleaseCall(call_id="call-1"), theirs)
    assert await held(billing) == before > 0
    own = Principal(id="key_s1", account_id="acc_r1", parent_id="platform", role="switch")
    assert (await billing.ask(query, own)).granted
    assert (await billing.ask(ExtendCall(call_id="call-1"), own)).granted
    await billing.ask(ReleaseCall(call_id="call-1"), own)
    await billing.ask(ReleaseCall(call_id="call-2"), own)
    assert await held(billing) == 0


async def test_a_call_that_another_process_released_holds_again_when_it_is_asked_for_again(
    billing: Harness,
) -> None:
    await opened(billing, left="0.40")
    await authorize(billing)
    remembered = dict(billing.database.memories)
    billing.database.memories.clear()  # as in another process
    await billing.ask(ReleaseCall(call_id="call-1"), SWITCH)
    billing.database.memories.update(remembered)
    assert (await authorize(billing)).granted
    assert await held(billing) == micros("0.40")
