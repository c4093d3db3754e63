"""What follows from a batch of charges holds up no other's, and happens whatever clocks say."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from aio_pika.exceptions import DeliveryError
from pamqp.commands import Basic
from prometheus_client import REGISTRY

from contracts.billing import AuthorizeCall, CallsCharged, Overdraft
from services.billing.charging.lanes.post_commit import CommittedCharges, Followup
from services.billing.charging.store import charging, intents
from services.chassis import wire
from services.chassis.database import Writer
from tests.billing.charging.test_authorize import SWITCH
from tests.billing.charging_world import World, record
from tests.billing.conftest import audit
from tests.harness import Harness

ACCOUNTS = ("acc_c1", "acc_c2")
EMOJI = "\N{TELEPHONE RECEIVER}\N{GRINNING FACE}" * 60
DEAR = {"seconds": 20_000, "destination": "+442079460321"}


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with two accounts; its ledgers must pass the audit whatever was done to them."""
    world = World(billing)
    for account_id in ACCOUNTS:
        await world.open(account_id)
    yield world
    assert await audit(billing) == []


def reader(world: World) -> Writer:
    """Return what background work works with."""
    return world.billing.database.writer()


class Broken:
    """A broker that does not take what is told of one account."""

    def __init__(self, world: World, account_id: str, error: Exception) -> None:
        self._world = world
        self._account_id = account_id
        self._publish = world.bus.publish
        self._error = error

    async def publish(self, message: wire.Envelope) -> None:
        """Take a message of any other account."""
        if self._account_id.encode() in message.body:
            raise self._error
        await self._publish(message)


def announced(world: World) -> list[str]:
    """Return the accounts whose calls were announced."""
    events = world.bus.events(CallsCharged)
    return sorted(call.account_id for event in events for call in event.calls)


async def test_messages_of_a_call_with_a_long_id_are_those_that_a_broker_takes(
    world: World,
) -> None:
    assert len(EMOJI) == 120
    await world.charger.charge([record(EMOJI, **DEAR), record(account_id="acc_c2")])
    ids = [(m.message_id, m.correlation_id, m.routing_key) for m in world.bus.published]
    assert max(len(text.encode()) for texts in ids for text in texts) <= wire.SHORT_TEXT_BYTES_MAX
    assert len(world.bus.events(Overdraft)) == 1
    assert await world.intents() == 0


@pytest.mark.parametrize("error", [ValueError("no"), DeliveryError(None, Basic.Nack())])
async def test_charges_that_cannot_be_announced_hold_up_no_others(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(world.bus, "publish", Broken(world, "acc_c1", error).publish)
    for account_id in ACCOUNTS:
        await world.charger.commit([record(account_id=account_id)])
    await world.charger.finish()
    assert announced(world) == ["acc_c2"]
    assert await world.intents() == 1
    await world.charger.commit([record("call-2", account_id="acc_c2")])
    world.billing.clock.forward(seconds=31)
    await world.followup.take_over(reader(world))
    assert await world.intents() == 1
    monkeypatch.undo()
    world.billing.clock.forward(seconds=31)
    await world.followup.take_over(reader(world))
    assert announced(world) == ["acc_c1", "acc_c2", "acc_c2"]
    assert await world.intents() == 0


async def test_intents_that_are_taken_over_are_seen_through_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(_: Followup, charges: CommittedCharges) -> None:
        del charges

    monkeypatch.setattr(Followup, "add", die)
    for account_id in ACCOUNTS:
        await world.charger.commit([record(account_id=account_id)])
    monkeypatch.setattr(world.bus, "publish", Broken(world, "acc_c1", ValueError("no")).publish)
    world.billing.clock.forward(seconds=31)
    await world.followup.take_over(reader(world))
    assert announced(world) == ["acc_c2"]
    monkeypatch.undo()
    world.billing.clock.forward(seconds=31)
    await world.followup.take_over(reader(world))
    assert announced(world) == [*ACCOUNTS]


async def test_an_intent_that_is_old_is_a_fault_and_a_metric(world: World) -> None:
    world.bus.away = True
    await world.charger.charge([record()])
    world.billing.clock.forward(seconds=61)
    await world.followup.take_over(reader(world))
    assert REGISTRY.get_sample_value("accounts_manager_intent_oldest_seconds") == pytest.approx(61)
    (fault,) = await audit(world.billing)
    assert fault.endswith("not shown, released and announced after a minute")
    world.bus.away = False
    world.billing.clock.forward(seconds=31)
    await world.followup.take_over(reader(world))
    assert REGISTRY.get_sample_value("accounts_manager_intent_oldest_seconds") == 0
    assert await audit(world.billing) == []


# --- clocks that jump ------------------------------------------------------------------------


async def test_an_intent_of_a_clock_that_had_jumped_is_taken_over_at_once(world: World) -> None:
    right = world.billing.clock()
    world.billing.clock.forward(days=1)
    world.bus.away = True
    await world.charger.charge([record()])
    world.billing.clock.now = right
    world.bus.away = False
    await world.followup.take_over(reader(world))
    assert announced(world) == ["acc_c1"]
    assert await world.intents() == 0


async def test_an_intent_of_a_clock_that_had_jumped_is_not_given_up_while_its_process_works(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = world.billing.clock()
    insert = charging.insert

    async def insert_late(
        db: Writer, intent: intents.Intent, charged: Sequence[charging.CallCharge]
    ) -> int:
        world.billing.clock.now = right
        for _ in range(2):
            await world.followup.take_over(reader(world))
            world.billing.clock.forward(minutes=4)
        assert await world.intents() == 1
        return await insert(db, intent, charged)

    monkeypatch.setattr(charging, "insert", insert_late)
    world.billing.clock.forward(days=1)
    await world.charger.charge([record()])
    assert announced(world) == ["acc_c1"]


async def test_a_process_that_died_in_the_future_has_no_share_of_the_calls(world: World) -> None:
    right = world.billing.clock()
    world.billing.clock.forward(days=1)
    await intents.beat(reader(world), "dead")
    world.billing.clock.now = right
    assert await intents.beat(reader(world), "alive") == ["alive"]
    assert await world.billing.database.documents("processes").count({}) == 1


async def test_a_hold_of_a_clock_that_had_jumped_is_freed_with_the_others(world: World) -> None:
    query = AuthorizeCall(
        call_id="call-1", account_id="acc_c1", destination="+442079460321", requested_seconds=60
    )
    right = world.billing.clock()
    world.billing.clock.forward(days=1)
    assert (await world.billing.ask(query, SWITCH)).granted
    world.billing.clock.now = right + timedelta(minutes=1)
    await world.billing.run_jobs()
    assert (await world.billing_account())["holds"] == []
