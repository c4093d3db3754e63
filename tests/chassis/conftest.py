"""Running replicas of the test's service, in this process, on real servers."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from pydantic import SecretStr

from local.servers import Addresses
from services.chassis import consume, mongo, process, relay
from services.chassis.bus import Bus
from services.chassis.clock import utc_now
from services.chassis.database import Clock, Database
from services.chassis.process import Process
from services.chassis.settings import Settings
from services.chassis.telemetry import configure_logs
from tests.chassis import service_for_tests
from tests.waiting import eventually

Start = Callable[..., Awaitable[Process]]


@pytest.fixture(scope="session", autouse=True)
def one_line_logs() -> None:
    """Log as a real process does: one line each, beside a test that fails."""
    configure_logs("test", "INFO")


@pytest.fixture(autouse=True)
def quick_and_scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin with an empty script, and pause shortly where the chassis pauses."""
    service_for_tests.reset()
    monkeypatch.setattr(consume, "RETRY_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(consume, "OUTAGE_SECONDS", 0.05)
    monkeypatch.setattr(process, "SCHEDULE_SECONDS", 0.1)
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.1)
    yield
    service_for_tests.reset()


def settings_of(addresses: Addresses, **changes: object) -> Settings:
    """Return the settings of a replica, with databases that no other test has."""
    return Settings.model_validate(
        {
            "mongodb_url": SecretStr(addresses.mongodb),
            "rabbitmq_url": SecretStr(addresses.rabbitmq_url()),
            "database_prefix": f"{addresses.database_prefix}{uuid.uuid4().hex[:8]}_",
            **changes,
        }
    )


@pytest.fixture
async def settings(servers: Addresses) -> AsyncIterator[Settings]:
    """Give the settings of this test's replicas, and drop their database afterwards."""
    settings = settings_of(servers)
    yield settings
    client = mongo.connect(servers.mongodb)
    await client.drop_database(f"{settings.database_prefix}{service_for_tests.service.name}")
    client.close()


@pytest.fixture
def total() -> str:
    """Give the name of a total that no other test adds to."""
    return f"total {uuid.uuid4().hex[:8]}"


@asynccontextmanager
async def running(
    settings: Settings, clock: Clock = utc_now, *, wait: bool = True
) -> AsyncGenerator[Process]:
    """Run a replica, ready unless told not to wait; stop it gracefully."""
    stopping = asyncio.Event()
    replica = Process(service_for_tests.service, settings, clock)
    task = asyncio.create_task(replica.run(stopping))
    try:
        if wait:
            await eventually(lambda: task.done() or is_ready(replica))
        yield replica
    finally:
        stopping.set()
        await task


async def is_ready(replica: Process) -> bool:
    """Tell whether a replica takes messages."""
    return not await replica.what_is_wrong()


@pytest.fixture
async def start(settings: Settings) -> AsyncIterator[Start]:
    """Give a way to start replicas that share a database; all stop with the test."""
    async with AsyncExitStack() as stack:

        async def started(clock: Clock = utc_now) -> Process:
            return await stack.enter_async_context(running(settings, clock))

        yield started


@pytest.fixture
async def probe(start: Start) -> Process:
    """Give a running replica."""
    return await start()


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    """Give an asker's connection."""
    async with Bus(settings.rabbitmq_url.get_secret_value(), "test") as bus:
        yield bus


@pytest.fixture
async def database(servers: Addresses) -> AsyncIterator[Database]:
    """Give an empty database without a process around it."""
    name = f"{servers.database_prefix}once_{uuid.uuid4().hex[:8]}"
    database = Database(mongo.connect(servers.mongodb), name, utc_now, "test")
    await database.prepare()
    yield database
    await database.client.drop_database(name)
    database.client.close()
