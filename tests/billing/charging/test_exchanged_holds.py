"""A call that goes elsewhere (302, failover) is held for as what it is now, or refused."""

import asyncio

import pytest

from contracts.billing import AuthorizeCall, CallAuthorization, ReleaseCall
from contracts.values import micros
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from tests.billing.charging.test_authorize import (
    FRANCE,
    GERMANY,
    SWITCH,
    UK,
    UK_MOBILE,
    authorize,
    held,
    opened,
)
from tests.billing.charging.test_kinds_of_calls import EMERGENCY, EXTENSION, HOME, extend
from tests.billing.charging_world import World, record
from tests.harness import Harness


async def holds_of(billing: Harness) -> list[tuple[str, str, int]]:
    """Return what is held: the call, where it goes, and for how long."""
    account = await World(billing).billing_account()
    return [(one["call_id"], one["destination"], one["seconds"]) for one in account["holds"]]


async def test_another_destination_is_held_for_at_its_own_price(billing: Harness) -> None:
    await opened(billing, left="10.00")
    await authorize(billing, UK)
    assert await held(billing) == micros("0.40")
    dear = await authorize(billing, UK_MOBILE)
    assert (dear.granted, dear.rate, dear.seconds) == (True, micros("1.00"), 300)
    assert await held(billing) == micros("5.00")
    assert await holds_of(billing) == [("call-1", UK_MOBILE, 300)]
    assert (await extend(billing, total_seconds=360)).rate == micros("1.00")
    assert await held(billing) == micros("6.00")


async def test_it_is_refused_where_it_cannot_be_paid_and_what_was_held_stays(
    billing: Harness,
) -> None:
    await opened(billing, left="0.15", countries={"GB": 0, "DE": 5})
    assert (await authorize(billing, GERMANY)).granted
    refused = await authorize(billing, UK)
    assert (refused.granted, refused.reason) == (False, "insufficient-credit")
    for elsewhere, reason in (
        (FRANCE, "destination-not-allowed"),
        ("+999", "invalid-destination"),
        ("+449012345678", "premium-not-allowed"),
    ):
        assert (await authorize(billing, elsewhere)).reason == reason
    assert await holds_of(billing) == [("call-1", GERMANY, 300)]


async def test_what_it_held_may_pay_for_where_it_goes_now(billing: Harness) -> None:
    await opened(billing, left="0.40")
    await authorize(billing, UK)
    assert await held(billing) == micros("0.40")
    assert (await authorize(billing, UK_MOBILE, call_id="call-2")).reason == "insufficient-credit"
    assert (await authorize(billing, UK_MOBILE)).seconds == 24
    assert await held(billing) == micros("0.40")


async def test_free_calls_are_exchanged_like_all_others(billing: Harness) -> None:
    await opened(billing, left="1.00")
    for destination, money in (
        (EXTENSION, "0"),
        (UK, "0.40"),
        (HOME, "0"),
        (UK, "0.40"),
        (EMERGENCY, "0"),
    ):
        assert (await authorize(billing, destination)).granted
        assert await held(billing) == micros(money)
    assert [one[1] for one in await holds_of(billing)] == [EMERGENCY]


async def test_a_call_that_goes_elsewhere_is_no_second_call(billing: Harness) -> None:
    await opened(billing, left="100.00")
    for number in range(10):
        await authorize(billing, call_id=f"call-{number}")
    assert (await authorize(billing, GERMANY, call_id="call-3")).granted
    assert (await authorize(billing, GERMANY, call_id="call-10")).reason == "too-many-calls"


async def test_asked_again_for_where_it_goes_now_the_answer_stays(billing: Harness) -> None:
    await opened(billing, left="10.00")
    await authorize(billing, UK)
    first = await authorize(billing, GERMANY)
    assert await authorize(billing, GERMANY) == first
    # back to the first: that is an exchange, too
    assert (await authorize(billing, UK)).rate == micros("0.05")
    assert await held(billing) == micros("0.40")


async def test_a_charged_call_goes_nowhere_else(billing: Harness) -> None:
    world = World(billing)
    await world.open()
    await world.hold("call-1")
    account = await world.billing_account()
    await world.charger.charge([record("call-1")])
    # as in the moment between the charge and the end of its hold
    change = {"$set": {"holds": account["holds"]}, "$inc": {"revision": 1}}
    await billing.database.documents(BILLING_ACCOUNTS).update({"_id": "acc_c1"}, change)
    billing.database.memories.clear()
    assert (await authorize(billing, GERMANY)).reason == "call-already-charged"


@pytest.mark.parametrize("rounds", range(3))
async def test_exchanged_by_several_at_once_one_hold_is_left_and_nothing_is_over(
    billing: Harness, rounds: int
) -> None:
    del rounds
    await opened(billing, left="1.00")

    async def ask(destination: str) -> CallAuthorization:
        asked = AuthorizeCall(
            call_id="call-1", account_id="acc_c1", destination=destination, requested_seconds=600
        )
        return await billing.ask(asked, SWITCH)

    answers = await asyncio.gather(*(ask(one) for one in (UK, GERMANY, UK_MOBILE, UK) * 3))
    assert all(answer.granted for answer in answers)
    assert len(await holds_of(billing)) == 1
    assert await held(billing) <= micros("1.00")
    await billing.ask(ReleaseCall(call_id="call-1"), SWITCH)
    assert await held(billing) == 0
