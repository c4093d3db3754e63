"""A gateway whose servers and services come late, go away and come back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from local.servers import Server, Servers
from local.system import System
from tests.forked import Forked
from tests.gateway.features.live.test_events import stream_of
from tests.gateway.world import PASSWORD, World
from tests.waiting import eventually

OPERATOR = "olga@platform.example"


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Return status and type of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def rabbitmq(own_servers: Servers) -> Server:
    """Give the RabbitMQ of this module's own."""
    if own_servers.rabbitmq is None:
        pytest.skip("a RabbitMQ from outside is not ours to stop")
    return own_servers.rabbitmq


@pytest.fixture(scope="module")
def mongodb(own_servers: Servers) -> Server:
    """Give the MongoDB of this module's own."""
    if own_servers.mongodb is None:
        pytest.skip("a MongoDB from outside is not ours to stop")
    return own_servers.mongodb


@pytest.fixture(scope="module")
def small_system(
    own_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """Give a system of which nothing runs yet."""
    folder: Path = tmp_path_factory.mktemp("system")
    system = System(folder, own_servers.addresses, spawn=Forked.of)
    yield system
    system.discard()


@pytest.fixture(scope="module")
async def operator(
    small_system: System, rabbitmq: Server, mongodb: Server
) -> AsyncIterator[httpx.AsyncClient]:
    """Give an operator with a session; the gateway was started before its servers."""
    for server in (rabbitmq, mongodb):
        await asyncio.to_thread(server.stop)
    gateway, accounts = small_system["gateway"], small_system["accounts"]
    gateway.start()
    world = World(small_system.portal_url, small_system.mailbox)
    visitor = world.browser()

    async def alive() -> bool:
        try:
            return (await visitor.get("/health")).is_success
        except httpx.TransportError:
            return False

    await eventually(alive)
    faults = (await visitor.get("/ready")).json()["faults"]
    assert {"gateway", "rabbitmq", "mongodb"} <= set(faults)
    assert problem_of(await visitor.get("/v1/me")) == (503, "unavailable")
    for server in (mongodb, rabbitmq):
        server.start()
        await asyncio.to_thread(server.wait_until_ready)
    accounts.start()
    for member in (accounts, gateway):
        await asyncio.to_thread(member.wait_until_ready)
    words = ("create-operator", OPERATOR, "Olga", "Operator", "--print-link")
    link = (await asyncio.to_thread(small_system.operate, *words)).strip()
    await world.set_password(link.rpartition("/")[2])
    yield await world.sign_in(OPERATOR, PASSWORD)
    await world.close()


async def test_a_gateway_that_came_first_works_once_its_servers_are_there(
    operator: httpx.AsyncClient,
) -> None:
    assert (await operator.get("/v1/resellers")).json()["data"] == []


async def test_whoever_watched_is_told_that_events_were_missed(
    operator: httpx.AsyncClient, rabbitmq: Server
) -> None:
    async with stream_of(operator) as stream:
        await asyncio.to_thread(rabbitmq.stop)
        assert problem_of(await operator.get("/v1/resellers")) == (503, "unavailable")
        rabbitmq.start()
        await asyncio.to_thread(rabbitmq.wait_until_ready)
        event = await stream.next()
        assert event is not None
        assert event.topic == "missed"

    async def works() -> bool:
        return (await operator.get("/v1/resellers")).is_success

    await eventually(works)


async def test_without_its_database_the_gateway_is_unavailable_and_not_broken(
    operator: httpx.AsyncClient, mongodb: Server
) -> None:
    await asyncio.to_thread(mongodb.stop)
    answer = await operator.get("/v1/me")
    assert problem_of(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    mongodb.start()
    await asyncio.to_thread(mongodb.wait_until_ready)

    async def works() -> bool:
        return (await operator.get("/v1/resellers")).is_success

    await eventually(works)


async def test_a_service_that_is_away_makes_its_part_unavailable(
    operator: httpx.AsyncClient, small_system: System
) -> None:
    accounts = small_system["accounts"]
    await asyncio.to_thread(accounts.stop)
    async with asyncio.timeout(20):
        answer = await operator.get("/v1/resellers")
    assert problem_of(answer) == (503, "unavailable")
    accounts.start()
    await asyncio.to_thread(accounts.wait_until_ready)
    assert (await operator.get("/v1/resellers")).is_success


async def test_a_gateway_that_is_told_to_stop_leaves_without_an_error(
    operator: httpx.AsyncClient, small_system: System
) -> None:
    assert (await operator.get("/health")).is_success
    gateway = small_system["gateway"]
    before = len(gateway.log.read_text())
    async with stream_of(operator):
        async with asyncio.timeout(15):
            await asyncio.to_thread(gateway.stop)
    assert "Traceback" not in gateway.log.read_text()[before:]
