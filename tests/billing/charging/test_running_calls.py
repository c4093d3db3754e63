"""The calls that run are listed, and a call that comes in finds its account."""

from datetime import timedelta

import pytest

from contracts.accounts import AccountClosed, AccountDisabled, AccountEnabled, AccountSuspended
from contracts.billing import (
    AuthorizeCall,
    CallAuthorization,
    CallHold,
    CallHolds,
    CallRoute,
    FindCallRoute,
    InboundTerms,
    ListCallHolds,
)
from contracts.values import micros
from services.chassis.principal import Principal
from tests.billing.charging.test_authorize import SWITCH, UK, authorize, held, opened, refused_as
from tests.billing.charging.test_kinds_of_calls import extend
from tests.billing.charging_world import World, record
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

OWN, ANOTHERS, NOBODYS = "+14155550142", "+14155550143", "+14155550199"
THEIRS = Principal(id="key_s2", account_id="acc_r2", parent_id="platform", role="switch")


async def all_holds(billing: Harness, asker: Principal, limit: int = 100) -> list[CallHold]:
    """Return what is listed, page by page."""
    found: list[CallHold] = []
    query = ListCallHolds(limit=limit)
    for _ in range(50):
        page: CallHolds = await billing.ask(query, asker)
        assert len(page.data) <= limit
        found += page.data
        if page.next is None:
            return found
        query = query.model_copy(update={"cursor": page.next})
    raise AssertionError("the pages never end")


# --- holds ------------------------------------------------------------------------------------


async def test_a_call_that_runs_is_listed_with_all_that_is_known_of_it(billing: Harness) -> None:
    await opened(billing)
    asked = AuthorizeCall(
        call_id="call-1",
        account_id="acc_c1",
        destination=UK,
        caller="104",
        carrier="carrier-a",
        switch_call_id="84b4@192.0.2.20",
    )
    await billing.ask(asked, SWITCH)
    billing.clock.forward(seconds=30)
    await extend(billing, total_seconds=400, elapsed_seconds=10)
    (hold,) = (await billing.ask(ListCallHolds(), SWITCH)).data
    answered_at = billing.clock.now - timedelta(seconds=10)
    assert hold == CallHold(
        call_id="call-1",
        account_id="acc_c1",
        destination=UK,
        kind="international",
        caller="104",
        carrier="carrier-a",
        switch_call_id="84b4@192.0.2.20",
        seconds=400,
        held=micros("0.4833"),
        free_seconds=0,
        authorized_at=billing.clock.now - timedelta(seconds=30),
        answered_at=answered_at,
        expires_at=answered_at + timedelta(seconds=400),
    )


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_every_call_is_on_one_page_and_the_pages_end(billing: Harness, limit: int) -> None:
    expected: list[tuple[str, str]] = []
    for account_id, calls in (("acc_c1", 3), ("acc_c2", 1), ("acc_c3", 2), ("acc_c4", 0)):
        await opened(billing, account_id, left="10.00")
        for number in range(calls):
            await authorize(billing, call_id=f"call-{number}", account_id=account_id)
            expected.append((account_id, f"call-{number}"))
    found = await all_holds(billing, SWITCH, limit)
    assert [(hold.account_id, hold.call_id) for hold in found] == expected


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_calls_that_have_expired_are_on_no_page(billing: Harness, limit: int) -> None:
    for number in range(1, 6):
        await opened(billing, f"acc_c{number}", left="10.00")
        await authorize(billing, call_id="old", account_id=f"acc_c{number}")
    billing.clock.forward(seconds=600)
    assert await all_holds(billing, SWITCH, limit) == []
    await authorize(billing, call_id="new", account_id="acc_c5")
    found = await all_holds(billing, SWITCH, limit)
    assert [(hold.account_id, hold.call_id) for hold in found] == [("acc_c5", "new")]


async def test_everybody_sees_the_calls_of_their_own_and_of_those_below(billing: Harness) -> None:
    await opened(billing, "acc_c1")
    await opened(billing, "acc_c2")
    for account_id in ("acc_c1", "acc_c2"):
        await authorize(billing, account_id=account_id)
    for asker, accounts in (
        (OPERATOR, ["acc_c1", "acc_c2"]),
        (RESELLER, ["acc_c1", "acc_c2"]),
        (CUSTOMER, ["acc_c1"]),
        (OTHER_RESELLER, []),
        (THEIRS, []),
    ):
        assert [hold.account_id for hold in await all_holds(billing, asker)] == accounts
    one = ListCallHolds(account_id="acc_c2")
    assert [hold.account_id for hold in (await billing.ask(one, SWITCH)).data] == ["acc_c2"]
    assert (await billing.ask(one, CUSTOMER)).data == ()
    assert (await billing.ask(one, OTHER_RESELLER)).data == ()
    cursor = ListCallHolds(cursor="x")
    assert (await billing.problem(cursor, SWITCH)).code == "invalid-cursor"


# --- calls that come in -----------------------------------------------------------------------


@pytest.mark.parametrize("written", [OWN, OWN[1:], f"00{OWN[1:]}", " 1 (415) 555-0142"])
async def test_a_call_finds_the_account_of_its_number(billing: Harness, written: str) -> None:
    await opened(billing, numbers=[OWN])
    route = await billing.ask(FindCallRoute(number=written), SWITCH)
    assert route == CallRoute(
        number=OWN,
        account_id="acc_c1",
        realm="acc_c1.test",
        state="active",
        inbound=InboundTerms(rate=0),
    )


