"""The whole charging path on a real broker: shares that move, records that come twice or broken."""

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

import aio_pika
import pytest
from aio_pika.abc import AbstractExchange
from pydantic import SecretStr

from contracts.calls import CALLS_EXCHANGE, CallEnded
from contracts.values import micros
from local.servers import Addresses
from services.billing.app import service
from services.billing.charging.lanes.lanes import SHARDS
from services.billing.charging.lanes.records import Record
from services.chassis import mongo
from services.chassis.clock import utc_now
from services.chassis.database import Database
from services.chassis.dead_letters import dead_letters
from services.chassis.lane import Lane
from services.chassis.process import Process
from services.chassis.settings import Settings
from tests.billing.charging_world import ANSWERED, World, record, records
from tests.billing.conftest import audit, balance_of, opening
from tests.harness import Harness, TestClock
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(180)

BEHIND = utc_now() - ANSWERED


def clock() -> datetime:
    """Return the time of these processes, which begins when the records' calls were answered."""
    return utc_now() - BEHIND


@pytest.fixture
async def settings(servers: Addresses) -> AsyncIterator[Settings]:
    """Give the settings of this test's processes, and drop their database afterwards."""
    prefix = f"{servers.database_prefix}{uuid.uuid4().hex[:8]}_"
    yield Settings(
        mongodb_url=SecretStr(servers.mongodb),
        rabbitmq_url=SecretStr(servers.rabbitmq_url()),
        database_prefix=prefix,
    )
    client = mongo.connect(servers.mongodb)
    await client.drop_database(f"{prefix}{service.name}")
    client.close()


@asynccontextmanager
async def process(settings: Settings) -> AsyncGenerator[Process]:
    """Run a billing process; stop it gracefully."""
    stopping = asyncio.Event()
    replica = Process(service, settings, clock)
    task = asyncio.create_task(replica.run(stopping))

    async def is_ready() -> bool:
        return task.done() or not await replica.what_is_wrong()

    try:
        await eventually(is_ready)
        yield replica
    finally:
        stopping.set()
        await task


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    """Give accounts in the database of the processes; what they did must pass the audit."""
    client = mongo.connect(settings.mongodb_url.get_secret_value())
    name = f"{settings.database_prefix}{service.name}"
    database = Database(client, name, clock, "test", may_send=frozenset(service.sends))
    await database.prepare()
    for prepare in service.prepares:
        await prepare(database)
    harness = Harness(service, database, TestClock(clock()))
    await harness.ask(opening("acc_r1", parent_path=("platform",), plan=None, credit=None))
    world = World(harness)
    for number in range(4):
        await world.open(f"acc_c{number}", credit="1000.00")
    yield world
    assert await audit(harness) == []
    client.close()


@pytest.fixture
async def calls(settings: Settings) -> AsyncIterator[AbstractExchange]:
    """Give the exchange that the switch publishes to."""
    url = settings.rabbitmq_url.get_secret_value()
    connection = await aio_pika.connect(url)
    async with connection:
        # a record that no queue takes must not be lost in silence
        channel = await connection.channel(on_return_raises=True)
        yield await channel.declare_exchange(
            CALLS_EXCHANGE, aio_pika.ExchangeType.X_CONSISTENT_HASH, durable=True
        )


async def publish(exchange: AbstractExchange, messages: Sequence[Sequence[CallEnded]]) -> None:
    """Publish each list of records of one account; a lone record as the object that it is."""
    for some in messages:
        bodies = [one.model_dump_json() for one in some]
        body = bodies[0] if len(bodies) == 1 else f"[{','.join(bodies)}]"
        message = aio_pika.Message(
            body.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id="x"
        )
        await exchange.publish(message, routing_key=some[0].account_id or "")


def day(start: int, number: int) -> list[list[CallEnded]]:
    """Return messages with the records of some calls of four accounts, each call twice."""
    sent = [
        records([f"{account}-{n}"], account_id=f"acc_c{account}")
        for account in range(4)
        for n in range(start, start + number)
    ]
    lists = [
        records(
            [f"{account}-{n}" for n in range(start + number, start + number + 20)],
            account_id=f"acc_c{account}",
        )
        for account in range(4)
    ]
    messages = [*sent, *sent, *lists]
    random.Random(start).shuffle(messages)  # noqa: S311 - no secret
    return messages


async def charged(world: World) -> int:
    return await world.billing.database.documents("ledger").count({"type": "call"})


async def test_shares_move_with_the_processes_and_every_call_is_charged_once(
    settings: Settings, world: World, calls: AbstractExchange
) -> None:
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await first.enter_async_context(process(settings))
        await publish(calls, day(0, 30))
        await second.enter_async_context(process(settings))
        await publish(calls, day(100, 30))
        await first.aclose()
        await publish(calls, day(200, 30))

        async def all_charged() -> bool:
            assert await charged(world) == 3 * 4 * 50
            return True

        await eventually(all_charged, seconds=60)
        assert await world.repairs() == []
        for number in range(4):
            balance = await balance_of(world.billing, f"acc_c{number}")
            assert balance == micros("1000.00") - 150 * micros("0.25")

        async def all_announced() -> bool:
            return await world.intents() == 0

        await eventually(all_announced, seconds=60)
    assert await world.billing.database.documents("processes").count({}) == 0


async def test_a_broken_message_holds_nobody_up(
    settings: Settings, world: World, calls: AbstractExchange
) -> None:
    async with process(settings):
        broken = aio_pika.Message(b'{"call_id":', message_id="broken")
        for key in range(SHARDS * 4):
            await calls.publish(broken, routing_key=f"acc_c{key}")
        bad = record("bad").model_dump_json().replace('"seconds":120', '"seconds":"long"')
        good = record("good").model_dump_json()
        await calls.publish(aio_pika.Message(f"[{bad},{good}]".encode()), routing_key="acc_c1")

        async def charged_the_good_one() -> bool:
            return await charged(world) == 1

        await eventually(charged_the_good_one)

        async def kept() -> bool:
            return len(await world.repairs()) == 1

        await eventually(kept)
        (repair,) = await world.repairs()
        assert (repair["reason"], repair["call_id"]) == ("malformed", "bad")
        assert "seconds" in repair["detail"]

        async def set_aside() -> bool:
            url = settings.rabbitmq_url.get_secret_value()
            found = await dead_letters(url, service.name)
            return sum(dead_letter.id == "broken" for dead_letter in found) == SHARDS * 4

        await eventually(set_aside)


async def test_a_lane_that_breaks_is_made_anew(
    settings: Settings, world: World, calls: AbstractExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[object] = []
    run = Lane[Record].run

    async def break_first(lane: Lane[Record]) -> None:
        if len(broken) < SHARDS:
            broken.append(lane)
            raise LookupError("a fault of ours")
        await run(lane)

    monkeypatch.setattr(Lane, "run", break_first)
    await publish(calls, day(0, 5))
    async with process(settings):

        async def all_charged() -> bool:
            return await charged(world) == 4 * 25

        await eventually(all_charged)
