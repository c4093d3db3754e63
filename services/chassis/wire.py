"""Names and form of everything on RabbitMQ: exchanges, queues, envelope."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contracts.base import Ask, Event, Message

EVENTS_EXCHANGE: Final = "events"
COMMANDS_EXCHANGE: Final = "commands"
DEAD_LETTERS_EXCHANGE: Final = "dead-letters"

SHORT_TEXT_BYTES_MAX: Final = 255
"""Of a routing key, a message id and all other short texts of AMQP 0-9-1 (section 4.2.5.3)."""

DEAD_LETTER_DAYS: Final = 28
DEAD_LETTER_LOOKS_MAX: Final = 1_000_000_000
"""Without a bound of their own, RabbitMQ 4.0 to 4.2 drop what was looked at 20 times."""

RECEIPT_DAYS: Final = 35
"""Longer than dead letters are kept: a replayed one still finds its receipt."""

PRINCIPAL_HEADER: Final = "principal"
TRAIL_HEADER: Final = "trail"
FINGERPRINT_HEADER: Final = "fingerprint"
RECEIPT_ONLY_HEADER: Final = "receipt-only"
CHECK_ONLY_HEADER: Final = "check-only"
REASON_HEADER: Final = "reason"
QUEUE_HEADER: Final = "queue"
FAILED_AT_HEADER: Final = "failed-at"

REPLY_QUEUE: Final = "amq.rabbitmq.reply-to"
"""RabbitMQ's direct reply-to; the broker hands each asker's own address on as `<this>.<token>`."""

ANSWER_TYPE: Final = "answer"
PROBLEM_TYPE: Final = "problem"
JSON_TYPE: Final = "application/json"


def short(text: str) -> str:
    """Return a text as AMQP can carry it as an id or a routing key: its hash if it's too long.

    Without this, what an outsider has named could make a message that is never published.
    """
    if len(text) <= SHORT_TEXT_BYTES_MAX and text.isascii():
        return text
    data = text.encode(errors="surrogatepass")
    is_carried = len(data) <= SHORT_TEXT_BYTES_MAX and data.decode(errors="replace") == text
    return text if is_carried else hashlib.sha256(data).hexdigest()


def is_lost_with_broker(kind: type[Message]) -> bool:
    """Tell whether a kind of message is only asked: its asker waits, and asks again."""
    return issubclass(kind, Ask) and not kind.receipt


def queue_name(consumer: str, message: type[Message]) -> str:
    """Return the queue in which a consumer receives one kind of message."""
    if issubclass(message, Event):
        return f"{consumer}.on.{message.topic}"
    return message.topic


def dead_letter_queue(consumer: str) -> str:
    """Return the queue in which the messages wait that a consumer could not work off."""
    return f"{consumer}.dead-letters"


def exchange_of(message: type[Message]) -> str:
    """Return the exchange that a kind of message is published to."""
    return EVENTS_EXCHANGE if issubclass(message, Event) else COMMANDS_EXCHANGE


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message ready to be published: the fact is the body, all else are AMQP properties."""

    message_id: str
    exchange: str
    routing_key: str
    type: str
    body: bytes
    timestamp: datetime
    correlation_id: str
    headers: dict[str, str] = field(default_factory=dict[str, str])


def envelope(
    message: Message,
    *,
    message_id: str,
    correlation_id: str,
    timestamp: datetime,
    headers: dict[str, str] | None = None,
) -> Envelope:
    """Put a message in its envelope."""
    return Envelope(
        message_id=message_id,
        exchange=exchange_of(type(message)),
        routing_key=message.topic,
        type=message.topic,
        body=message.model_dump_json().encode(),
        timestamp=timestamp,
        correlation_id=correlation_id,
        headers=headers or {},
    )
