"""Transactions: the receipt, the documents and the outgoing messages commit together."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from contracts.base import Answer, Command, Event, Message, Problem, Refused
from services.chassis import mongo, wire
from services.chassis.mongo import Document, Documents, IndexModel, Reads
from services.chassis.principal import Principal

ATTEMPTS_MAX: Final = 40
"""A transaction that loses this many races has met a bug, not a crowd."""

BACKOFF_SECONDS: Final = 0.004
BACKOFF_SECONDS_MAX: Final = 0.25
RELAY_LEASE_SECONDS: Final = 10

CLOCKS_APART_MAX: Final = timedelta(minutes=5)
"""Clocks of processes that work differ by less. What is dated further ahead was dated by a clock
that had jumped, and must not be waited for until the others get there."""

SUFFIX_CHARACTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"

INBOX: Final = "inbox"
OUTBOX: Final = "outbox"

Clock = Callable[[], datetime]
Memory = TypeVar("Memory")


@dataclass(frozen=True, slots=True)
class Trigger:
    """What sets off a unit of work: its message, whom it is done for, and where the trail began."""

    message_id: str
    correlation_id: str
    principal: Principal | None = None
    fingerprint: str = ""
    """Of the person's request; the same message id with another one is refused."""

    receipt_only: bool = False
    """Answer what was answered before, and do nothing new."""

    check_only: bool = False
    """Refuse what would be refused, and do nothing."""


class _Checked(Exception):  # noqa: N818 - no error: it ends a transaction without a trace
    """The work of a check has come to its end, and is undone."""


class Reader:
    """What a query works with: documents that it cannot change, the asker and the time."""

    def __init__(
        self,
        database: mongo.Collections,
        *,
        now: datetime,
        asker: Principal | None = None,
        session: mongo.Session | None = None,
        memories: dict[type, object] | None = None,
    ) -> None:
        self._database = database
        self._session = session
        self._memories = memories if memories is not None else {}
        self.now = now
        self.asker = asker
        """On whose behalf it works; None for the system's own work."""

    @property
    def principal(self) -> Principal:
        """Who asks; Refused when the message came without a signed principal."""
        if self.asker is None:
            raise Refused("not-signed-in", "This is asked on behalf of a person.")
        return self.asker

    @property
    def actor(self) -> str:
        """Who is behind this work, for the ledger and the audit trail."""
        return self.asker.id if self.asker else "system"

    def memory(self, kind: type[Memory]) -> Memory:
        """Return what this process remembers between messages; made when first asked for.

        What is remembered may be out of date: whoever relies on it guards what he writes.
        """
        found = self._memories.get(kind)
        if found is None:
            found = self._memories[kind] = kind()
        assert isinstance(found, kind)
        return found

    def documents(self, collection: str) -> Reads:
        """Return a collection as this reader or transaction sees it."""
        return Reads(self._database, collection, self._session)


class Writer(Reader):
    """What a command without a receipt and background work have: each write stands at once."""

    def documents(self, collection: str) -> Documents:
        """Return a collection, to read and to write."""
        return Documents(self._database, collection, self._session)


class Transaction(Writer):
    """What a command or an event works with; commits as one, or leaves no trace."""

    def __init__(
        self,
        database: mongo.Collections,
        *,
        now: datetime,
        trigger: Trigger,
        session: mongo.Session | None = None,
        memories: dict[type, object] | None = None,
        may_send: frozenset[type[Message]] | None = None,
    ) -> None:
        super().__init__(
            database, now=now, asker=trigger.principal, session=session, memories=memories
        )
        self.trigger = trigger
        self._may_send = may_send
        self.outgoing: list[wire.Envelope] = []

    def new_id(self, kind: str) -> str:
        """Return a new id such as `acc_65f0…`; ids sort by the time they were made."""
        return f"{kind}_{mongo.new_object_id()}"

    def new_suffix(self, characters: int) -> str:
        """Return random letters and digits that cannot be mistaken for one another."""
        return "".join(secrets.choice(SUFFIX_CHARACTERS) for _ in range(characters))

    def announce(self, event: Event) -> None:
        """Publish a fact once this transaction has committed."""
        self._send(event)

    def tell(self, command: Command[Answer]) -> None:
        """Give another service an order once this transaction has committed."""
        self._send(command)

    def _send(self, message: Message) -> None:
        assert self._may_send is None or type(message) in self._may_send, (
            f"{message.topic} is not among the messages that this service declares to send"
        )
        self.outgoing.append(
            wire.envelope(
                message,
                message_id=mongo.new_object_id(),
                correlation_id=self.trigger.correlation_id,
                timestamp=self.now,
            )
        )


Work = Callable[[Transaction], Awaitable[Answer | None]]


