"""A service on a real MongoDB, driven by messages: message in, documents and messages out."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from contracts.base import CATALOGUE, Answer, Ask, Command, Event, Message, Problem, Refused
from services.chassis import mongo
from services.chassis.database import OUTBOX, Database, Trigger
from services.chassis.principal import Principal
from services.chassis.service import Service

AnswerType = TypeVar("AnswerType", bound=Answer)
MessageType = TypeVar("MessageType", bound=Message)

OPERATOR = Principal(id="usr_operator", account_id="platform", parent_id="", role="operator")
RESELLER = Principal(id="usr_r1", account_id="acc_r1", parent_id="platform", role="reseller")
OTHER_RESELLER = Principal(id="usr_r2", account_id="acc_r2", parent_id="platform", role="reseller")
CUSTOMER = Principal(id="usr_c1", account_id="acc_c1", parent_id="acc_r1", role="customer")


@dataclass(slots=True)
class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False
    now: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def forward(self, **duration: float) -> None:
        """Move on, for instance `clock.forward(minutes=15)`."""
        self.now += timedelta(**duration)


_SPARE: dict[tuple[str, str, str], list[str]] = {}
"""Emptied databases of a server and service: making their indexes takes longer than most tests."""

DOCUMENTS_TO_DELETE_MAX: Final = 2_000


@dataclass(slots=True)
class Harness:
    """One service, its database and its outbox; no broker."""

    service: Service
    database: Database
    clock: TestClock
    _seen: set[str] = field(default_factory=set[str])
    _place: tuple[str, str, str] = ("", "", "")
    """Of its database, where `start` gave it one."""

    @classmethod
    async def start(cls, service: Service, mongodb_url: str, prefix: str) -> "Harness":
        """Give the service an empty database with its indexes."""
        clock = TestClock()
        place = (mongodb_url, prefix, service.name)
        spare = _SPARE.setdefault(place, [])
        name = spare.pop() if spare else f"{prefix}{service.name}_{uuid.uuid4().hex[:8]}"
        client = mongo.connect(mongodb_url)
        database = Database(client, name, clock, "test", may_send=frozenset(service.sends))
        if not await client[name].list_collection_names():
            await database.prepare()
            for prepare in service.prepares:
                await prepare(database)
        return cls(service, database, clock, _place=place)

    async def stop(self) -> None:
        """Empty the database for the next test."""
        assert any(self._place), "whoever brought the database drops it"
        raw = self.database.raw
        names = await raw.list_collection_names()
        sizes = await _sizes(raw, names)
        # a profile of what was asked cannot be emptied
        if sum(sizes.values()) > DOCUMENTS_TO_DELETE_MAX or "system.profile" in names:
            await self.database.client.drop_database(raw.name)
        else:
            for name, size in sizes.items():
                if size:
                    await raw[name].delete_many({})
        _SPARE[self._place].append(raw.name)
        self.database.client.close()

    async def ask(
        self,
        question: Ask[AnswerType],
        principal: Principal | None = None,
        *,
        message_id: str = "",
        fingerprint: str = "",
    ) -> AnswerType:
        """Ask as the bus would; raises Refused."""
        trigger = Trigger(
            message_id=message_id or uuid.uuid4().hex,
            correlation_id="test",
            principal=principal,
            fingerprint=fingerprint,
        )
        handler = self.service.handlers[type(question)]
        if not question.receipt:
            writes = isinstance(question, Command)
            work = self.database.writer if writes else self.database.reader
            answer = await handler(question, work(principal))
            assert isinstance(answer, question.answer)
            return answer  # pyright: ignore[reportReturnType] - `answer` is AnswerType's own class
        document = await self.database.once(
            self.service.name, trigger, lambda tx: handler(question, tx)
        )
        body = document["body"] if document else "{}"
        return question.answer.model_validate_json(body)  # pyright: ignore[reportReturnType] - likewise

    async def problem(self, question: Ask[Answer], principal: Principal | None = None) -> Problem:
        """Ask what must be refused, and return the refusal."""
        try:
            answer = await self.ask(question, principal)
        except Refused as refusal:
            return refusal.problem
        message = f"{question.topic} was not refused but answered {answer!r}"
        raise AssertionError(message)

    async def hear(self, event: Event, *, message_id: str = "") -> None:
        """Deliver an event; with the id of an earlier one it is a redelivery."""
        trigger = Trigger(message_id=message_id or uuid.uuid4().hex, correlation_id="test")
        handler = self.service.handlers[type(event)]
        await self.database.once(self.service.name, trigger, lambda tx: handler(event, tx))

    async def run_jobs(self) -> None:
        """Do all scheduled work once, at the clock's time."""
        for scheduled in self.service.scheduled:
            trigger = Trigger(message_id=uuid.uuid4().hex, correlation_id="test")
            await self.database.once(scheduled.name, trigger, scheduled.job)

    async def sent(self, kind: type[MessageType]) -> list[MessageType]:
        """Return the messages of a kind that left since this was last asked for the kind."""
        found = await self.database.documents(OUTBOX).find(
            {"type": kind.topic}, sort=[("_id", mongo.ASCENDING)], limit=10_000
        )
        fresh = [document for document in found if document["_id"] not in self._seen]
        self._seen.update(document["_id"] for document in fresh)
        return [kind.model_validate_json(document["body"]) for document in fresh]

    async def outgoing_topics(self) -> list[str]:
        """Return the topics of everything that left, oldest first."""
        found = await self.database.documents(OUTBOX).find(
            {}, sort=[("_id", mongo.ASCENDING)], limit=10_000
        )
        assert all(document["type"] in CATALOGUE for document in found)
        return [document["type"] for document in found]


async def _sizes(database: mongo.RawDatabase, names: Sequence[str]) -> dict[str, int]:
    """Return how many documents each collection has: in one question, for most are empty."""
    count: list[dict[str, Any]] = [{"$collStats": {"count": {}}}]
    others = [{"$unionWith": {"coll": name, "pipeline": count}} for name in names[1:]]
    found = await database[names[0]].aggregate([*count, *others]).to_list(len(names))
    return {one["ns"].removeprefix(f"{database.name}."): one["count"] for one in found}


__all__ = ["CUSTOMER", "OPERATOR", "OTHER_RESELLER", "RESELLER", "Harness", "TestClock"]
