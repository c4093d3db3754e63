"""The mailer of a real process, beside a mail server that is down, slow, refuses or drops."""

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from contracts.accounts import AccountDisabled
from contracts.base import Event
from contracts.notifications import EmailFailed, EmailSent
from local.servers import Addresses
from local.system import Member, System
from services.chassis import mongo, wire
from services.chassis.bus import Bus
from services.chassis.clock import utc_now
from services.notifications.model import EMAIL_LEASE, RETRY_SECONDS, TRIES_MAX
from tests.forked import Forked
from tests.notifications.conftest import ACTIVATED
from tests.notifications.mail_server import MailServer
from tests.waiting import eventually

BEHIND = timedelta(days=9)
"""How far the process's clock is put back at first: time to bring it forward through all tries."""

SLACK = timedelta(seconds=15)


@dataclass(slots=True)
class PostRoom:
    """A notifications process with a clock and a mail server of the test's own."""

    process: Member
    server: MailServer
    bus: Bus
    emails: mongo.Documents
    clock_file: Path
    behind: timedelta = BEHIND
    notices: list[EmailSent | EmailFailed] = field(default_factory=list[EmailSent | EmailFailed])

    def forward(self, duration: timedelta) -> None:
        """Put the process's clock forward."""
        self.behind -= duration
        assert self.behind > timedelta(0), "a clock of a demonstration is never ahead"
        # the process reads it at any moment: it must never find half a number
        new = self.clock_file.with_suffix(".new")
        new.write_text(str(int(self.behind.total_seconds())))
        new.rename(self.clock_file)

    async def announce(self, event: Event) -> None:
        """Announce what happened to an account, twice, as a broker may deliver it."""
        envelope = wire.envelope(
            event, message_id=uuid.uuid4().hex, correlation_id="test", timestamp=utc_now()
        )
        for _ in range(2):
            await self.bus.publish(envelope)

    async def disable_account(self) -> str:
        """Let an account be opened and disabled, of which one e-mail tells; return its id."""
        account_id = f"acc_{uuid.uuid4().hex}"
        opened = {"account_id": account_id, "send_welcome": False}
        await self.announce(ACTIVATED.model_copy(update=opened))
        await self.announce(
            AccountDisabled(account_id=account_id, reseller_id="acc_r1", version=3, reason="")
        )
        return account_id

    async def email(self, account_id: str) -> dict[str, Any]:
        """Return the only e-mail about an account; it must be written."""
        found = await self.emails.find({"account_id": account_id}, limit=2)
        assert len(found) == 1, f"{len(found)} e-mails about {account_id}"
        return found[0]

    async def has_failed(self, account_id: str, tries: int) -> bool:
        """Tell whether this try has failed, and the next one waits for its pause."""
        email = await self.email(account_id)
        waits = email["next_try_at"] - (utc_now() - self.behind)
        pause = timedelta(seconds=RETRY_SECONDS[tries - 1])
        return email["tries"] == tries and abs(waits - pause) < SLACK

    async def is_sent(self, account_id: str) -> bool:
        """Tell whether an e-mail was sent."""
        return (await self.email(account_id))["state"] == "sent"

    def told(self, account_id: str) -> list[str]:
        """Return what was announced of the e-mails about an account."""
        return [notice.topic for notice in self.notices if notice.account_id == account_id]

    def message_ids(self, email_id: str) -> list[str]:
        """Return the message id of each copy of an e-mail that the server took."""
        found = [str(email["Message-ID"]) for email in self.server.emails()]
        return [message_id for message_id in found if email_id in message_id]


