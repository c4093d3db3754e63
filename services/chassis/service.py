"""A service: its handlers, bolted to RabbitMQ and MongoDB the same way everywhere."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from contracts.base import CATALOGUE, Answer, Ask, Command, Event, Message
from services.chassis import wire
from services.chassis.bus import Bus
from services.chassis.database import Clock, Database, Reader, Transaction, Writer
from services.chassis.lane import Source
from services.chassis.settings import Settings

MessageType = TypeVar("MessageType", bound=Message)
AskType = TypeVar("AskType", bound=Ask[Any])
EventType = TypeVar("EventType", bound=Event)
Handler = Callable[[Any, Any], Awaitable[Answer | None]]


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it came, for a handler of a pattern: it may be of a kind unknown here."""

    topic: str
    message_id: str
    body: bytes
    """JSON, as its owner's contract describes it."""

    at: datetime | None
    """When it was announced."""

    def event(self) -> Event | None:
        """Return the event; None when its topic is unknown here. Raises ValidationError."""
        kind = CATALOGUE.get(self.topic)
        if kind is None or not issubclass(kind, Event):
            return None
        return kind.model_validate_json(self.body)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is taken from one queue, and who handles it."""

    consumer: str
    """Whose receipts these are: the service's, or those of one of its listeners."""

    queue: str
    topic: str
    """A topic, or a pattern of topics such as `accounts.#`."""

    handler: Handler
    kind: type[Message] | None
    """None for a pattern: its handler gets each event as `Heard`."""


