"""What follows from charges when their process stalls, dies or has others beside it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
from pymongo.errors import AutoReconnect

from contracts.billing import AddCredit, AuthorizeCall, CallsCharged, CreditOrder
from contracts.values import micros
from services.billing.audit.model.chain import Chain
from services.billing.charging.lanes.charger import Charger
from services.billing.charging.lanes.post_commit import CommittedCharges, Followup
from services.billing.charging.model.call import CallCharge
from services.billing.charging.store import charging, intents
from services.billing.charging.store.intents import Intent
from services.billing.ledger.model.call_facts import CallFacts
from services.billing.ledger.model.ledger import Entry
from services.chassis.database import Writer
from tests.billing.charging.test_authorize import SWITCH
from tests.billing.charging_world import ANSWERED, World, record, records
from tests.billing.conftest import audit
from tests.harness import RESELLER, Harness

insert = charging.insert


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with one account; its ledger must pass the audit whatever was done to it."""
    world = World(billing)
    await world.open()
    yield world
    assert await audit(billing) == []


async def later(world: World) -> None:
    """Let another process look after intents, once they are old enough."""
    world.billing.clock.forward(seconds=31)
    await Followup(world.running).take_over(world.billing.database.writer())


def announced(world: World) -> Counter[str]:
    """Return how often each call was announced to those who take each message id once."""
    taken: dict[str, bytes] = {}
    for message in world.bus.published:
        if message.type == CallsCharged.topic:
            taken.setdefault(message.message_id, message.body)
    events = map(CallsCharged.model_validate_json, taken.values())
    return Counter(call.call_id for event in events for call in event.calls)


async def test_a_batch_that_stalls_half_way_is_not_announced_by_another_before_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_way, go_on = asyncio.Event(), asyncio.Event()

    async def insert_slowly(db: Writer, intent: Intent, charged: Sequence[CallCharge]) -> int:
        stand = await insert(db, intent, charged[:10])
        half_way.set()
        await go_on.wait()
        return stand + await insert(db, intent, charged[10:])

    monkeypatch.setattr(charging, "insert", insert_slowly)
    stalled = asyncio.create_task(world.charger.charge(records(range(60))))
    await half_way.wait()
    await later(world)
    go_on.set()
    await stalled
    await later(world)
    assert announced(world) == Counter(f"call-{number}" for number in range(60))
    assert await world.intents() == 0


async def test_a_batch_that_died_half_way_is_announced_once_others_have_charged_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die_half_way(db: Writer, intent: Intent, charged: Sequence[CallCharge]) -> int:
        await insert(db, intent, charged[:10])
        raise AutoReconnect

    monkeypatch.setattr(charging, "insert", die_half_way)
    with pytest.raises(AutoReconnect):
        await world.charger.charge(records(range(60)))
    monkeypatch.undo()
    await later(world)
    assert announced(world) == Counter()
    await world.another_charger().charge(records(range(60)))
    await later(world)
    assert announced(world) == Counter(f"call-{number}" for number in range(60))
    assert await world.intents() == 0


async def test_an_intent_whose_calls_nobody_charges_is_given_up_in_the_end(world: World) -> None:
    db = world.billing.database.writer()
    await intents.intend(db, Intent("dead", ("call:never",), {}))
    await later(world)
    assert await world.intents() == 1
    world.billing.clock.forward(minutes=5)
    await later(world)
    assert await world.intents() == 0


async def test_a_call_that_nobody_answered_holds_nothing_although_its_process_died(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = AuthorizeCall(
        call_id="call-1", account_id="acc_c1", destination="+442079460321", requested_seconds=60
    )
    await world.billing.ask(query, SWITCH)

    async def die(_: Followup, charges: CommittedCharges) -> None:
        del charges

    monkeypatch.setattr(Followup, "add", die)
    await world.charger.commit([record(seconds=0, answered_at=None)])
    assert len((await world.billing_account())["holds"]) == 1
    await later(world)
    assert (await world.billing_account())["holds"] == []
    assert await world.intents() == 0


async def test_a_night_of_renewals_does_not_hold_up_a_batch_account_by_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_ids = [f"acc_n{number}" for number in range(40)]
    for account_id in account_ids:
        await world.open(account_id)
    batch = [record(f"before-{one}", account_id=one) for one in account_ids]
    await world.charger.charge(batch)
    credit = CreditOrder(amount=micros("1.00"))
    for account_id in account_ids:
        await world.billing.ask(AddCredit(account_id=account_id, credit=credit), RESELLER)
    inserts = 0

    async def count(db: Writer, intent: Intent, charged: Sequence[CallCharge]) -> int:
        nonlocal inserts
        inserts += 1
        return await insert(db, intent, charged)

    monkeypatch.setattr(charging, "insert", count)
    await world.charger.charge([record(f"after-{one}", account_id=one) for one in account_ids])
    assert inserts == 2


async def test_a_fault_in_what_follows_is_not_blamed_on_the_next_records(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: object) -> None:
        raise LookupError("a fault of ours")

    monkeypatch.setattr(Followup, "see_through", break_down)
    await world.charger.charge(records([1]))
    monkeypatch.undo()
    for number in range(2, 8):
        await world.charger.commit(records([number]))
    await world.charger.finish()
    await later(world)
    assert announced(world) == Counter(f"call-{number}" for number in range(1, 8))


async def test_one_call_told_of_in_a_hundred_ways_is_charged_once(world: World) -> None:
    told = [record(seconds=seconds) for seconds in range(1, 101)]
    await Charger(world.running).charge([*told, *told])
    assert len(await world.calls()) == 1
    assert {repair["reason"] for repair in await world.repairs()} == {"conflict"}
    assert len(await world.repairs()) == 99


@pytest.mark.parametrize(
    ("free", "change", "words"),
    [
        (60, {"IN": 17_940}, ""),
        (60, {"IN": 18_000}, "does not carry on the totals or bundles"),
        (0, {"IN": 17_940}, "does not carry on the totals or bundles"),
        (60, {"IN": 17_940, "GB": 60}, "does not carry on the totals or bundles"),
        (18_060, {"IN": -60}, "does not carry on the totals or bundles"),
    ],
)
def test_the_audit_sees_a_bundle_that_a_call_did_not_use_as_it_says(
    free: int, change: dict[str, int], words: str
) -> None:
    credit = Entry(
        key="credit",
        type="credit",
        amount=5,
        text="",
        account_id="acc_1",
        seq=1,
        at=ANSWERED,
        balance_after=5,
        seconds_after={"IN": 18_000},
        cause="",
        actor="",
    )
    facts = CallFacts(
        answered_at=ANSWERED,
        caller="",
        destination="",
        country="IN",
        seconds=60,
        rated_seconds=0,
        free_seconds=free,
        rate=0,
    )
    called = credit.model_copy(
        update={"seq": 2, "amount": 0, "type": "call", "call": facts, "seconds_after": change}
    )
    fault = Chain(account_id="acc_1").after(credit).after(called).fault
    assert words in fault
    assert bool(words) == bool(fault)