async def test_the_route_says_in_which_state_the_account_is(billing: Harness) -> None:
    await opened(billing, numbers=[OWN])
    about = {"account_id": "acc_c1", "reseller_id": "acc_r1"}

    async def state() -> str:
        return (await billing.ask(FindCallRoute(number=OWN), SWITCH)).state

    await billing.hear(AccountDisabled.model_validate({**about, "version": 7, "reason": "x"}))
    assert await state() == "disabled"
    await billing.hear(AccountEnabled.model_validate({**about, "version": 8}))
    await billing.hear(AccountSuspended.model_validate({**about, "version": 9}))
    assert await state() == "suspended"
    await billing.hear(AccountEnabled.model_validate({**about, "version": 10}))
    above = {"account_id": "acc_r1", "reseller_id": "platform", "version": 7, "reason": "x"}
    await billing.hear(AccountDisabled.model_validate(above))
    assert await state() == "disabled"
    await billing.hear(AccountClosed.model_validate({**about, "version": 11, "name": "Northwind"}))
    problem = await billing.problem(FindCallRoute(number=OWN), SWITCH)
    assert problem.code == "not-found", "its numbers are nobody's any more"


@pytest.mark.parametrize("number", [NOBODYS, "", "911", "104", "+999", "x" * 64])
async def test_a_number_that_nobody_has_leads_nowhere(billing: Harness, number: str) -> None:
    await opened(billing, numbers=[OWN])
    assert (await billing.problem(FindCallRoute(number=number), SWITCH)).code == "not-found"


async def test_a_switch_finds_no_number_of_an_account_that_it_does_not_serve(
    billing: Harness,
) -> None:
    await opened(billing, numbers=[OWN])
    for asker in (THEIRS, OTHER_RESELLER):
        assert (await billing.problem(FindCallRoute(number=OWN), asker)).code == "not-found"


async def come_in(billing: Harness, destination: str = OWN, **fields: object) -> CallAuthorization:
    """Ask for a call that comes in to a number."""
    asked = {"call_id": "call-1", "direction": "in", "destination": destination, **fields}
    return await billing.ask(AuthorizeCall.model_validate(asked), SWITCH)


async def test_a_call_that_comes_in_is_free_and_its_numbers_accounts(billing: Harness) -> None:
    await opened(billing, left="0", numbers=[OWN])
    for named in ({}, {"account_id": "acc_c1"}, {"realm": "acc_c1.test"}):
        granted = await come_in(billing, requested_seconds=1_800, **named)
        assert (granted.granted, granted.account_id, granted.kind) == (True, "acc_c1", "inbound")
        assert (granted.rate, granted.seconds) == (0, 1_800)
    assert (await extend(billing, total_seconds=3_600)).seconds == 3_600
    assert await held(billing) == 0
    (hold,) = (await billing.ask(ListCallHolds(), SWITCH)).data
    assert (hold.kind, hold.destination) == ("inbound", OWN)


async def test_a_call_that_goes_out_to_the_number_of_a_call_that_came_in_is_another(
    billing: Harness,
) -> None:
    await opened(billing, left="1.00", numbers=[OWN], domestic_policy="rated")
    await come_in(billing)
    out = await authorize(billing, OWN)
    assert (out.kind, out.rate, out.seconds) == ("domestic", micros("0.01"), 300)
    assert await held(billing) == micros("0.05")


async def test_a_number_of_another_account_makes_no_call_free(billing: Harness) -> None:
    await opened(billing, left="0", numbers=[OWN])
    await opened(billing, "acc_c2", left="0", numbers=[ANOTHERS])
    for destination in (ANOTHERS, NOBODYS, UK, "911", "104", "x"):
        refused = await come_in(billing, destination, account_id="acc_c1")
        assert refused == refused_as("invalid-destination")
    assert await come_in(billing, NOBODYS) == refused_as("account-not-found")
    asked = {"call_id": "call-1", "direction": "in", "destination": OWN}
    theirs = await billing.ask(AuthorizeCall.model_validate(asked), THEIRS)
    assert theirs == refused_as("account-not-found")


async def test_a_disabled_account_has_no_calls_come_in(billing: Harness) -> None:
    await opened(billing, numbers=[OWN])
    about = {"account_id": "acc_c1", "reseller_id": "acc_r1", "version": 7, "reason": "x"}
    await billing.hear(AccountDisabled.model_validate(about))
    assert (await come_in(billing)).reason == "account-disabled"


async def test_a_record_of_a_call_that_came_in_costs_nothing_and_frees_what_is_held(
    billing: Harness,
) -> None:
    world = World(billing)
    await opened(billing, left="1.00", numbers=[OWN], domestic_policy="rated")
    await come_in(billing)
    told = record("call-1", destination=OWN, direction="in", caller="+442079460999")
    wrong = record("call-2", destination=NOBODYS, direction="in")
    for _ in range(2):
        await world.charger.charge([told, wrong])
    (entry,) = await world.calls()
    assert (entry.amount, entry.text) == (0, "Call from +442079460999")
    assert entry.call is not None
    assert entry.call.notes is not None
    assert entry.call.notes.direction == "in"
    (repair,) = await world.repairs()
    assert (repair["call_id"], repair["reason"]) == ("call-2", "invalid-destination")
    assert (await world.billing_account())["holds"] == []
