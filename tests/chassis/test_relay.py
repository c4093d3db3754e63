"""What was committed is published at least once, whoever dies in between, and counted once."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.chassis import mongo, wire
from services.chassis.bus import Bus
from services.chassis.database import OUTBOX, RELAY_LEASE_SECONDS, Database, Transaction, Trigger
from services.chassis.mongo import Documents
from services.chassis.process import Process
from services.chassis.relay import Relay
from services.chassis.settings import Settings
from tests.chassis.conftest import running
from tests.chassis.service_for_tests import Add, Added, PassOn, service
from tests.harness import TestClock
from tests.waiting import eventually


async def wait(replica: Process, messages: int) -> bool:
    """Tell whether so many messages are committed but not yet published and forgotten."""
    return await replica.database.documents(OUTBOX).count({}) == messages


async def was_heard(replica: Process, total: str, times: int) -> bool:
    """Tell whether so many additions to a total were heard of."""
    found = await replica.database.documents("copies").find_one({"_id": total})
    return found is not None and found["times"] == times


async def test_an_event_whose_process_dies_before_it_forgets_it_is_sent_again_and_counted_once(
    settings: Settings, bus: Bus, total: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = TestClock(datetime.now(UTC))
    forget = Documents.delete

    async def die(_: Documents, __: object) -> int:
        raise mongo.PyMongoError("the process died here")

    sent: list[str] = []
    publish = Bus.publish

    async def noting(self: Bus, message: wire.Envelope) -> None:
        await publish(self, message)
        sent.append(message.message_id)

    monkeypatch.setattr(Bus, "publish", noting)
    monkeypatch.setattr(Documents, "delete", die)
    async with running(settings, clock) as first:
        await bus.ask(Add(to=total, amount=1))
        await eventually(lambda: was_heard(first, total, times=1))
        assert await wait(first, messages=1)
    monkeypatch.setattr(Documents, "delete", forget)
    async with running(settings, clock) as second:
        # Its lease has not ended, so for all the second knows the first still publishes it.
        await bus.ask(PassOn(to=total, amount=1))
        await eventually(lambda: was_heard(second, total, times=2))
        await eventually(lambda: wait(second, messages=1))
        clock.forward(seconds=RELAY_LEASE_SECONDS + 1)
        await eventually(lambda: wait(second, messages=0))
        repeated = {message_id for message_id in sent if sent.count(message_id) == 2}
        assert len(repeated) == 1
        # What follows it in the queue has been heard, so the repetition has been, too.
        await bus.ask(PassOn(to=total, amount=1))
        await eventually(lambda: was_heard(second, total, times=3))


async def test_of_two_that_find_the_same_message_one_publishes_it(database: Database) -> None:
    clock = TestClock()
    database.clock = clock
    published: list[str] = []

    async def publish(message: wire.Envelope) -> None:
        published.append(message.message_id)

    async def announce(tx: Transaction) -> None:
        for number in range(50):
            tx.announce(Added(to="x", amount=number))

    await database.once("probe", Trigger(message_id="m1", correlation_id=""), announce)
    relays = [Relay(database, publish, "probe") for _ in range(3)]
    database.committed = lambda _: None
    clock.forward(seconds=RELAY_LEASE_SECONDS + 1)
    tasks = [asyncio.create_task(relay.run()) for relay in relays]

    async def nothing_waits() -> bool:
        return await database.documents(OUTBOX).count({}) == 0

    await eventually(nothing_waits)
    for relay, task in zip(relays, tasks, strict=True):
        await relay.stop(task)
    assert len(published) == 50
    assert len(set(published)) == 50


async def test_a_message_leased_while_a_clock_had_jumped_is_published_at_once(
    database: Database,
) -> None:
    right = TestClock()
    published: list[str] = []

    async def publish(message: wire.Envelope) -> None:
        published.append(message.message_id)

    async def announce(tx: Transaction) -> None:
        tx.announce(Added(to="x", amount=1))

    ahead = TestClock()
    ahead.forward(days=1)
    database.clock = ahead
    await database.once("probe", Trigger(message_id="m1", correlation_id=""), announce)
    database.clock = right
    relay = Relay(database, publish, "probe")
    task = asyncio.create_task(relay.run())
    await eventually(lambda: len(published) == 1)
    await relay.stop(task)


async def test_a_message_that_cannot_be_published_holds_up_no_other(database: Database) -> None:
    published: list[bytes] = []

    async def publish(message: wire.Envelope) -> None:
        if b"broken" in message.body:
            raise TimeoutError
        published.append(message.body)

    relay = Relay(database, publish, "probe")
    task = asyncio.create_task(relay.run())

    async def announce(tx: Transaction) -> None:
        for name in ("broken", "good", "broken", "better"):
            tx.announce(Added(to=name, amount=1))

    await database.once("probe", Trigger(message_id="m1", correlation_id=""), announce)

    async def two_wait() -> bool:
        return await database.documents(OUTBOX).count({}) == 2

    await eventually(two_wait)
    await eventually(lambda: relay.backlog == 2)
    await relay.stop(task)
    assert len(published) == 2


async def test_what_is_committed_when_the_process_stops_still_leaves(database: Database) -> None:
    published: list[str] = []
    go = asyncio.Event()

    async def publish(message: wire.Envelope) -> None:
        await go.wait()
        published.append(message.message_id)

    relay = Relay(database, publish, "probe")
    task = asyncio.create_task(relay.run())

    async def announce(tx: Transaction) -> None:
        tx.announce(Added(to="x", amount=1))

    for number in range(3):
        trigger = Trigger(message_id=f"m{number}", correlation_id="")
        await database.once("probe", trigger, announce)
    stopped = asyncio.create_task(relay.stop(task))
    go.set()
    await stopped
    assert len(published) == 3
    assert await database.documents(OUTBOX).count({}) == 0


async def test_a_process_that_cannot_publish_stops_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chassis.relay.DRAIN_SECONDS", 0.1)

    async def publish(_: wire.Envelope) -> None:
        await asyncio.Event().wait()

    relay = Relay(database, publish, "probe")
    task = asyncio.create_task(relay.run())

    async def announce(tx: Transaction) -> None:
        tx.announce(Added(to="x", amount=1))

    await database.once("probe", Trigger(message_id="m1", correlation_id=""), announce)
    await relay.stop(task)
    assert await database.documents(OUTBOX).count({}) == 1


async def test_a_bug_in_the_relay_ends_the_process_instead_of_silencing_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Relay) -> bool:
        raise ZeroDivisionError("a bug in the relay")

    monkeypatch.setattr(Relay, "_publish_due", broken)
    with pytest.raises(ExceptionGroup) as failure:
        await Process(service, settings).run(asyncio.Event())
    assert failure.group_contains(ZeroDivisionError)
