"""A world of people in a running system, and a gateway of a test's own without one."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from pydantic import SecretStr

from gateway.app import create_app
from gateway.identity.runtime import Gateway
from gateway.settings import GatewaySettings
from local.system import System
from services.chassis import mongo
from services.chassis.database import Database
from tests.gateway.world import World, delete_by_name, populate
from tests.harness import TestClock


@pytest.fixture(scope="session")
async def world(system: System) -> AsyncIterator[World]:
    """Give everybody, in this worker's running system."""
    email = f"olga.{uuid.uuid4().hex[:6]}@platform.example"
    words = ("create-operator", email, "Olga", "Operator", "--print-link")
    link = await asyncio.to_thread(system.operate, *words)
    world = World(system.portal_url, system.mailbox)
    await populate(world, email, link.strip())
    yield world
    await world.close()


@pytest.fixture
async def sheet(world: World) -> AsyncIterator[str]:
    """Make an empty rate sheet, and delete it afterwards."""
    program = world["reseller"].program
    made = await program.post("/v1/rate-sheets", json={"name": world.order("Files")["name"]})
    path = made.headers["location"]
    yield path
    assert (await delete_by_name(program, path)).status_code == 204


@pytest.fixture
def gateway_settings() -> GatewaySettings:
    """Give the settings of a gateway that reaches neither server."""
    private_key = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return GatewaySettings(
        principal_private_key=SecretStr(private_key.decode()),
        mongodb_url=SecretStr("mongodb://127.0.0.1:1/?replicaSet=rs0"),
        rabbitmq_url=SecretStr("amqp://127.0.0.1:1/"),
    )


@pytest.fixture
async def app(gateway_settings: GatewaySettings) -> AsyncIterator[FastAPI]:
    """Give the app of a gateway that is never started."""
    gateway = Gateway(gateway_settings)
    yield create_app(gateway)
    gateway.passwords.stop()
    gateway.database.client.close()


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of that app."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        yield client


@pytest.fixture
async def database(mongodb_url: str, database_prefix: str) -> AsyncIterator[Database]:
    """Give an empty database with a clock that stands still."""
    client = mongo.connect(mongodb_url)
    name = f"{database_prefix}gateway_stores"
    await client.drop_database(name)
    yield Database(client, name, TestClock(), "test")
    await client.drop_database(name)
    client.close()


@pytest.fixture
def clock(database: Database) -> TestClock:
    """Give the clock of that database."""
    assert isinstance(database.clock, TestClock)
    return database.clock
