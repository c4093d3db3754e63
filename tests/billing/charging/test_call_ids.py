"""A call id is its account's: others use the same one, and nothing of theirs crosses."""

from collections.abc import AsyncIterator

import pytest

from contracts.billing import AuthorizeCall, CallsCharged, ExtendCall, ReleaseCall
from contracts.values import micros
from services.billing.charging.lanes.post_commit import CommittedCharges, Followup
from services.billing.charging.model.call import old_entry_key
from services.billing.charging.store import intents
from services.billing.charging.store.intents import Intent
from services.billing.ledger.store.ledger import LEDGER
from services.chassis.principal import Principal
from tests.billing.charging.test_authorize import SWITCH
from tests.billing.charging_world import GERMANY, UK, World, record
from tests.billing.conftest import audit
from tests.harness import Harness

ACCOUNTS = ("acc_c1", "acc_c2")
OWN_SWITCH = Principal(id="key_s1", account_id="acc_r1", parent_id="platform", role="switch")


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with two accounts; its ledgers must pass the audit whatever was done to them."""
    world = World(billing)
    for account_id in ACCOUNTS:
        await world.open(account_id)
    yield world
    assert await audit(billing) == []


async def ask_for(
    world: World, account_id: str, *, call_id: str = "call-1", destination: str = UK
) -> str | None:
    """Ask for a call, and return why it may not be made."""
    query = AuthorizeCall(
        call_id=call_id, account_id=account_id, destination=destination, requested_seconds=3_600
    )
    return (await world.billing.ask(query, SWITCH)).reason


async def held(world: World) -> dict[str, list[int]]:
    """Return for how many seconds the calls of each account hold something."""
    accounts = {account_id: await world.billing_account(account_id) for account_id in ACCOUNTS}
    return {
        account_id: [hold["seconds"] for hold in account["holds"]]
        for account_id, account in accounts.items()
    }


async def make_old(world: World, account_id: str = "acc_c1") -> None:
    """Turn the entry of an account's call into what was written when its id alone was the key."""
    ledger = world.billing.database.documents(LEDGER)
    entry = await ledger.find_one({"account_id": account_id, "type": "call"})
    assert entry is not None
    assert await ledger.delete({"_id": entry["_id"]})
    await ledger.insert({**entry, "_id": old_entry_key(entry["cause"])})
    world.billing.database.memories.clear()


# --- charging --------------------------------------------------------------------------------


async def test_two_accounts_with_the_same_call_id_are_both_charged_and_hold_nothing(
    world: World,
) -> None:
    for account_id in ACCOUNTS:
        assert await ask_for(world, account_id) is None
    batch = [record(account_id=one, seconds=60 * at) for at, one in enumerate(ACCOUNTS, 1)]
    await world.charger.charge(batch)
    await world.another_charger().charge(batch[::-1])
    amounts = {one: [entry.amount for entry in await world.calls(one)] for one in ACCOUNTS}
    assert amounts == {"acc_c1": [-micros("0.20")], "acc_c2": [-micros("0.25")]}
    assert await held(world) == {"acc_c1": [], "acc_c2": []}
    assert await world.repairs() == []
    told = [call for event in world.bus.events(CallsCharged) for call in event.calls]
    assert sorted(call.account_id for call in told) == [*ACCOUNTS]


async def test_a_call_with_other_facts_frees_its_hold_and_no_other_accounts(world: World) -> None:
    await world.charger.charge([record()])
    for account_id in ACCOUNTS:
        await ask_for(world, account_id, call_id="call-2")
    await world.charger.charge([record("call-2"), record("call-2", seconds=7)])
    assert await held(world) == {"acc_c1": [], "acc_c2": [300]}
    assert [repair["reason"] for repair in await world.repairs()] == ["conflict"]


