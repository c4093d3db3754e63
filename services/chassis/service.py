"""A service: its handlers, bolted to RabbitMQ and MongoDB the same way everywhere."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from contracts.base import Answer, Ask, Command, Message
from services.chassis.bus import Bus
from services.chassis.database import Clock, Database, Reader, Transaction, Writer
from services.chassis.lane import Source
from services.chassis.router import Handler, Router, Subscription
from services.chassis.settings import Settings

AskType = TypeVar("AskType", bound=Ask[Any])


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
    routers: list[Router] = field(default_factory=list[Router])
    """Of its slices: what is done in a transaction for each message, by FastStream."""

    questions: dict[type[Ask[Any]], Handler] = field(default_factory=dict[type[Ask[Any]], Handler])
    """What is answered without a receipt: queries, and commands with a key of their own."""

    scheduled: list[Scheduled] = field(default_factory=list[Scheduled])
    backgrounds: list[Background] = field(default_factory=list[Background])
    audits: list[Audit] = field(default_factory=list[Audit])
    prepares: list[Prepare] = field(default_factory=list[Prepare])
    sources: list[Source] = field(default_factory=list[Source])
    """Queues that lanes work off; declared before the service is ready, so that none is missing."""

    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    _queues: set[str] = field(default_factory=set[str])

    def router(self) -> Router:
        """Return a new router, for the commands and events of the service or of one slice."""
        router = Router(self.name, self._queues)
        self.routers.append(router)
        return router

    @property
    def subscriptions(self) -> list[Subscription]:
        """What its routers take from queues."""
        return [taken for router in self.routers for taken in router.subscriptions]

    @property
    def handlers(self) -> dict[type[Message], Handler]:
        """The service's own handler of each kind of message."""
        own = {
            taken.kind: taken.handler
            for taken in self.subscriptions
            if taken.kind is not None and not taken.listener
        }
        return {**own, **self.questions}

    def answers_at_once(
        self, message: type[AskType]
    ) -> Callable[
        [Callable[[AskType, Writer], Awaitable[Answer]]],
        Callable[[AskType, Writer], Awaitable[Answer]],
    ]:
        """Answer a command without a receipt. What its handler writes stands at once."""
        assert issubclass(message, Command), f"{message.topic}: use `replies` for a query"
        assert not message.receipt, f"{message.topic}: a router answers a command with a receipt"
        return self._answer(message)

    def replies(
        self, message: type[AskType]
    ) -> Callable[
        [Callable[[AskType, Reader], Awaitable[Answer]]],
        Callable[[AskType, Reader], Awaitable[Answer]],
    ]:
        """Answer a query. The handler gets the query and a reader; it changes nothing."""
        assert not issubclass(message, Command), f"{message.topic}: a router answers a command"
        return self._answer(message)

    def _answer(self, message: type[Ask[Any]]) -> Callable[[Any], Any]:
        def register(handler: Handler) -> Handler:
            assert message.topic not in self._queues, f"{message.topic} has a handler"
            assert message.topic, f"{message.__name__} has no topic"
            assert inspect.getdoc(handler), f"{handler.__name__} needs one sentence on what it does"
            assert message.owner == self.name, f"{message.topic} is not {self.name}'s"
            self._queues.add(message.topic)
            self.questions[message] = handler
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
