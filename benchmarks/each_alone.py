"""Charging as everything else is done, a transaction for each message: what lanes are measured by.

`python -m benchmarks.each_alone RABBITMQ_URL MONGODB_URL DATABASE QUEUE CALLS` prints the seconds
that it took. Receipt, ledger entry, account and the outbox's event are in the transaction; the
relay of every service publishes the outbox meanwhile.
"""

import asyncio
import sys
import time
from typing import Final

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage

from contracts.billing import CallsCharged
from contracts.calls import CallEnded
from services.billing.charging.model.call import entry_key
from services.billing.ledger.model.ledger import entries_after
from services.billing.ledger.model.movement import Movement
from services.billing.ledger.store import billing_accounts, ledger
from services.billing.rating.model.destination import destination_of
from services.billing.rating.model.price import SheetRate, cost
from services.chassis import mongo, wire
from services.chassis.bus import Bus
from services.chassis.clock import utc_now
from services.chassis.database import OUTBOX, Database, Transaction, Trigger
from services.chassis.process import PREFETCH_MESSAGES
from services.chassis.relay import Relay

RATE: Final = SheetRate(prefix="44", rate=12_000)
"""Of every call: looking for its rate is not what takes the time."""

EVENT: Final = b"x" * 400
"""As long as one charged call is as JSON."""

POLL_SECONDS: Final = 0.01


async def charge(record: CallEnded, tx: Transaction) -> None:
    """Charge one call as an ordinary handler would."""
    account = await billing_accounts.find(tx, record.account_id or "")
    assert account is not None, "the accounts were not put in place"
    to = destination_of(record.destination, account.country)
    movement = Movement(
        key=entry_key(account.id, record.call_id),
        type="call",
        amount=-cost(record.seconds, RATE),
        text=f"Call to {to.number}",
    )
    head = await ledger.head(tx, account)
    entries = entries_after(head, [movement], now=tx.now, cause=record.call_id, actor="switch")
    await ledger.append(tx, account, entries)
    tx.outgoing.append(
        wire.Envelope(
            message_id=tx.new_id("event"),
            exchange=wire.EVENTS_EXCHANGE,
            routing_key=CallsCharged.topic,
            type=CallsCharged.topic,
            body=EVENT,
            timestamp=tx.now,
            correlation_id=record.call_id,
        )
    )


async def run(rabbitmq: str, mongodb: str, name: str, queue_name: str, calls: int) -> float:
    """Return the seconds until the last message is acknowledged, and the last event confirmed."""
    database = Database(mongo.connect(mongodb), name, utc_now, "benchmark")
    connection = await aio_pika.connect(rabbitmq)
    left = calls
    done = asyncio.Event()
    async with (
        Bus(rabbitmq, "each alone") as bus,
        connection,
        connection.channel(publisher_confirms=False) as channel,
    ):
        relay = Relay(database, bus.publish, "each-alone")
        relaying = asyncio.create_task(relay.run())
        await channel.set_qos(prefetch_count=PREFETCH_MESSAGES)
        queue = await channel.get_queue(queue_name, ensure=False)

        async def take(message: AbstractIncomingMessage) -> None:
            nonlocal left
            record = CallEnded.model_validate_json(message.body)
            trigger = Trigger(message_id=record.call_id, correlation_id=record.call_id)
            await database.once("each-alone", trigger, lambda tx: charge(record, tx))
            await message.ack()
            left -= 1
            if not left:
                done.set()

        began = time.perf_counter()
        await queue.consume(take)
        await done.wait()
        while await database.documents(OUTBOX).count({}):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - began
        await relay.stop(relaying)
        return seconds


if __name__ == "__main__":
    _, *words, number = sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(run(words[0], words[1], words[2], words[3], int(number))))
