"""Charging: each call once, whatever comes twice, late, broken, or at the same time as others."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.billing import (
    AddCredit,
    AuthorizeCall,
    BalanceLow,
    BundleExhausted,
    CallRejected,
    CallsCharged,
    CreditOrder,
    FindBalance,
    Overdraft,
    RetryRejectedCall,
)
from contracts.values import micros
from services.billing.charging.lanes.lanes import shares_of
from services.billing.charging.lanes.records import Malformed, read
from tests.billing.charging.test_authorize import SWITCH
from tests.billing.charging_world import ANSWERED, GERMANY, World, record, records
from tests.billing.conftest import audit, balance_of, import_rates
from tests.harness import OPERATOR, RESELLER, Harness


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with one account; its ledger must pass the audit whatever was done to it."""
    world = World(billing)
    await world.open()
    yield world
    assert await audit(billing) == []


async def test_a_call_is_charged_and_announced(world: World) -> None:
    await world.charger.charge([record()])
    (entry,) = await world.calls()
    assert (entry.amount, entry.balance_after) == (-micros("0.25"), micros("9.75"))
    assert (entry.cause, entry.type, entry.actor) == ("call-1", "call", "switch")
    assert await balance_of(world.billing) == micros("9.75")
    ((call,),) = [event.calls for event in world.bus.events(CallsCharged)]
    assert (call.call_id, call.cost, call.rated_seconds) == ("call-1", micros("0.25"), 120)
    assert (call.country, call.reseller_id) == ("GB", "acc_r1")
    assert await world.intents() == 0


async def test_a_record_that_comes_again_changes_nothing(world: World) -> None:
    await world.charger.charge([record(), record()])
    await world.charger.charge([record()])
    await world.another_charger().charge(records([1, 2]))
    assert [entry.cause for entry in await world.calls()] == ["call-1", "call-2"]
    assert len(world.bus.events(CallsCharged)) == 2
    assert await world.repairs() == []


async def test_a_record_with_other_facts_is_kept_apart(world: World) -> None:
    await world.charger.charge([record(), record(seconds=600)])
    await world.another_charger().charge([record(destination=GERMANY)])
    assert len(await world.calls()) == 1
    assert [repair["reason"] for repair in await world.repairs()] == ["conflict", "conflict"]
    assert len(await world.billing.sent(CallRejected)) == 2


async def test_a_charge_frees_what_was_held_for_the_call(world: World) -> None:
    query = AuthorizeCall(
        call_id="call-1", account_id="acc_c1", destination="+442079460321", requested_seconds=600
    )
    await world.billing.ask(query, SWITCH)
    balance = await world.billing.ask(FindBalance(account_id="acc_c1"), RESELLER)
    assert (balance.held, balance.available) == (micros("0.40"), micros("9.60"))
    await world.charger.charge([record()])
    balance = await world.billing.ask(FindBalance(account_id="acc_c1"), RESELLER)
    assert (balance.held, balance.available) == (0, micros("9.75"))


async def test_a_call_that_nobody_answered_frees_its_hold_and_costs_nothing(world: World) -> None:
    query = AuthorizeCall(
        call_id="call-1", account_id="acc_c1", destination="+442079460321", requested_seconds=600
    )
    await world.billing.ask(query, SWITCH)
    await world.charger.charge([record(seconds=0, answered_at=None)])
    assert (await world.billing_account())["holds"] == []
    assert await world.calls() == []


async def test_a_bundle_is_used_up_before_the_credit(world: World) -> None:
    await world.open("acc_c2", credit="1.00", minutes={"DE": 2})
    call = {"account_id": "acc_c2", "destination": GERMANY}
    await world.charger.charge([record("a", **call, seconds=70), record("b", **call, seconds=120)])
    first, second = await world.calls("acc_c2")
    assert (first.amount, first.seconds_after) == (0, {"DE": 50})
    assert (second.amount, second.seconds_after) == (-micros("0.1167"), {"DE": 0})
    assert second.call is not None
    assert (second.call.rated_seconds, second.call.free_seconds) == (70, 50)
    (exhausted,) = world.bus.events(BundleExhausted)
    assert (exhausted.account_id, exhausted.country, exhausted.seq) == ("acc_c2", "DE", 3)


