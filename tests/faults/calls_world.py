"""Billing processes of a test's own, accounts that make calls, and who else is around them."""

import asyncio
import dataclasses
import re
import uuid
from collections import Counter, deque
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import aio_pika
import httpx
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage

from contracts.base import Answer, Ask, Refused
from contracts.billing import (
    AddCredit,
    AuthorizeCall,
    CallAuthorization,
    CallsCharged,
    CountryMinutes,
    CreditOrder,
)
from contracts.calls import CALLS_EXCHANGE
from local.client import TLS
from local.servers import Addresses, Servers
from local.system import Member, System
from services.billing.app import service
from services.chassis import mongo, wire
from services.chassis.bus import PUBLISH_ERRORS, Bus, wait_for_rabbitmq
from services.chassis.clock import utc_now
from services.chassis.database import Database
from services.chassis.dead_letters import dead_letters
from services.chassis.principal import Principal, PrincipalSigner
from tests.billing.conftest import add_sheet, audit, opening, plan
from tests.faults.calls import ANSWERED, CSV, Call, Due, Message, due
from tests.forked import Forked
from tests.harness import OTHER_RESELLER, RESELLER, Harness, TestClock
from tests.waiting import eventually

RESELLERS: Final = (RESELLER, OTHER_RESELLER)
IN_FLIGHT: Final = 50
OPENINGS_AT_ONCE: Final = 8
PATIENCE_SECONDS: Final = 150
"""Longer than an intent is left alone whose process has died."""

ASKED_SECONDS: Final = 60
OUTSIDERS_QUEUE: Final = "crm.charged-calls"
UNCONFIRMED: Final = (*PUBLISH_ERRORS, RuntimeError)

AnswerType = TypeVar("AnswerType", bound=Answer)


class Switch:
    """Publishes records with confirms, as a careful switch does."""

    def __init__(self, addresses: Addresses) -> None:
        self._url = addresses.rabbitmq_url("switch")

    async def publish(self, messages: Iterable[Message]) -> None:
        """Publish all; what is not confirmed is published again."""
        waiting = deque(messages)
        while waiting:
            connection = await wait_for_rabbitmq(self._url, "switch")
            try:
                channel = await connection.channel(on_return_raises=True)
                exchange = await channel.get_exchange(CALLS_EXCHANGE, ensure=False)
                await asyncio.gather(*(self._publish(waiting, exchange) for _ in range(IN_FLIGHT)))
                await connection.close()
            except UNCONFIRMED:
                continue  # the broker went while the channel opened or the connection closed

    async def _publish(self, waiting: deque[Message], exchange: AbstractExchange) -> None:
        while waiting:
            message = waiting.popleft()
            try:
                await publish(exchange, message)
            except UNCONFIRMED:
                waiting.append(message)
                return


