"""A running call is extended: absolutely, from its answer on, by slices of the switch's size."""

import json
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from contracts.billing import (
    AuthorizeCall,
    CallAuthorization,
    ChangeBillingSettings,
    ExtendCall,
)
from contracts.values import micros
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.chassis.database import answer_document
from services.chassis.mongo import Documents, Reads
from tests.billing.charging.test_authorize import (
    GERMANY,
    SWITCH,
    UK,
    UK_MOBILE,
    authorize,
    held,
    opened,
)
from tests.billing.charging.test_kinds_of_calls import extend
from tests.harness import RESELLER, Harness


async def ask(billing: Harness, destination: str = UK, **fields: object) -> CallAuthorization:
    """Ask for a call with whatever else the switch says of it."""
    asked = {"call_id": "call-1", "account_id": "acc_c1", "destination": destination, **fields}
    return await billing.ask(AuthorizeCall.model_validate(asked), SWITCH)


def after(billing: Harness, seconds: int) -> object:
    """Return the time so many seconds from now."""
    return billing.clock.now + timedelta(seconds=seconds)


# --- how long in all --------------------------------------------------------------------------


async def test_an_extension_is_absolute_and_asked_twice_answered_the_same(
    billing: Harness,
) -> None:
    await opened(billing, left="1.00")
    await authorize(billing)
    first = await extend(billing, total_seconds=800, elapsed_seconds=0)
    assert (first.granted, first.seconds, first.max_seconds) == (True, 800, 800)
    billing.clock.forward(seconds=2)
    assert await extend(billing, total_seconds=800, elapsed_seconds=0) == first
    assert await held(billing) == micros("0.8167")  # 0.15 and 800 s of 0.05 a minute


@pytest.mark.parametrize("form", ["total_seconds", "requested_seconds"])
async def test_a_repeated_extension_that_got_less_than_it_asked_for_is_granted_again(
    billing: Harness, form: str
) -> None:
    await opened(billing, left="0.50")  # 420 seconds
    await authorize(billing)
    first = await extend(billing, **{form: 600})
    assert (first.granted, first.seconds, first.max_seconds) == (True, 420, 420)
    assert await extend(billing, **{form: 600}) == first
    more = await extend(billing, **{form: 900})
    assert (more.granted, more.reason) == (False, "insufficient-credit")
    assert await extend(billing, **{form: 600}) == first


async def test_credit_that_came_meanwhile_lets_a_repeated_extension_have_more(
    billing: Harness,
) -> None:
    await opened(billing, left="0.50")
    await authorize(billing)
    await extend(billing, total_seconds=600)
    change = {"$set": {"credit_limit": micros("1.00")}, "$inc": {"revision": 1}}
    await billing.database.documents(BILLING_ACCOUNTS).update({"_id": "acc_c1"}, change)
    assert (await extend(billing, total_seconds=600)).seconds == 600


async def test_an_extension_to_less_than_is_held_changes_nothing(billing: Harness) -> None:
    await opened(billing)
    await authorize(billing)
    assert (await extend(billing, total_seconds=10)).seconds == 300
    assert await held(billing) == micros("0.40")


async def test_an_absolute_extension_beyond_four_hours_is_cut_there(billing: Harness) -> None:
    await opened(billing, left="100.00")
    await authorize(billing)
    for _ in range(2):
        assert (await extend(billing, total_seconds=86_400)).seconds == 14_400
    assert (await extend(billing)).reason == "call-limit-reached"


async def test_the_body_of_an_answer_says_whether_it_is_a_problem(billing: Harness) -> None:
    await opened(billing)
    answer = json.loads(answer_document(await authorize(billing))["body"])
    refusal = json.loads(answer_document(await authorize(billing, "+999"))["body"])
    asked = ExtendCall(call_id="another", account_id="acc_c1")
    problem = json.loads(answer_document(await billing.problem(asked, SWITCH))["body"])
    assert (answer["granted"], refusal["granted"], problem["code"]) == (True, False, "not-found")
    assert "granted" not in problem
    assert not {"code"} & {*answer, *refusal}