@dataclass(slots=True)
class Database:
    """One service's database: its transactions, receipts and outgoing messages."""

    client: mongo.Client
    name: str
    clock: Clock
    holder: str
    """This process; it holds the lease on the messages that it wrote."""

    committed: Callable[[list[wire.Envelope]], None] = lambda _: None
    """Told what to publish as soon as a transaction has committed."""

    may_send: frozenset[type[Message]] | None = None
    memories: dict[type, object] = field(default_factory=dict[type, object])
    """What this process remembers between messages, one of a kind."""

    raw: mongo.RawDatabase = field(init=False)
    _collections: mongo.Collections = field(init=False)

    def __post_init__(self) -> None:
        self.raw = mongo.database_of(self.client, self.name)
        self._collections = mongo.Collections(self.raw)

    def documents(self, collection: str) -> Documents:
        """Return a collection outside any transaction."""
        return Documents(self._collections, collection, None)

    def reader(self, asker: Principal | None = None) -> Reader:
        """Return what a query works with; without an asker, what the system's own work reads by."""
        return Reader(self._collections, now=self.clock(), asker=asker, memories=self.memories)

    def writer(self, asker: Principal | None = None) -> Writer:
        """Return what a command without a receipt, or the system's own work, writes by."""
        return Writer(self._collections, now=self.clock(), asker=asker, memories=self.memories)

    async def prepare(self) -> None:
        """Create the indexes of inbox and outbox."""
        seconds = wire.RECEIPT_DAYS * 86_400
        await self.documents(INBOX).ensure_indexes(
            IndexModel("at", expireAfterSeconds=seconds, name="forget")
        )
        await self.documents(OUTBOX).ensure_indexes(IndexModel("leased_until", name="due"))

    async def once(self, consumer: str, trigger: Trigger, work: Work) -> Document | None:
        """Do the work for this message exactly once; give the same answer every time after.

        The answer is `{"type", "body"}` as the asker gets it, None when there is none.
        Refused is raised when the work refuses (nothing is kept of it), or when the message id
        was used before for a request with another fingerprint.

        When the trigger only checks, the work is done and undone: nothing is kept or sent.
        """
        receipt_id = f"{consumer}:{trigger.message_id}"
        backoff_seconds = BACKOFF_SECONDS
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return await self._attempt(receipt_id, trigger, work)
            except _Checked:
                return None
            except mongo.PyMongoError as error:
                if not mongo.is_passing(error) or attempt == ATTEMPTS_MAX:
                    raise
            await asyncio.sleep(random.uniform(0, backoff_seconds))  # noqa: S311 - jitter, no secret
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)
        message = "the loop above returns or raises"
        raise AssertionError(message)

    async def _attempt(self, receipt_id: str, trigger: Trigger, work: Work) -> Document | None:
        async with await self.client.start_session() as session:
            # Said here, for a transaction does not inherit the database's write concern.
            async with session.start_transaction(write_concern=mongo.MAJORITY):
                inbox = Documents(self._collections, INBOX, session)
                done = await inbox.find_one({"_id": receipt_id})
                if done is not None:
                    return _same_answer(done, trigger)
                if trigger.receipt_only and not trigger.check_only:
                    raise Refused("not-found", "This hasn’t been done before.")
                transaction = Transaction(
                    self._collections,
                    now=self.clock(),
                    trigger=trigger,
                    session=session,
                    memories=self.memories,
                    may_send=self.may_send,
                )
                answer = await work(transaction)
                if trigger.check_only:
                    raise _Checked
                answered = None if answer is None else answer_document(answer)
                await inbox.insert(
                    {
                        "_id": receipt_id,
                        "at": transaction.now,
                        "fingerprint": trigger.fingerprint,
                        "answer": answered,
                    }
                )
                await self._put_out(session, transaction)
            self.committed(transaction.outgoing)
            return answered

    async def _put_out(self, session: mongo.Session, transaction: Transaction) -> None:
        """Write the outgoing messages, leased to this process, which publishes them next."""
        lease = self.clock() + timedelta(seconds=RELAY_LEASE_SECONDS)
        await Documents(self._collections, OUTBOX, session).insert(
            *(
                {
                    "_id": message.message_id,
                    "exchange": message.exchange,
                    "routing_key": message.routing_key,
                    "type": message.type,
                    "body": message.body,
                    "timestamp": message.timestamp,
                    "correlation_id": message.correlation_id,
                    "headers": message.headers,
                    "leased_until": lease,
                    "holder": self.holder,
                }
                for message in transaction.outgoing
            )
        )


def over(field: str, now: datetime, longest: timedelta) -> Document:
    """Return the query for what a date says is due, or that no clock that is right can have dated.

    `longest` is how far ahead the date may be in order.
    """
    return {
        "$or": [{field: {"$lte": now}}, {field: {"$gt": now + longest + CLOCKS_APART_MAX}}],
    }


def is_of_database(error: Exception) -> bool:
    """Tell whether work failed for its database's sake: the same work may do later."""
    return mongo.is_passing(error) or mongo.is_outage(error)


def answer_document(answer: Answer) -> Document:
    """Return an answer as it is stored and sent."""
    kind = wire.PROBLEM_TYPE if isinstance(answer, Problem) else wire.ANSWER_TYPE
    return {"type": kind, "body": answer.model_dump_json()}


def _same_answer(receipt: Mapping[str, object], trigger: Trigger) -> Document | None:
    if receipt["fingerprint"] != trigger.fingerprint:
        raise Refused(
            "idempotency-key-reused",
            "This Idempotency-Key was used for a request with another body. Use a new key.",
        )
    answer = receipt["answer"]
    assert answer is None or isinstance(answer, dict)
    return answer  # pyright: ignore[reportUnknownVariableType] - a document of our own
