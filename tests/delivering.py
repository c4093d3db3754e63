"""Messages delivered to a service through FastStream's `TestRabbitBroker`: no broker, real MongoDB.

For what the middleware does with a message. Redelivery, prefetch and outages need a real broker.
"""

import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from aiormq.abc import FieldValue
from faststream.rabbit import RabbitBroker, TestRabbitBroker

from contracts.base import Message, Problem
from services.chassis import wire
from services.chassis.bus import Bus
from services.chassis.consume import Consumer
from services.chassis.database import Database
from services.chassis.process import build_broker
from services.chassis.relay import Relay
from services.chassis.service import Service

ASKER: Final = f"{wire.REPLY_QUEUE}.g1h2AA5yZXBseUA2ODc4MTMzNAAAcEoAAAAAaS8eQg==.bm9ib2R5"
"""Where one who asks with direct reply-to gets the answer."""


class Recorder(Bus):
    """A bus that keeps what is answered and published instead of sending it."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.answers: list[tuple[str, bytes]] = []
        self.published: list[wire.Envelope] = []

    async def answer(self, to: str, correlation_id: str, kind: str, body: bytes) -> None:
        """Keep an answer."""
        assert to == ASKER
        assert correlation_id
        self.answers.append((kind, body))

    async def publish(self, message: wire.Envelope) -> None:
        """Keep a dead letter."""
        self.published.append(message)


@dataclass(slots=True)
class Delivery:
    """Delivers messages to the handlers of a service, one after the other."""

    broker: RabbitBroker
    bus: Recorder = field(default_factory=Recorder)

    async def deliver(
        self,
        message: Message | bytes,
        topic: str = "",
        *,
        exchange: str = "",
        message_id: str = "",
        asked: bool = False,
        timestamp: datetime | None = None,
        headers: Mapping[str, FieldValue] | None = None,
    ) -> str:
        """Deliver a message and return its id; a body of bytes needs its topic and exchange."""
        message_id = message_id or uuid.uuid4().hex
        is_body = isinstance(message, bytes)
        kind_topic = topic if is_body else message.topic
        await self.broker.publish(
            message if is_body else message.model_dump_json().encode(),
            routing_key=kind_topic,
            exchange=exchange
            or (wire.COMMANDS_EXCHANGE if is_body else wire.exchange_of(type(message))),
            message_id=message_id,
            message_type=kind_topic,
            content_type=wire.JSON_TYPE,
            reply_to=ASKER if asked else None,
            timestamp=timestamp,
            headers=dict(headers) if headers else None,
        )
        return message_id

    @property
    def problems(self) -> list[Problem]:
        """The refusals among the answers, oldest first."""
        return [
            Problem.model_validate_json(body)
            for kind, body in self.bus.answers
            if kind == wire.PROBLEM_TYPE
        ]

    @property
    def dead_letters(self) -> list[tuple[str, str]]:
        """The queue and the reason of each message that was set aside, oldest first."""
        return [
            (dead_letter.headers[wire.QUEUE_HEADER], dead_letter.headers[wire.REASON_HEADER])
            for dead_letter in self.bus.published
            if dead_letter.exchange == wire.DEAD_LETTERS_EXCHANGE
        ]


@asynccontextmanager
async def delivering(service: Service, database: Database) -> AsyncGenerator[Delivery]:
    """Give a way to deliver messages to a service that works on a database."""
    bus = Recorder()
    relay = Relay(database, bus.publish, service.name)
    consumer = Consumer(
        service.name, database, bus, relay, None, subscriptions=service.subscriptions
    )
    async with TestRabbitBroker(build_broker(service, "amqp://", consumer)) as broker:
        yield Delivery(broker, bus)