HeardHandler = Callable[[Heard, Transaction], Awaitable[None]]
Job = Callable[[Transaction], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Running:
    """What background work and operations get: the service's parts while it runs."""

    name: str
    database: Database
    bus: Bus
    settings: Settings
    clock: Clock


Background = Callable[[Running], Awaitable[None]]
Audit = Callable[[Running], Awaitable[list[str]]]
Prepare = Callable[[Database], Awaitable[None]]
Operation = Callable[[Running, list[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Work that one replica does once in each minute or on each day."""

    name: str
    job: Job
    key_of: Callable[[datetime], str]


def _minute(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M")


def _day(now: datetime) -> str:
    return now.strftime("%Y-%m-%d")


@dataclass(slots=True)
class Service:
    """A named set of handlers; `app.py` of each service makes one.

    `sends` are the events that it announces and the commands that it tells others; a transaction
    refuses every other.
    """

    name: str
    sends: tuple[type[Message], ...] = ()
    handlers: dict[type[Message], Handler] = field(default_factory=dict[type[Message], Handler])
    scheduled: list[Scheduled] = field(default_factory=list[Scheduled])
    backgrounds: list[Background] = field(default_factory=list[Background])
    audits: list[Audit] = field(default_factory=list[Audit])
    prepares: list[Prepare] = field(default_factory=list[Prepare])
    sources: list[Source] = field(default_factory=list[Source])
    """Queues that lanes work off; declared before the service is ready, so that none is missing."""

    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    listeners: list[Subscription] = field(default_factory=list[Subscription])
    """Handlers of events beside the service's own ones."""

    def answers(
        self, message: type[AskType]
    ) -> Callable[
        [Callable[[AskType, Transaction], Awaitable[Answer | None]]],
        Callable[[AskType, Transaction], Awaitable[Answer | None]],
    ]:
        """Answer a command. The handler gets the command and the transaction that it works in.

        What it returns is the answer; without one the asker gets `Done`.
        """
        assert message.receipt, f"{message.topic}: use `replies` or `answers_at_once`"
        return self._handle(message)

    def answers_at_once(
        self, message: type[AskType]
    ) -> Callable[
        [Callable[[AskType, Writer], Awaitable[Answer]]],
        Callable[[AskType, Writer], Awaitable[Answer]],
    ]:
        """Answer a command without a receipt. What its handler writes stands at once."""
        assert issubclass(message, Command), f"{message.topic}: use `replies` for a query"
        assert not message.receipt, f"{message.topic}: use `answers` for a command with a receipt"
        return self._handle(message)

    def replies(
        self, message: type[AskType]
    ) -> Callable[
        [Callable[[AskType, Reader], Awaitable[Answer]]],
        Callable[[AskType, Reader], Awaitable[Answer]],
    ]:
        """Answer a query. The handler gets the query and a reader; it changes nothing."""
        assert not issubclass(message, Command), f"{message.topic}: use `answers` for a command"
        return self._handle(message)

    def hears(
        self, event: type[EventType], *, listener: str = ""
    ) -> Callable[
        [Callable[[EventType, Transaction], Awaitable[None]]],
        Callable[[EventType, Transaction], Awaitable[None]],
    ]:
        """Handle an event, once, in a transaction.

        A service has one handler for an event by itself, and any number of listeners with names.
        Each listener has a queue and receipts of its own, so what fails for one of them is done for
        all the others.
        """
        if not listener:
            return self._handle(event)
        queue = f"{self.name}.{listener}.on.{event.topic}"
        return self._listen(listener, queue, event.topic, event)

    def hears_all(self, pattern: str, *, listener: str) -> Callable[[HeardHandler], HeardHandler]:
        """Handle every event whose topic fits a pattern: `accounts.#`, `*.*.v1`, `#`.

        The handler gets each as `Heard`, also those of a kind that came with a later release.
        """
        return self._listen(listener, f"{self.name}.{listener}.on.{pattern}", pattern, None)

    def _listen(
        self, listener: str, queue: str, topic: str, kind: type[Event] | None
    ) -> Callable[[Any], Any]:
        def register(handler: Handler) -> Handler:
            assert all(queue != one.queue for one in self.listeners), f"{queue} has a handler"
            assert inspect.getdoc(handler), f"{handler.__name__} needs one sentence on what it does"
            consumer = f"{self.name}.{listener}"
            self.listeners.append(Subscription(consumer, queue, topic, handler, kind))
            return handler

        return register

    @property
    def subscriptions(self) -> list[Subscription]:
        """What the service takes from queues, its own handlers first."""
        own = [
            Subscription(self.name, wire.queue_name(self.name, kind), kind.topic, handler, kind)
            for kind, handler in self.handlers.items()
        ]
        return [*own, *self.listeners]

    def _handle(self, message: type[Message]) -> Callable[[Any], Any]:
        def register(handler: Handler) -> Handler:
            assert message not in self.handlers, f"{message.topic} has a handler already"
            assert message.topic, f"{message.__name__} has no topic"
            assert inspect.getdoc(handler), f"{handler.__name__} needs one sentence on what it does"
            owned = issubclass(message, Ask)
            assert not owned or message.owner == self.name, f"{message.topic} is not {self.name}'s"
            self.handlers[message] = handler
            return handler

        return register

    def may_send(self, *messages: type[Message]) -> None:
        """Let transactions announce and tell these too: each part of a service says its own."""
        self.sends = (*self.sends, *messages)

    def each_minute(self, job: Job) -> Job:
        """Do this once a minute, whatever the number of replicas."""
        self.scheduled.append(Scheduled(job.__name__, job, _minute))
        return job

    def each_day(self, job: Job) -> Job:
        """Do this once a day (UTC), whatever the number of replicas."""
        self.scheduled.append(Scheduled(job.__name__, job, _day))
        return job

    def background(self, work: Background) -> Background:
        """Run this beside the handlers, in every replica, until the service stops."""
        self.backgrounds.append(work)
        return work

    def prepare(self, work: Prepare) -> Prepare:
        """Do this before the first message: indexes."""
        self.prepares.append(work)
        return work

    def audit(self, work: Audit) -> Audit:
        """Look for what must never be; return each fault as a sentence."""
        self.audits.append(work)
        return work

    def operation(self, name: str) -> Callable[[Operation], Operation]:
        """Offer a command to ops: `accounts-manager <name> …`."""

        def register(work: Operation) -> Operation:
            self.operations[name] = work
            return work

        return register


BACKGROUND_PAUSE_SECONDS: Final = 1.0
