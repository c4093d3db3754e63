"""The outbox relay: publishes what transactions wrote, each message at least once."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from services.chassis import mongo, telemetry, wire
from services.chassis.database import OUTBOX, RELAY_LEASE_SECONDS, Database, over
from services.chassis.mongo import ASCENDING, Document

POLL_SECONDS: Final = 1.0
POLLS_PER_MEASUREMENT: Final = 5
"""How much waits is asked for less often than what waits."""

BATCH_MESSAGES: Final = 100
"""More unconfirmed messages than this gain nothing."""

NUDGED_MESSAGES_MAX: Final = 10_000
"""Committed messages waiting in memory; what does not fit is found by the poll."""

DRAIN_SECONDS: Final = 5.0
OUTBOX_MESSAGES_MAX: Final = 50_000
"""With more than this waiting, new commands are refused rather than queued without end."""

Publish = Callable[[wire.Envelope], Awaitable[None]]

log = structlog.get_logger()


class Relay:
    """Publishes committed messages with confirms and forgets them once they are confirmed."""

    def __init__(self, database: Database, publish: Publish, owner: str) -> None:
        self._database = database
        self._outbox = database.documents(OUTBOX)
        self._publish = publish
        self._owner = owner
        self._nudged: asyncio.Queue[wire.Envelope] = asyncio.Queue(NUDGED_MESSAGES_MAX)
        self._stopping = False
        self.backlog = 0
        self.oldest_seconds = 0.0
        database.committed = self.nudge

    @property
    def full(self) -> bool:
        """Whether the backlog is so long that no new work should be begun."""
        return self.backlog > OUTBOX_MESSAGES_MAX

    def nudge(self, messages: list[wire.Envelope]) -> None:
        """Publish these next; they were committed by this process, which holds their lease."""
        for message in messages:
            if self._nudged.full():
                return
            self._nudged.put_nowait(message)

    async def run(self) -> None:
        """Publish until stopped; then publish what is already committed, within 5 seconds."""
        async with asyncio.TaskGroup() as group:
            poller = group.create_task(self._poll_forever())
            while not (self._stopping and self._nudged.empty()):
                await self._publish_nudged()
            poller.cancel()

    async def stop(self, running: "asyncio.Task[None]") -> None:
        """Drain within a bound; what is left is published by another process or the next start."""
        self._stopping = True
        done, _ = await asyncio.wait({running}, timeout=DRAIN_SECONDS)
        if not done:
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def _publish_nudged(self) -> None:
        try:
            first = await asyncio.wait_for(self._nudged.get(), timeout=POLL_SECONDS / 2)
        except TimeoutError:
            return
        batch = [first]
        while len(batch) < BATCH_MESSAGES and not self._nudged.empty():
            batch.append(self._nudged.get_nowait())
        await self._publish_batch(batch)

    async def _publish_batch(self, batch: list[wire.Envelope]) -> None:
        outcomes = await asyncio.gather(
            *(self._publish(message) for message in batch), return_exceptions=True
        )
        confirmed = [
            message.message_id
            for message, outcome in zip(batch, outcomes, strict=True)
            if outcome is None
        ]
        for message, outcome in zip(batch, outcomes, strict=True):
            if outcome is not None:
                log.warning(
                    "message not published yet", topic=message.type, reason=type(outcome).__name__
                )
        if not confirmed:
            return
        try:
            await self._outbox.delete({"_id": {"$in": confirmed}})
        except mongo.PyMongoError as error:
            # They are published again when their lease ends; receivers have receipts.
            log.warning("published messages not yet forgotten", reason=type(error).__name__)

    async def _poll_forever(self) -> None:
        for poll in itertools.count():
            try:
                while await self._publish_due():
                    pass
                if poll % POLLS_PER_MEASUREMENT == 0:
                    await self._measure()
            except mongo.PyMongoError as error:
                log.warning("outbox not readable", reason=type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    async def _publish_due(self) -> bool:
        """Take over messages whose lease has ended and publish them; tell whether any were."""
        now = self._database.clock()
        lasts = timedelta(seconds=RELAY_LEASE_SECONDS)
        due = await self._outbox.find(
            over("leased_until", now, lasts),
            sort=[("leased_until", ASCENDING)],
            limit=BATCH_MESSAGES,
        )
        lease = now + lasts
        claimed: list[wire.Envelope] = []
        for document in due:
            mine = await self._outbox.update(
                {"_id": document["_id"], "leased_until": document["leased_until"]},
                {"$set": {"leased_until": lease, "holder": self._database.holder}},
            )
            if mine:
                claimed.append(_envelope(document))
        if claimed:
            await self._publish_batch(claimed)
        return len(due) == BATCH_MESSAGES

    async def _measure(self) -> None:
        self.backlog = await self._outbox.count({}, limit=OUTBOX_MESSAGES_MAX + 1)
        oldest = await self._outbox.find_one({}, sort=[("_id", ASCENDING)], fields=["timestamp"])
        now = self._database.clock()
        self.oldest_seconds = (now - oldest["timestamp"]).total_seconds() if oldest else 0.0
        telemetry.OUTBOX_MESSAGES.labels(self._owner).set(self.backlog)
        telemetry.OUTBOX_OLDEST_SECONDS.labels(self._owner).set(self.oldest_seconds)


def _envelope(document: Document) -> wire.Envelope:
    return wire.Envelope(
        message_id=document["_id"],
        exchange=document["exchange"],
        routing_key=document["routing_key"],
        type=document["type"],
        body=document["body"],
        timestamp=document["timestamp"],
        correlation_id=document["correlation_id"],
        headers=document["headers"],
    )