@pytest.fixture(scope="module")
async def room(
    servers: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PostRoom]:
    """Give a post room that is ready."""
    folder = tmp_path_factory.mktemp("post-room")
    clock_file = folder / "behind"
    clock_file.write_text(str(int(BEHIND.total_seconds())))
    server = MailServer()
    prefix = f"{servers.database_prefix}{uuid.uuid4().hex[:8]}_"
    system = System(
        folder,
        dataclasses.replace(servers, database_prefix=prefix),
        settings={"AM_SMTP_URL": server.url(), "AM_DEMO": "true", "AM_CLOCK_FILE": str(clock_file)},
        spawn=Forked.of,
    )
    process = system["notifications"]
    client = mongo.connect(servers.mongodb)
    database = mongo.database_of(client, f"{prefix}notifications")
    emails = mongo.Documents(database, "letters", None)
    async with AsyncExitStack() as stack:
        stack.callback(client.close)
        stack.push_async_callback(client.drop_database, f"{prefix}notifications")
        await server.start()
        stack.push_async_callback(server.stop)
        stack.callback(process.stop)
        process.start()
        await asyncio.to_thread(process.wait_until_ready)
        bus = await stack.enter_async_context(Bus(servers.rabbitmq_url(), "test"))
        room = PostRoom(process, server, bus, emails, clock_file)
        await _listen(stack, servers, room)
        yield room


async def _listen(stack: AsyncExitStack, servers: Addresses, room: PostRoom) -> None:
    """Keep every notice that is announced."""
    connection = await aio_pika.connect(servers.rabbitmq_url())
    await stack.enter_async_context(connection)
    channel = await connection.channel()
    queue = await channel.declare_queue(exclusive=True)

    async def take(message: AbstractIncomingMessage) -> None:
        kind = EmailSent if message.type == EmailSent.topic else EmailFailed
        room.notices.append(kind.model_validate_json(message.body))
        await message.ack()

    for kind in (EmailSent, EmailFailed):
        await queue.bind(wire.EVENTS_EXCHANGE, kind.topic)
    await queue.consume(take)


@pytest.mark.parametrize("fault", ["down", "refuses", "drops"])
async def test_an_email_is_sent_once_when_the_server_is_well_again(
    room: PostRoom, fault: str
) -> None:
    if fault == "down":
        await room.server.stop()
    elif fault == "refuses":
        room.server.answers["RCPT"] = "451 later"
    else:
        room.server.drops = True
    account_id = await room.disable_account()
    for tries in (1, 2):
        await eventually(lambda tries=tries: room.has_failed(account_id, tries))
        if tries == 1:
            room.forward(timedelta(seconds=RETRY_SECONDS[0]))
    assert room.told(account_id) == []
    if fault == "down":
        await room.server.start()
    room.server.answers.clear()
    room.server.drops = False
    room.forward(timedelta(seconds=RETRY_SECONDS[1]))
    await eventually(lambda: room.told(account_id))
    assert await room.is_sent(account_id)
    assert room.told(account_id) == [EmailSent.topic]
    email_id = (await room.email(account_id))["_id"]
    taken = room.message_ids(email_id)
    # what a server took before it dropped the connection is repeated under its own id
    assert (len(taken), len(set(taken))) == (3 if fault == "drops" else 1, 1)


async def test_a_server_that_never_takes_an_email_ends_it_after_its_last_try(
    room: PostRoom,
) -> None:
    room.server.answers["DATA"] = "452 no room"
    account_id = await room.disable_account()
    for tries, pause in enumerate(RETRY_SECONDS, start=1):
        await eventually(lambda tries=tries: room.has_failed(account_id, tries))
        assert room.told(account_id) == []
        room.forward(timedelta(seconds=pause))
    await eventually(lambda: room.told(account_id))
    assert room.told(account_id) == [EmailFailed.topic]
    email = await room.email(account_id)
    assert (email["state"], email["tries"]) == ("failed", TRIES_MAX)
    room.server.answers.clear()


async def test_a_mailer_that_is_killed_while_the_server_is_slow_leaves_its_email_to_the_next(
    room: PostRoom,
) -> None:
    room.server.slow_seconds = 5.0
    talked_to = room.server.talked_to
    account_id = await room.disable_account()
    await eventually(lambda: room.server.talked_to > talked_to)
    room.process.kill()
    room.server.slow_seconds = 0.5
    room.process.start()
    await asyncio.to_thread(room.process.wait_until_ready)
    assert (await room.email(account_id))["tries"] == 1
    room.forward(EMAIL_LEASE)
    await eventually(lambda: room.told(account_id))
    assert room.told(account_id) == [EmailSent.topic]
    assert (await room.email(account_id))["tries"] == 2
    room.server.slow_seconds = 0.0
