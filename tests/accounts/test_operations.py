"""The first operator gets in: by an e-mail, or by a link on the terminal."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from accounts_manager.operations import __main__ as operations
from contracts.accounts import FindCredentials, FindLink
from contracts.notifications import SendPasswordLink
from local.servers import Addresses
from services.accounts.app import service
from services.chassis import mongo
from services.chassis.bus import Bus
from services.chassis.process import Process
from services.chassis.settings import Settings
from tests.waiting import eventually

PORTAL = "https://portal.example"


@pytest.fixture
async def accounts(servers: Addresses, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    """Run the accounts service, which the command line then finds."""
    settings = Settings(
        mongodb_url=SecretStr(servers.mongodb),
        rabbitmq_url=SecretStr(servers.rabbitmq_url()),
        database_prefix=f"{servers.database_prefix}{uuid.uuid4().hex[:8]}_",
        portal_url=PORTAL,
    )
    monkeypatch.setattr(operations, "Settings", lambda: settings)
    monkeypatch.setattr(operations, "service_names", lambda: ["accounts"])
    replica, stopping = Process(service, settings), asyncio.Event()
    task = asyncio.create_task(replica.run(stopping))

    async def is_ready() -> bool:
        return not await replica.what_is_wrong()

    await eventually(lambda: task.done() or is_ready())
    yield replica
    stopping.set()
    await task
    client = mongo.connect(servers.mongodb)
    await client.drop_database(f"{settings.database_prefix}accounts")
    client.close()


@pytest.fixture
async def bus(servers: Addresses) -> AsyncIterator[Bus]:
    """Give an asker's connection."""
    async with Bus(servers.rabbitmq_url(), "test") as bus:
        yield bus


async def run(*words: str) -> int:
    """Run a command line in a thread, for it has an event loop of its own."""
    return await asyncio.to_thread(operations.main, ["create-operator", *words])


@pytest.mark.usefixtures("accounts")
async def test_a_printed_link_sets_the_operators_password_and_is_known_by_its_hash_only(
    bus: Bus, accounts: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("olga@platform.example", "Olga", "Op", "--print-link") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if PORTAL in line]
    token = line.removeprefix(f"{PORTAL}/reset/")
    assert len(token) >= 43
    token_sha256 = hashlib.sha256(token.encode()).hexdigest()
    owner = await bus.ask(FindLink(token_sha256=token_sha256))
    assert (owner.user.email, owner.user.role) == ("olga@platform.example", "operator")
    for collection in ("links", "inbox", "outbox", "users"):
        documents = await accounts.database.documents(collection).find({}, limit=100)
        assert token not in str(documents)


@pytest.mark.usefixtures("accounts")
async def test_without_a_link_the_terminal_tells_where_the_email_goes(
    bus: Bus, accounts: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("olga@platform.example", "Olga", "Op") == 0
    written = capsys.readouterr().out
    assert "An e-mail with a link to set the password goes to olga@platform.example." in written
    assert "/reset/" not in written
    emails = await accounts.database.documents("outbox").find(
        {"type": SendPasswordLink.topic}, limit=10
    )
    assert len(emails) == 1
    assert len((await bus.ask(FindCredentials(email="olga@platform.example"))).data) == 1


@pytest.mark.usefixtures("accounts")
async def test_a_wrong_address_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("olga", "Olga", "Op") == 1
    assert "Enter an e-mail address" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        await run("olga@platform.example")
    assert end.value.code == 2
    assert "usage: accounts-manager create-operator" in capsys.readouterr().err