async def test_nothing_is_read_more_on_the_way_of_a_call(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(billing, left="100.00")
    await ask(billing, call_id="before")
    asked: list[str] = []
    for kind, name in ((Reads, "find"), (Reads, "find_one"), (Documents, "update_each")):
        plain = getattr(kind, name)

        async def counted(*args: Any, _plain: Any = plain, _name: str = name, **more: Any) -> Any:  # noqa: ANN401 - whatever is asked of the database
            asked.append(_name)
            return await _plain(*args, **more)

        monkeypatch.setattr(kind, name, counted)

    async def trips(answer: Awaitable[CallAuthorization]) -> list[str]:
        del asked[:]
        assert (await answer).granted
        return list(asked)

    begins = ["find", "update_each"]  # was it charged before, and its hold
    said: dict[str, Any] = {"dial_format": "e164", "slice_seconds": 60}
    assert await trips(ask(billing, **said)) == begins
    assert await trips(ask(billing, UK_MOBILE, **said)) == begins
    assert await trips(extend(billing, total_seconds=600, elapsed_seconds=0)) == ["update_each"]
    assert await trips(ask(billing, "911", call_id="emergency", **said)) == ["update_each"]


# --- ringing ----------------------------------------------------------------------------------


async def test_ringing_uses_up_nothing_of_what_is_held(billing: Harness) -> None:
    await opened(billing, left="0.40")
    granted = await authorize(billing)
    assert granted.expires_at == after(billing, 480)
    billing.clock.forward(seconds=170)
    # answered only now: it may talk for the 300 seconds that are held, and be extended until then
    billing.clock.forward(seconds=299)
    assert (await authorize(billing, call_id="call-2")).reason == "insufficient-credit"
    assert (await extend(billing, total_seconds=300)).granted


async def test_what_is_held_counts_from_the_answer_once_that_is_told(billing: Harness) -> None:
    await opened(billing, left="0.40")
    await authorize(billing)
    billing.clock.forward(seconds=20)
    told = await extend(billing, total_seconds=300, elapsed_seconds=5)
    assert (told.seconds, told.expires_at) == (300, after(billing, 295))
    billing.clock.forward(seconds=3)
    # a repeat comes later and says the same: the first counts
    assert (await extend(billing, total_seconds=300, elapsed_seconds=5)) == told
    billing.clock.forward(seconds=292 + 29)
    assert (await authorize(billing, call_id="call-2")).reason == "insufficient-credit"
    billing.clock.forward(seconds=1)
    assert (await authorize(billing, call_id="call-2")).granted


async def test_a_call_that_is_answered_already_is_held_for_from_its_answer(
    billing: Harness,
) -> None:
    await opened(billing)
    answered = await ask(billing, elapsed_seconds=0)
    assert (answered.seconds, answered.expires_at) == (300, after(billing, 300))
    later = await ask(billing, call_id="call-2", elapsed_seconds=120)
    assert (later.seconds, later.expires_at) == (420, after(billing, 300))


async def test_a_call_that_has_talked_for_more_than_it_can_pay_is_refused(
    billing: Harness,
) -> None:
    await opened(billing, left="0.40")  # 300 seconds
    refused = await ask(billing, elapsed_seconds=300)
    assert (refused.granted, refused.reason) == (False, "insufficient-credit")
    assert (await ask(billing, elapsed_seconds=86_400)).reason == "insufficient-credit"
    assert (await ask(billing, "+12125550142", elapsed_seconds=14_400)).reason == (
        "call-limit-reached"
    )
    assert (await ask(billing, elapsed_seconds=299)).seconds == 300
    assert (await ask(billing, "911", elapsed_seconds=86_400)).granted


async def test_an_answer_before_the_call_was_asked_for_counts_from_then(billing: Harness) -> None:
    await opened(billing)
    await authorize(billing)
    told = await extend(billing, total_seconds=600, elapsed_seconds=86_400)
    assert told.expires_at == after(billing, 600)


# --- slices -----------------------------------------------------------------------------------


async def test_a_switch_says_how_much_is_held_at_a_time(billing: Harness) -> None:
    await opened(billing, left="10.00")
    assert (await ask(billing, slice_seconds=10)).seconds == 10
    assert (await extend(billing)).seconds == 20, "as when it was authorised"
    assert (await extend(billing, slice_seconds=3_600)).seconds == 3_620


async def test_a_slice_is_at_least_what_the_rate_charges_at_least(billing: Harness) -> None:
    await opened(billing, left="10.00")
    assert (await ask(billing, GERMANY, slice_seconds=10)).seconds == 60
    assert (await extend(billing)).seconds == 120


async def test_a_reseller_says_how_much_is_held_where_a_call_says_nothing(
    billing: Harness,
) -> None:
    await opened(billing, left="10.00")
    await billing.ask(ChangeBillingSettings(version=1, slice_seconds=60), RESELLER)
    billing.clock.forward(seconds=1)
    assert (await ask(billing)).seconds == 60
    assert (await ask(billing, call_id="call-2", slice_seconds=30)).seconds == 30
    for seconds in (9, 3_601):
        change = ChangeBillingSettings(version=2, slice_seconds=seconds)
        problem = await billing.problem(change, RESELLER)
        assert [error.pointer for error in problem.errors] == ["/slice_seconds"]


async def test_a_hold_of_an_earlier_version_is_extended(billing: Harness) -> None:
    await opened(billing, left="10.00")
    await authorize(billing)
    accounts = billing.database.documents(BILLING_ACCOUNTS)
    account = await accounts.find_one({"_id": "acc_c1"})
    assert account is not None
    (hold,) = account["holds"]
    for field in set(hold) - {
        *("call_id", "destination", "country", "money", "free_seconds", "seconds"),
        *("began_at", "until"),
    }:
        del hold[field]
    await accounts.update({"_id": "acc_c1"}, {"$set": {"holds": [hold]}, "$inc": {"revision": 1}})
    assert await authorize(billing) == await authorize(billing)
    longer = await extend(billing)
    assert (longer.seconds, longer.kind) == (600, "international")
    assert (await billing.ask(ExtendCall(call_id="call-1"), SWITCH)).seconds == 900