async def publish(exchange: AbstractExchange, message: Message) -> None:
    """Publish one message, and return when it is confirmed."""
    content = aio_pika.Message(message.body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await exchange.publish(content, routing_key=message.account_id, timeout=10)


class Outsider:
    """Another company's system, which hears of every charged call in a queue of its own."""

    def __init__(self, addresses: Addresses) -> None:
        self._url = addresses.rabbitmq_url("crm")

    async def listen(self) -> None:
        """Let a queue collect the announcements from now on."""
        connection = await wait_for_rabbitmq(self._url, "crm")
        async with connection, connection.channel() as channel:
            queue = await channel.declare_queue(
                OUTSIDERS_QUEUE, durable=True, arguments={"x-queue-type": "quorum"}
            )
            await queue.bind(wire.EVENTS_EXCHANGE, CallsCharged.topic)
            await queue.purge()

    async def announced(self) -> Counter[tuple[str, str]]:
        """Return how often each call of each account was announced since it was last asked.

        A message that came twice counts once.
        """
        messages: list[AbstractIncomingMessage] = []
        connection = await wait_for_rabbitmq(self._url, "crm")
        async with connection, connection.channel() as channel:
            queue = await channel.declare_queue(OUTSIDERS_QUEUE, passive=True)
            waiting = queue.declaration_result.message_count or 0
            all_are_here = asyncio.Event()

            async def take(message: AbstractIncomingMessage) -> None:
                messages.append(message)
                if len(messages) == waiting:
                    all_are_here.set()

            if waiting:
                await queue.consume(take, no_ack=True)
                await asyncio.wait_for(all_are_here.wait(), PATIENCE_SECONDS)
        bodies = {message.message_id: message.body for message in messages}
        assert all(bodies[message.message_id] == message.body for message in messages)
        events = [CallsCharged.model_validate_json(body) for body in bodies.values()]
        return Counter((call.account_id, call.call_id) for event in events for call in event.calls)


class Stands(NamedTuple):
    """Where the ledger of an account stands."""

    calls: Due
    balance: int
    seconds_left: int


@dataclass(slots=True)
class CallWorld:
    """Billing processes on servers of a test's own, and a look into their database."""

    system: System
    harness: Harness
    bus: Bus
    switch: Switch
    outsider: Outsider
    processes: list[Member]
    sheet_ids: dict[str, str]
    """By reseller."""

    credit: Counter[str] = field(default_factory=Counter[str])
    """By account all that was paid in, in micro-units."""

    bundles: dict[str, int] = field(default_factory=dict[str, int])
    """By account the seconds to India that cost nothing."""

    made: list[Call] = field(default_factory=list[Call])
    """All calls that were checked so far."""

    # --- accounts ------------------------------------------------------------------------------

    async def open(self, account_ids: Collection[str], credit: int, bundle_minutes: int) -> None:
        """Open accounts with so many micro-units of credit, whose opening charges nothing."""
        turns = asyncio.Semaphore(OPENINGS_AT_ONCE)
        countries = [CountryMinutes(country=country, minutes=0) for country in ("GB", "DE")]
        countries.append(CountryMinutes(country="IN", minutes=bundle_minutes))

        async def one(account_id: str) -> None:
            reseller = reseller_of(account_id)
            ordered = plan(
                f"Plan of {account_id.replace('_', ' ')}",
                users=1,
                cost_per_user=0,
                rate_sheet_id=self.sheet_ids[reseller.account_id],
                countries=tuple(countries),
            )
            order = CreditOrder(amount=credit) if credit else None
            async with turns:
                # just opened: a renewal in the middle of the calls would begin the bundles anew
                await self.ask(
                    opening(
                        account_id,
                        parent_path=("platform", reseller.account_id),
                        plan=ordered,
                        credit=order,
                        opened_at=ANSWERED,
                    )
                )
            self.credit[account_id] += credit
            self.bundles[account_id] = bundle_minutes * 60

        await asyncio.gather(*map(one, account_ids))

    async def add_credit(self, account_ids: Iterable[str], credit: int) -> None:
        """Let the reseller add credit to accounts."""
        order = CreditOrder(amount=credit)

        async def one(account_id: str) -> None:
            await self.ask(AddCredit(account_id=account_id, credit=order), reseller_of(account_id))
            self.credit[account_id] += credit

        await asyncio.gather(*map(one, account_ids))

    async def authorize(self, calls: Iterable[Call]) -> list[CallAuthorization]:
        """Let the switch ask for calls, all at once."""
        questions = [
            AuthorizeCall(
                call_id=call.call_id,
                account_id=call.account_id,
                destination=call.destination,
                requested_seconds=call.seconds or ASKED_SECONDS,
            )
            for call in calls
        ]
        return await asyncio.gather(*(self.ask(question) for question in questions))

    async def ask(
        self, question: Ask[AnswerType], principal: Principal | None = None
    ) -> AnswerType:
        """Ask a billing process, again and again while none is there; done once all the same."""
        signer = PrincipalSigner((self.system.folder / "principal-key.pem").read_text())
        message_id = uuid.uuid4().hex

        async def answer() -> AnswerType | None:
            signed = signer.sign(principal, utc_now()) if principal else ""
            try:
                return await self.bus.ask(question, principal=signed, message_id=message_id)
            except Refused as refusal:
                if refusal.problem.code == "unavailable":
                    return None
                raise

        answered = await eventually(answer, seconds=PATIENCE_SECONDS)
        assert answered is not None
        return answered

    # --- what billing has done -------------------------------------------------------------------

    async def charged(self) -> int:
        """Return how many calls are charged."""
        return await self.harness.database.documents("ledger").count({"type": "call"})

    async def all_seen_through(self) -> bool:
        """Tell whether nothing is left to follow from any charge."""
        assert await self.harness.database.documents("intents").count({}) == 0
        assert await self.harness.database.documents("outbox").count({}) == 0
        assert await self.holding() == 0
        return True

    async def holding(self) -> int:
        """Return how many accounts hold something for a call."""
        return await self.harness.database.documents("wallets").count({"holds.0": {"$exists": 1}})

    async def stands(self, account_id: str) -> Stands:
        """Return where an account's ledger stands, and what its calls have come to."""
        seconds_left = {"$ifNull": ["$seconds_after.IN", 0]}
        is_call = {"$eq": ["$type", "call"]}
        (found,) = await self.harness.database.documents("ledger").aggregate(
            [
                {"$match": {"account_id": account_id}},
                {"$sort": {"seq": 1}},
                {
                    "$group": {
                        "_id": None,
                        "balance": {"$last": "$balance_after"},
                        "calls": {"$sum": {"$cond": [is_call, 1, 0]}},
                        "charges": {
                            "$sum": {"$cond": [is_call, {"$multiply": ["$amount", -1]}, 0]}
                        },
                        "free": {"$sum": "$call.free_seconds"},
                        "left": {"$last": seconds_left},
                        "least": {"$min": seconds_left},
                    }
                },
            ]
        )
        assert found["least"] == found["left"] >= 0
        return Stands(
            Due(found["calls"], found["charges"], found["free"]), found["balance"], found["left"]
        )

    def metric(self, process: Member, pattern: str) -> dict[str, int]:
        """Return what a process counts since it started, by the label that the pattern captures."""
        text = httpx.get(f"http://127.0.0.1:{process.metrics_port}/metrics", verify=TLS).text
        found = re.findall(rf"^{pattern} ([0-9.e+]+)$", text, re.MULTILINE)
        return {label: int(float(number)) for label, number in found}

    async def check(self, calls: Sequence[Call]) -> None:
        """Check by a reckoning of its own that each call was charged, and announced, once."""
        self.made += calls
        lasted = sum(call.seconds > 0 for call in self.made)

        async def all_are_charged() -> bool:
            return await self.charged() == lasted

        await eventually(all_are_charged, seconds=PATIENCE_SECONDS)
        by_account: dict[str, list[Call]] = {account_id: [] for account_id in self.credit}
        for call in self.made:
            by_account[call.account_id].append(call)
        for account_id, made in by_account.items():
            expected = due(made, self.bundles[account_id])
            balance = self.credit[account_id] - expected.micros
            left = self.bundles[account_id] - expected.free_seconds
            if expected.entries or self.credit[account_id]:
                assert await self.stands(account_id) == Stands(expected, balance, left)
        await eventually(self.all_seen_through, seconds=PATIENCE_SECONDS)
        told = Counter((call.account_id, call.call_id) for call in calls if call.seconds)
        assert await self.outsider.announced() == told
        assert await self.harness.database.documents("repairs").count({}) == 0
        assert not await dead_letters(self.system.addresses.rabbitmq_url(), service.name)
        assert await audit(self.harness) == []


@asynccontextmanager
async def calling(servers: Servers, folder: Path, processes: int) -> AsyncGenerator[CallWorld]:
    """Run billing processes on an empty database."""
    prefix = f"{uuid.uuid4().hex[:8]}_"
    addresses = dataclasses.replace(servers.addresses, database_prefix=prefix)
    system = System(folder, addresses, settings={"AM_LOG_LEVEL": "WARNING"}, spawn=Forked.of)
    async with AsyncExitStack() as stack:
        client = mongo.connect(addresses.mongodb)
        stack.callback(client.close)
        harness = await opened_reseller(client, f"{prefix}{service.name}")
        # while no process is there yet that would work off the import
        sheets = [await add_sheet(harness, csv=CSV, by=reseller) for reseller in RESELLERS]
        owners = [reseller.account_id for reseller in RESELLERS]
        sheet_ids = {owner: sheet.id for owner, sheet in zip(owners, sheets, strict=True)}
        stack.callback(system.stop)
        system[service.name].start()
        await asyncio.to_thread(system[service.name].wait_until_ready)
        more = [stack.enter_context(system.replica(service.name)) for _ in range(processes - 1)]
        bus = await stack.enter_async_context(Bus(addresses.rabbitmq_url(), "test"))
        outsider = Outsider(addresses)
        await outsider.listen()
        members = [system[service.name], *more]
        world = CallWorld(system, harness, bus, Switch(addresses), outsider, members, sheet_ids)
        yield world
        await client.drop_database(f"{prefix}{service.name}")


async def opened_reseller(client: mongo.Client, name: str) -> Harness:
    """Return billing's database with two resellers in it."""
    database = Database(client, name, utc_now, "test", may_send=frozenset(service.sends))
    await database.prepare()
    for prepare in service.prepares:
        await prepare(database)
    harness = Harness(service, database, TestClock(utc_now()))
    for reseller in RESELLERS:
        account_id = reseller.account_id
        await harness.ask(opening(account_id, parent_path=("platform",), plan=None, credit=None))
    return harness


def reseller_of(account_id: str) -> Principal:
    """Return the reseller of an account: the accounts of both have calls with the same ids."""
    return RESELLERS[ord(account_id[-1]) % len(RESELLERS)]


__all__ = ["CallWorld", "Outsider", "Switch", "calling", "opened_reseller", "publish"]
