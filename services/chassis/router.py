"""The FastStream handlers of a service or of a slice: each message in a transaction of its own."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from faststream.rabbit import (
    ExchangeType,
    QueueType,
    RabbitExchange,
    RabbitMessage,
    RabbitQueue,
    RabbitRoute,
    RabbitRouter,
)

from contracts.base import CATALOGUE, Answer, Ask, Command, Event, Message
from services.chassis import wire
from services.chassis.database import Transaction

DELIVERIES_MAX: Final = 20

EVENTS: Final = RabbitExchange(wire.EVENTS_EXCHANGE, type=ExchangeType.TOPIC, durable=True)
COMMANDS: Final = RabbitExchange(wire.COMMANDS_EXCHANGE, type=ExchangeType.TOPIC, durable=True)

CommandType = TypeVar("CommandType", bound=Command[Any])
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


HeardHandler = Callable[[Heard, Transaction], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A queue, and the handler of the messages in it."""

    service: str
    listener: str
    """Empty for the service's own handler."""

    topic: str
    """A topic, or a pattern of topics such as `accounts.#`."""

    kind: type[Message] | None
    """None for a pattern: its handler gets each event as `Heard`."""

    handler: Handler

    @property
    def consumer(self) -> str:
        """Whose receipts these are: the service's, or those of one of its listeners."""
        return f"{self.service}.{self.listener}" if self.listener else self.service

    @property
    def queue(self) -> str:
        """The name of the queue."""
        if self.kind is None:
            return f"{self.consumer}.on.{self.topic}"
        return wire.queue_name(self.consumer, self.kind)

    def route(self) -> RabbitRoute:
        """Return FastStream's subscriber, to be registered with the router of a broker."""
        is_command = self.kind is not None and issubclass(self.kind, Command)
        return RabbitRoute(
            self.handler,
            RabbitQueue(
                self.queue,
                queue_type=QueueType.QUORUM,
                durable=True,
                routing_key=self.topic,
                arguments={
                    "x-dead-letter-exchange": wire.DEAD_LETTERS_EXCHANGE,
                    "x-dead-letter-routing-key": self.service,
                    "x-delivery-limit": DELIVERIES_MAX,
                },
            ),
            COMMANDS if is_command else EVENTS,
            decoder=self.decode,
            no_reply=True,  # the middleware answers: with what the receipt has, also after a repeat
            title=self.topic,
            # a document has each channel once, and what a pattern hears is its owners'
            include_in_schema=not self.listener,
        )

    async def decode(self, message: RabbitMessage) -> Message | Heard:
        """Return the body of a message, validated; raises ValidationError or RecursionError."""
        if self.kind is not None:
            return self.kind.model_validate_json(message.body)
        delivered = message.raw_message
        return Heard(
            topic=delivered.type or delivered.routing_key or "",
            message_id=delivered.message_id or "",
            body=delivered.body,
            at=delivered.timestamp,
        )


@dataclass(slots=True)
class Router:
    """Registers the handlers of a service's slice; each broker gets a `RabbitRouter` of them.

    Handlers stay the functions they are, so that several brokers of one process can have them.
    """

    service: str
    queues: set[str]
    """Those of the whole service that have a handler."""

    subscriptions: list[Subscription] = field(default_factory=list[Subscription])

    def rabbit_router(self) -> RabbitRouter:
        """Return FastStream's router for one broker."""
        return RabbitRouter(handlers=[taken.route() for taken in self.subscriptions])

    def answers(
        self, command: type[CommandType]
    ) -> Callable[
        [Callable[[CommandType, Transaction], Awaitable[Answer | None]]],
        Callable[[CommandType, Transaction], Awaitable[Answer | None]],
    ]:
        """Answer a command. The handler gets the command and the transaction that it works in.

        What it returns is the answer; without one the asker gets `Done`.
        """
        assert issubclass(command, Command), f"{command.topic}: use `Service.replies` for a query"
        assert command.receipt, f"{command.topic}: use `Service.answers_at_once`"
        return self._subscribe(command.topic, command)

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
        return self._subscribe(event.topic, event, listener)

    def hears_all(self, pattern: str, *, listener: str) -> Callable[[HeardHandler], HeardHandler]:
        """Handle every event whose topic fits a pattern: `accounts.#`, `*.*.v1`, `#`.

        The handler gets each as `Heard`, also those of a kind that came with a later release.
        """
        return self._subscribe(pattern, None, listener)

    def _subscribe(
        self, topic: str, kind: type[Message] | None, listener: str = ""
    ) -> Callable[[Any], Any]:
        def register(handler: Handler) -> Handler:
            taken = Subscription(self.service, listener, topic, kind, handler)
            assert topic, f"{handler.__name__} is for a message without a topic"
            assert taken.queue not in self.queues, f"{taken.queue} has a handler"
            assert inspect.getdoc(handler), f"{handler.__name__} needs one sentence on what it does"
            owned = kind is not None and issubclass(kind, Ask)
            assert not owned or topic.startswith(f"{self.service}."), (
                f"{topic} is not {self.service}'s"
            )
            self.queues.add(taken.queue)
            self.subscriptions.append(taken)
            return handler

        return register
