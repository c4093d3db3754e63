"""RabbitMQ and MongoDB come late, leave and come back: nothing is lost, nothing done twice."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelInvalidStateError, ConnectionClosed
from pydantic import SecretStr

import local.processes
from contracts.base import Refused
from local.mongodb import program
from local.processes import free_port
from local.servers import Servers
from services.chassis import process
from services.chassis.bus import Bus, wait_for_rabbitmq
from services.chassis.process import GRACE_SECONDS, Process, run_until_stopped
from services.chassis.relay import DRAIN_SECONDS
from services.chassis.settings import Settings
from tests.chassis.conftest import is_ready, running, settings_of
from tests.chassis.service_for_tests import Add, Total, service, totals_equal_copies
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)
ADDERS = 5
RESTART_SECONDS = 90.0


@pytest.fixture
async def own_settings(own_servers: Servers) -> AsyncIterator[Settings]:
    """Give the settings of replicas on servers that may be stopped; they run again afterwards."""
    yield settings_of(own_servers.addresses)
    assert own_servers.rabbitmq is not None
    assert own_servers.mongodb is not None
    await asyncio.to_thread(own_servers.wait_until_ready)


class Adders:
    """Askers that add to totals without end, repeating under its own key what was not answered."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._name = uuid.uuid4().hex
        self._stopping = False
        self.answered = 0
        self.refused = 0
        self.tasks = [asyncio.create_task(self._add(f"total {n}")) for n in range(ADDERS)]

    async def _add(self, to: str) -> int:
        amount = 0
        while not self._stopping:
            amount += 1
            key = f"{self._name} {to} {amount}"
            await eventually(partial(self._added, to, key), seconds=RESTART_SECONDS)
        return amount

    async def _added(self, to: str, key: str) -> bool:
        try:
            await self._bus.ask(Add(to=to, amount=1), message_id=key, timeout_seconds=2.0)
        except Refused as refusal:
            if refusal.problem.code != "unavailable":
                raise
            self.refused += 1
            return False
        self.answered += 1
        return True

    async def more(self, answers: int) -> None:
        """Wait until so many more were answered."""
        goal = self.answered + answers
        await eventually(lambda: self.answered >= goal, seconds=RESTART_SECONDS)

    async def stop(self) -> list[int]:
        """Stop and return how much each added."""
        self._stopping = True
        return await asyncio.gather(*self.tasks)


async def assert_all_was_counted(replica: Process, amounts: list[int]) -> None:
    """Wait until every event was heard; then each total is what was added, and so is its copy."""

    async def nothing_waits() -> bool:
        return await replica.database.documents("outbox").count({}) == 0

    await eventually(nothing_waits)
    for number, amount in enumerate(amounts):
        found = await replica.database.documents("totals").find_one({"_id": f"total {number}"})
        assert found is not None
        assert found["amount"] == amount

    async def all_heard() -> bool:
        faults = await totals_equal_copies(replica.running)
        assert faults == []
        return True

    await eventually(all_heard)


async def test_a_service_that_starts_before_its_servers_waits_for_them(
    own_servers: Servers, own_settings: Settings
) -> None:
    assert own_servers.rabbitmq is not None
    assert own_servers.mongodb is not None
    own_servers.rabbitmq.stop()
    own_servers.mongodb.stop()
    async with running(own_settings, wait=False) as replica:
        assert set(await replica.what_is_wrong()) == {"service", "rabbitmq", "mongodb"}
        own_servers.mongodb.start()
        await asyncio.to_thread(own_servers.mongodb.wait_until_ready)

        async def mongodb_is_back() -> bool:
            return "mongodb" not in await replica.what_is_wrong()

        await eventually(mongodb_is_back, seconds=RESTART_SECONDS)
        assert "rabbitmq" in await replica.what_is_wrong()
        own_servers.rabbitmq.start()
        await eventually(lambda: is_ready(replica), seconds=RESTART_SECONDS)
        async with Bus(own_settings.rabbitmq_url.get_secret_value(), "test") as bus:
            assert await bus.ask(Add(to="first", amount=1)) == Total(amount=1)