async def test_a_balance_that_falls_is_told_once_and_again_after_credit(world: World) -> None:
    await world.charger.charge(records(range(3), seconds=1_800))
    assert [low.seq for low in world.bus.events(BalanceLow)] == []
    await world.charger.charge(records(range(3, 8), seconds=1_800))
    assert [low.seq for low in world.bus.events(BalanceLow)] == [5]
    assert [over.balance_after for over in world.bus.events(Overdraft)] == [-micros("1.55")]
    credit = AddCredit(account_id="acc_c1", credit=CreditOrder(amount=micros("9.00")))
    await world.billing.ask(credit, RESELLER)
    await world.charger.charge(records([9], seconds=1_800))
    assert [low.seq for low in world.bus.events(BalanceLow)] == [5, 11]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"account_id": "acc_nobody"}, "unknown-account"),
        ({"account_id": None, "realm": "nobody.test"}, "unknown-account"),
        ({"destination": "+999"}, "invalid-destination"),
        ({"destination": "+33142685300"}, "no-rate"),
    ],
)
async def test_what_cannot_be_charged_waits_for_repair(
    world: World, fields: dict[str, object], reason: str
) -> None:
    await world.charger.charge([record("good"), record("bad", **fields)])
    await world.another_charger().charge([record("bad", **fields)])
    (repair,) = await world.repairs()
    assert (repair["reason"], repair["call_id"], repair["status"]) == (reason, "bad", "waiting")
    (rejected,) = await world.billing.sent(CallRejected)
    assert rejected.rejected_call_id == repair["_id"]
    assert [entry.cause for entry in await world.calls()] == ["good"]


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        (timedelta(minutes=6), "implausible-time"),
        (timedelta(minutes=-6), "implausible-time"),
        (timedelta(days=-365), "too-late"),
        (timedelta(days=-365 * 1_900), "too-late"),
        (timedelta(days=365 * 6_000), "implausible-time"),
    ],
    ids=["ahead", "before the account", "last year", "year 126", "year 8026"],
)
async def test_a_call_answered_when_it_cannot_have_been_is_not_charged(
    world: World, off: timedelta, reason: str
) -> None:
    await world.hold("call-1")
    await world.charger.charge([record(answered_at=ANSWERED + off)])
    (repair,) = await world.repairs()
    assert (repair["reason"], repair["call_id"]) == (reason, "call-1")
    assert await world.calls() == []
    assert (await world.billing_account())["holds"] == [], "the call is over"


async def test_a_clock_of_a_switch_may_be_minutes_off(world: World) -> None:
    late, early = timedelta(minutes=-5), timedelta(minutes=5)
    await world.charger.charge([record("a", answered_at=ANSWERED + late)])
    await world.charger.charge([record("b", answered_at=ANSWERED + early)])
    assert [entry.cause for entry in await world.calls()] == ["a", "b"]


async def test_a_realm_is_the_same_in_whatever_case_it_is_written(world: World) -> None:
    assert (await world.billing_account())["realm"] == "acc_c1.test"
    await world.charger.charge([record(account_id=None, realm="ACC_c1.Test")])
    assert [entry.cause for entry in await world.calls()] == ["call-1"]
    query = AuthorizeCall(
        call_id="call-2", realm="Acc_C1.TEST", destination="+442079460321", requested_seconds=60
    )
    assert (await world.billing.ask(query, SWITCH)).account_id == "acc_c1"


async def test_a_rejected_call_is_charged_when_it_is_retried_and_there_is_a_rate(
    world: World,
) -> None:
    await world.charger.charge([record(destination="+33142685300")])
    (kept,) = await world.repairs()
    for added, status in ((False, "waiting"), (True, "charged")):
        if added:
            sheet_id = (await world.billing_account())["terms"][0]["rate_sheet_id"]
            await import_rates(world.billing, _Named(sheet_id), "prefix,rate\n33,0.10\n")  # pyright: ignore[reportArgumentType] - only its id is read
        await world.billing.ask(RetryRejectedCall(rejected_call_id=kept["_id"]), OPERATOR)
        await world.retry()
        assert (await world.repairs())[0]["status"] == status
        world.billing.clock.forward(seconds=60)
        world.billing.database.memories.clear()
    assert len(await world.calls()) == 1


