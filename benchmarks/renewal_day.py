"""A day on which 50,000 accounts renew, and what it means for the calls that are charged then."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage

from benchmarks.callers import (
    RATES,
    account_id,
    calls_exchange,
    database_of,
    publish,
    records,
    tell,
)
from benchmarks.load import Measured, measured_of
from benchmarks.renewing import copy_account, open_account, running_of
from benchmarks.report import Figure, Results, Row
from benchmarks.reseller import Reseller, open_reseller
from contracts.billing import CallsCharged, CountryMinutes
from local.servers import Addresses
from local.system import System
from services.billing.invoicing.store.invoices import INVOICES
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.billing.lifecycle.handlers.renewals import renew_due
from services.chassis import wire
from services.chassis.clock import utc_now
from services.chassis.database import Database
from services.chassis.mongo import Document

ACCOUNTS: Final = 50_000
CALLS_PER_SECOND: Final = 200
TICK_SECONDS: Final = 0.02
STEADY_SECONDS: Final = 30
WAITING_CALLS: Final = 40_000
OPENED_BEFORE: Final = timedelta(days=40)
POLL_SECONDS: Final = 1.0
LATE_SECONDS_MAX: Final = 30.0
WAITING_SECONDS_MAX: Final = 240.0
CALLS_PER_MESSAGE: Final = 20
DAY_SECONDS_MAX: Final = 3_600.0
AUDIT_SECONDS_MAX: Final = 1_800.0
BUNDLED_MINUTES: Final = 60
NOTES: Final = f"""\
* {ACCOUNTS:,} accounts become due at once, beside the calls of the same accounts; one billing
  process does both. {CALLS_PER_SECOND} calls a second, one record a message, are published from
  then on until the last of them is renewed and has its numbered invoice. A call's delay ends with
  the event that tells of its charge, and is counted from when it should have been published.
* Before and during it, {WAITING_CALLS:,} calls that wait in the queues are charged as fast as the
  process can. Afterwards, the audit finds no fault.