async def test_a_service_that_is_stopped_while_it_waits_leaves_at_once(
    own_servers: Servers, own_settings: Settings
) -> None:
    assert own_servers.mongodb is not None
    own_servers.mongodb.stop()
    stopping = asyncio.Event()
    task = asyncio.create_task(Process(service, own_settings).run(stopping))
    stopping.set()
    await asyncio.wait_for(task, timeout=10)
    own_servers.mongodb.start()


async def test_a_mongodb_without_a_replica_set_is_refused(tmp_path: Path) -> None:
    port = free_port()
    command = [str(program()), "--dbpath", str(tmp_path), "--port", str(port)]
    command += ["--bind_ip", "127.0.0.1", "--unixSocketPrefix", str(tmp_path)]
    alone = local.processes.Process("mongodb", command, {}, tmp_path / "mongodb.log")
    settings = Settings(mongodb_url=SecretStr(f"mongodb://127.0.0.1:{port}/"))
    alone.start()
    try:
        with pytest.raises(RuntimeError, match="--replSet rs0"):
            await Process(service, settings).run(asyncio.Event())
    finally:
        alone.kill()


async def test_a_restart_of_rabbitmq_in_the_middle_loses_nothing(
    own_servers: Servers, own_settings: Settings
) -> None:
    assert own_servers.rabbitmq is not None
    url = own_settings.rabbitmq_url.get_secret_value()
    async with running(own_settings) as replica, Bus(url, "test") as bus, AsyncExitStack() as other:
        await other.enter_async_context(running(own_settings))
        adders = Adders(bus)
        await adders.more(50)
        await asyncio.to_thread(own_servers.rabbitmq.stop)

        async def notices() -> bool:
            return "rabbitmq" in await replica.what_is_wrong()

        await eventually(notices)
        await asyncio.wait_for(other.aclose(), timeout=GRACE_SECONDS + DRAIN_SECONDS + 5)
        own_servers.rabbitmq.start()
        await asyncio.to_thread(own_servers.rabbitmq.wait_until_ready)
        await adders.more(50)
        await assert_all_was_counted(replica, await adders.stop())
        assert await is_ready(replica)


async def test_a_restart_of_mongodb_in_the_middle_loses_nothing(
    own_servers: Servers, own_settings: Settings
) -> None:
    assert own_servers.mongodb is not None
    url = own_settings.rabbitmq_url.get_secret_value()
    async with running(own_settings) as replica, running(own_settings), Bus(url, "test") as bus:
        adders = Adders(bus)
        await adders.more(50)
        await asyncio.to_thread(own_servers.mongodb.kill)
        assert "mongodb" in await replica.what_is_wrong()
        own_servers.mongodb.start()
        await asyncio.to_thread(own_servers.mongodb.wait_until_ready)
        await adders.more(50)
        await assert_all_was_counted(replica, await adders.stop())


async def test_a_broker_that_goes_while_a_service_starts_is_not_its_end(
    settings: Settings, bus: Bus, total: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [ChannelInvalidStateError("closed"), ConnectionClosed(320, "shutdown")]

    async def connect_at_last(url: str, name: str) -> AbstractConnection:
        if faults:
            raise faults.pop()
        return await wait_for_rabbitmq(url, name)

    monkeypatch.setattr(process, "wait_for_rabbitmq", connect_at_last)
    stopping = asyncio.Event()
    task = asyncio.create_task(run_until_stopped(service, settings, stopping))
    try:
        await eventually(partial(_is_added, bus, total))
    finally:
        stopping.set()
        await task
    assert not faults


async def _is_added(bus: Bus, total: str) -> bool:
    try:
        await bus.ask(Add(to=total, amount=1), timeout_seconds=1)
    except Refused as refusal:
        if refusal.problem.code != "unavailable":
            raise
        return False
    return True