class _Named:
    def __init__(self, sheet_id: str) -> None:
        self.id = sheet_id


async def test_credit_in_between_is_no_hindrance(world: World) -> None:
    await world.charger.charge(records([1]))
    credit = AddCredit(account_id="acc_c1", credit=CreditOrder(amount=micros("5.00")))
    await world.billing.ask(credit, RESELLER)
    await world.charger.charge(records([2, 3]))
    assert await balance_of(world.billing) == micros("14.25")


async def test_two_lanes_that_charge_the_same_account_at_once_lose_nothing(world: World) -> None:
    chargers = [world.charger, world.another_charger(), world.another_charger()]
    batches = [records(range(start, start + 40)) for start in range(0, 120, 20)]
    await asyncio.gather(
        *(chargers[n % 3].charge(batch) for n, batch in enumerate(batches)),
        *(
            world.billing.ask(
                AddCredit(account_id="acc_c1", credit=CreditOrder(amount=micros("1.00"))), RESELLER
            )
            for _ in range(10)
        ),
    )
    assert len(await world.calls()) == 140
    assert await balance_of(world.billing) == micros("20.00") - 140 * micros("0.25")
    announced = [call.call_id for event in world.bus.events(CallsCharged) for call in event.calls]
    assert sorted(announced) == sorted({f"call-{n}" for n in range(140)})


async def test_what_was_charged_is_announced_later_when_the_broker_was_away(world: World) -> None:
    world.bus.away = True
    await world.charger.charge(records(range(60)))
    assert await world.intents() == 1
    world.bus.away = False
    db = world.billing.database.writer()
    await world.followup.take_over(db)
    assert await world.intents() == 1, "a young intent is its own process's"
    world.billing.clock.forward(seconds=31)
    await world.followup.take_over(world.billing.database.writer())
    assert await world.intents() == 0
    sizes = [len(event.calls) for event in world.bus.events(CallsCharged)]
    assert sizes == [50, 10]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_records_in_any_order_any_number_of_times_are_charged_once(
    world: World, data: st.DataObject
) -> None:
    number = await world.billing.database.documents("ledger").count({})
    sent = [
        record(f"{number}-{n}", seconds=data.draw(st.integers(1, 300)), destination=destination)
        for n, destination in enumerate(
            data.draw(st.lists(st.sampled_from([GERMANY, "+447912345678", "+12125550199"])))
        )
    ]
    deliveries = data.draw(st.permutations(sent + sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(deliveries)), max_size=4)))
    starts, ends = [0, *cuts], [*cuts, len(deliveries)]
    chargers = [world.charger, world.another_charger()]
    for position, (start, end) in enumerate(zip(starts, ends, strict=True)):
        await chargers[position % 2].charge(deliveries[start:end])
    causes = [entry.cause for entry in await world.calls()]
    assert len(causes) == len(set(causes))
    assert {one.call_id for one in sent} <= set(causes)
    assert await world.repairs() == []


def test_a_message_holds_one_record_or_a_list_of_them() -> None:
    body = record().model_dump_json()
    assert read(body.encode()) == [record()]
    assert read(f"[{body},{body}]".encode()) == [record(), record()]
    bad = body.replace('"seconds":120', '"seconds":-1')
    good, malformed = read(f"[{body},{bad}]".encode())
    assert good == record()
    assert isinstance(malformed, Malformed)
    assert "seconds" in malformed.detail


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"[7]", b'["x"]', b"[" + b"{}," * 100])
def test_a_message_that_is_no_record_is_refused_whole(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


def test_every_shard_belongs_to_exactly_one_of_the_processes_that_live() -> None:
    for number in range(1, 12):
        alive = [f"process {n}" for n in range(number)]
        shares = [shares_of(process, alive) for process in alive]
        assert sorted(shard for share in shares for shard in share) == list(range(8))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert shares_of("gone", ["process 1"]) == set()