"""


@dataclass(slots=True)
class _Switch:
    """Publishes records at a steady pace, and hears when their calls are charged."""

    exchange: AbstractExchange
    sent_at: dict[str, float] = field(default_factory=dict[str, float])
    delays: list[float] = field(default_factory=list[float])
    charged: int = 0

    async def heard(self, message: AbstractIncomingMessage) -> None:
        """Note what an event tells of."""
        now = time.perf_counter()
        calls = CallsCharged.model_validate_json(message.body).calls
        self.charged += len(calls)
        for call in calls:
            if (sent_at := self.sent_at.pop(call.call_id, None)) is not None:
                self.delays.append(now - sent_at)

    async def tell(self, run: str, is_over: Callable[[], bool]) -> Measured:
        """Tell of calls until it is over, and return how long their charges took."""
        self.delays.clear()
        told = records(run, int(CALLS_PER_SECOND * DAY_SECONDS_MAX), 1, ACCOUNTS)
        began = time.perf_counter()
        for tick in itertools.count():
            due_at = began + tick * TICK_SECONDS
            await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
            if is_over():
                break
            some = list(itertools.islice(told, int(CALLS_PER_SECOND * TICK_SECONDS)))
            self.sent_at |= {json.loads(body)["call_id"]: due_at for _, body in some}
            await publish(self.exchange, iter(some))
        async with asyncio.timeout(LATE_SECONDS_MAX):
            while self.sent_at:  # noqa: ASYNC110 - events come as they come
                await asyncio.sleep(TICK_SECONDS)
        return measured_of(self.delays, time.perf_counter() - began)

    async def charge_waiting(self, addresses: Addresses, run: str) -> float:
        """Fill the queues, and return how many calls a second are charged until they are empty."""
        enough = self.charged + WAITING_CALLS
        began = time.perf_counter()
        await tell(addresses, records(run, WAITING_CALLS, CALLS_PER_MESSAGE, ACCOUNTS))
        async with asyncio.timeout(WAITING_SECONDS_MAX):
            while self.charged < enough:  # noqa: ASYNC110 - events come as they come
                await asyncio.sleep(TICK_SECONDS)
        return WAITING_CALLS / (time.perf_counter() - began)


async def measure(system: System) -> Results:
    """Measure with one billing process, and no other service."""
    system.start()
    system.wait_until_ready()
    reseller = await open_reseller(system, RATES)
    system.stop()
    database = database_of(system.addresses)
    await _put_in_accounts(system.addresses, database, reseller)
    billing = system["billing"]
    billing.start()
    billing.wait_until_ready()
    await _until_renewed(database)  # the invoices of the openings have their numbers
    async with _switch(system.addresses) as switch:
        results = await _day(system.addresses, database, switch)
    billing.stop()
    system.start()
    system.wait_until_ready()
    found = system.operate("audit", seconds_max=AUDIT_SECONDS_MAX).strip()
    assert found == "0 faults", "the ledgers have faults"
    database.client.close()
    return results


async def _put_in_accounts(addresses: Addresses, database: Database, reseller: Reseller) -> None:
    """Keep accounts with the draft of their first invoice, which are not due before `_wake`."""
    *others, first = [account_id(number, ACCOUNTS) for number in range(ACCOUNTS)]
    opened_at = utc_now() - OPENED_BEFORE
    earlier = replace(database, clock=lambda: opened_at)
    await open_account(
        earlier,
        first,
        reseller.id,
        opened_at,
        rate_sheet_id=reseller.rate_sheet_id,
        countries=[CountryMinutes(country=one, minutes=BUNDLED_MINUTES) for one in ("GB", "DE")],
    )
    await renew_due(running_of(addresses, earlier))
    sleeping = {"$rename": {"renews_at": "sleeps_until"}}
    await database.raw[BILLING_ACCOUNTS].update_one({"_id": first}, sleeping)
    await copy_account(database, first, others)


async def _wake(database: Database) -> None:
    """Let all accounts be due; whoever remembers one sees that it has changed."""
    waking = {"$rename": {"sleeps_until": "renews_at"}, "$inc": {"revision": 1}}
    await database.raw[BILLING_ACCOUNTS].update_many({"sleeps_until": {"$exists": True}}, waking)


async def _day(addresses: Addresses, database: Database, switch: _Switch) -> Results:
    until = time.perf_counter() + STEADY_SECONDS
    quiet = await switch.tell("quiet", lambda: time.perf_counter() > until)
    quiet_per_second = await switch.charge_waiting(addresses, "waiting-quiet")
    await _wake(database)
    began = time.perf_counter()
    renewing = asyncio.create_task(_until_renewed(database))
    busy_per_second = await switch.charge_waiting(addresses, "waiting-busy")
    assert not renewing.done(), "all was renewed before it could be measured"
    busy = await switch.tell("busy", renewing.done)
    await renewing
    seconds = time.perf_counter() - began
    beside = f"{ACCOUNTS:,} accounts renewing"
    return Results(
        rows=(
            Row(
                f"charge {CALLS_PER_SECOND} calls/s, {beside}",
                busy,
                "none renewing",
                quiet,
                "throughput ≥ 0.98",
            ),
        ),
        figures=(
            Figure(
                f"charge calls, {CALLS_PER_MESSAGE} records a message, {beside}",
                busy_per_second,
                "≥ 0.5",
                "none renewing",
                quiet_per_second,
            ),
            Figure("accounts renewed meanwhile", ACCOUNTS / seconds, "all within an hour: ≥ 14"),
        ),
        notes=NOTES,
    )


async def _until_renewed(database: Database) -> None:
    """Wait until no account is due, and every invoice has its number."""
    due = {"renews_at": {"$type": "date", "$lte": utc_now()}}
    async with asyncio.timeout(DAY_SECONDS_MAX):
        while not (  # noqa: ASYNC110 - nobody tells
            await _none(database, BILLING_ACCOUNTS, due)
            and await _none(database, INVOICES, {"status": "draft"})
        ):
            await asyncio.sleep(POLL_SECONDS)


async def _none(database: Database, collection: str, query: Document) -> bool:
    return await database.documents(collection).find_one(query, fields=["_id"]) is None


@asynccontextmanager
async def _switch(addresses: Addresses) -> AsyncGenerator[_Switch]:
    """Publish as the switch does, and hear of what was charged as any other system would."""
    connection = await aio_pika.connect(addresses.rabbitmq_url())
    async with connection, connection.channel() as channel, calls_exchange(addresses) as exchange:
        switch = _Switch(exchange)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(wire.EVENTS_EXCHANGE, CallsCharged.topic)
        await queue.consume(switch.heard, no_ack=True)
        yield switch