async def test_a_conflict_frees_the_hold_that_a_process_left_behind_as_it_died(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(_: Followup, charges: CommittedCharges) -> None:
        del charges

    await ask_for(world, "acc_c1")
    monkeypatch.setattr(Followup, "add", die)
    await world.another_charger().charge([record(seconds=7)])
    monkeypatch.undo()
    await world.charger.charge([record()])
    assert await held(world) == {"acc_c1": [], "acc_c2": []}
    world.billing.clock.forward(seconds=31)
    await world.followup.take_over(world.billing.database.writer())


async def test_a_record_that_cannot_be_rated_frees_its_hold_for_its_call_has_ended(
    world: World,
) -> None:
    await ask_for(world, "acc_c1")
    await world.charger.charge([record(destination="+33142685300")])
    assert (await held(world))["acc_c1"] == []


# --- entries and intents of before -----------------------------------------------------------


async def test_a_call_that_was_charged_under_its_id_alone_is_not_charged_again(
    world: World,
) -> None:
    await world.charger.charge([record()])
    await make_old(world)
    charger = world.another_charger()
    await charger.charge([record()])
    await charger.charge([record(seconds=7)])
    assert len(await world.calls()) == 1
    assert [repair["reason"] for repair in await world.repairs()] == ["conflict"]
    assert await ask_for(world, "acc_c1") == "call-already-charged"


async def test_the_old_key_of_another_account_stops_no_charge(world: World) -> None:
    await world.charger.charge([record(account_id="acc_c2")])
    await make_old(world, "acc_c2")
    assert await ask_for(world, "acc_c1") is None
    await world.another_charger().charge([record(), record(account_id="acc_c2")])
    assert [len(await world.calls(one)) for one in ACCOUNTS] == [1, 1]
    assert await held(world) == {"acc_c1": [], "acc_c2": []}


async def test_an_intent_of_before_is_seen_through_by_whoever_takes_it_over(world: World) -> None:
    await ask_for(world, "acc_c1")
    hold = (await world.billing_account())["holds"]
    await world.charger.charge([record()])
    await make_old(world)
    database = world.billing.database
    await database.documents("wallets").update({"_id": "acc_c1"}, {"$set": {"holds": hold}})
    entry = await database.documents(LEDGER).find_one({"_id": old_entry_key("call-1")})
    assert entry is not None
    intent = Intent(entry["batch"], (old_entry_key("call-1"),), {})
    await intents.intend(database.writer(), intent)
    world.bus.published.clear()
    world.billing.clock.forward(seconds=31)
    await world.followup.take_over(database.writer())
    assert await world.intents() == 0
    assert (await held(world))["acc_c1"] == []
    ((call,),) = [event.calls for event in world.bus.events(CallsCharged)]
    assert (call.call_id, call.account_id) == ("call-1", "acc_c1")


# --- asking for calls ------------------------------------------------------------------------


async def test_a_call_that_was_charged_is_not_authorised_again(world: World) -> None:
    assert await ask_for(world, "acc_c1") is None
    await world.charger.charge([record()])
    assert await ask_for(world, "acc_c1") == "call-already-charged"
    assert await ask_for(world, "acc_c2") is None
    world.billing.database.memories.clear()
    assert await ask_for(world, "acc_c1") == "call-already-charged"
    assert await held(world) == {"acc_c1": [], "acc_c2": [300]}


async def test_a_call_is_extended_and_released_in_its_account_alone(world: World) -> None:
    for account_id in ACCOUNTS:
        await ask_for(world, account_id)
    await world.billing.ask(ExtendCall(call_id="call-1", account_id="acc_c2"), SWITCH)
    assert await held(world) == {"acc_c1": [300], "acc_c2": [600]}
    await world.billing.ask(ExtendCall(call_id="call-1", realm="acc_c1.test"), OWN_SWITCH)
    assert await held(world) == {"acc_c1": [600], "acc_c2": [600]}
    await world.billing.ask(ReleaseCall(call_id="call-1", realm="acc_c2.test"), SWITCH)
    assert await held(world) == {"acc_c1": [600], "acc_c2": []}


async def test_without_an_account_the_one_open_hold_is_meant_and_never_one_of_several(
    world: World,
) -> None:
    for account_id in ACCOUNTS:
        await ask_for(world, account_id)
    for question in (ExtendCall(call_id="call-1"), ReleaseCall(call_id="call-1")):
        problem = await world.billing.problem(question, OWN_SWITCH)
        assert problem.code == "ambiguous-account"
    assert await held(world) == {"acc_c1": [300], "acc_c2": [300]}
    world.billing.clock.forward(seconds=200)
    await world.billing.ask(ExtendCall(call_id="call-1", account_id="acc_c2"), SWITCH)
    world.billing.clock.forward(seconds=311)  # the hold of the other has expired
    extended = await world.billing.ask(ExtendCall(call_id="call-1"), SWITCH)
    assert (extended.account_id, extended.seconds) == ("acc_c2", 900)


async def test_a_switch_finds_no_call_of_an_account_that_it_does_not_serve(world: World) -> None:
    await ask_for(world, "acc_c1")
    theirs = Principal(id="key_s2", account_id="acc_r2", parent_id="platform", role="switch")
    for named in ({}, {"account_id": "acc_c1"}, {"realm": "acc_c1.test"}):
        question = ExtendCall.model_validate({"call_id": "call-1", **named})
        assert (await world.billing.problem(question, theirs)).type == "not-found"
        await world.billing.ask(ReleaseCall.model_validate(question.model_dump()), theirs)
    assert await held(world) == {"acc_c1": [300], "acc_c2": []}


async def test_an_extension_for_what_is_held_already_is_granted_as_it_is(world: World) -> None:
    await ask_for(world, "acc_c1")
    for seconds in (1, 300):
        asked = ExtendCall(call_id="call-1", account_id="acc_c1", requested_seconds=seconds)
        answer = await world.billing.ask(asked, SWITCH)
        assert (answer.granted, answer.seconds, answer.max_seconds) == (True, 300, 300)


async def test_a_call_of_four_hours_is_refused_more_for_its_length(world: World) -> None:
    home = "+12125550142"
    assert await ask_for(world, "acc_c1", destination=home) is None
    while (await held(world))["acc_c1"] != [14_400]:
        await world.billing.ask(ExtendCall(call_id="call-1", account_id="acc_c1"), SWITCH)
    for seconds in (None, 14_401):
        asked = ExtendCall(call_id="call-1", requested_seconds=seconds)
        assert (await world.billing.ask(asked, SWITCH)).reason == "call-limit-reached"
    kept = ExtendCall(call_id="call-1", requested_seconds=14_400)
    assert (await world.billing.ask(kept, SWITCH)).seconds == 14_400


async def test_a_bundle_works_below_zero_and_no_second_more(world: World) -> None:
    await world.open("acc_c3", credit="1.00", minutes={"DE": 2, "GB": 0})
    await world.charger.charge([record("dear", account_id="acc_c3", seconds=3_600)])
    query = AuthorizeCall(
        call_id="call-1", account_id="acc_c3", destination=GERMANY, requested_seconds=600
    )
    answer = await world.billing.ask(query, SWITCH)
    assert (answer.seconds, answer.max_seconds) == (120, 120)
    assert await ask_for(world, "acc_c3", call_id="call-2") == "insufficient-credit"


async def test_the_audit_finds_a_hold_whose_call_has_ended(world: World) -> None:
    assert await ask_for(world, "acc_c1") is None
    await ask_for(world, "acc_c2")
    holds = {one: (await world.billing_account(one))["holds"] for one in ACCOUNTS}
    accounts = world.billing.database.documents("wallets")
    await world.charger.charge([record()])
    await accounts.update({"_id": "acc_c1"}, {"$set": {"holds": holds["acc_c1"]}})
    assert await audit(world.billing) == []
    world.billing.clock.forward(seconds=61)
    assert await audit(world.billing) == [
        "hold of acc_c1: 'call-1' was charged and still holds credit"
    ]
    await accounts.update({"_id": "acc_c1"}, {"$set": {"holds": []}})
    world.billing.clock.forward(hours=2)
    assert await audit(world.billing) == ["hold of acc_c2: 'call-1' expired and is still there"]
    await world.billing.run_jobs()
