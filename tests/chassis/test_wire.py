"""Ids and routing keys that outsiders have a part in: RabbitMQ takes each of them."""

import uuid

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from services.chassis import wire
from services.chassis.bus import Bus
from services.chassis.settings import Settings
from tests.harness import TestClock

LONG = "\N{GRINNING FACE}" * 120


@pytest.mark.parametrize("text", ["", "call-1", "x" * 255, "\N{GRINNING FACE}" * 63])
def test_a_text_that_amqp_carries_stays_as_it_is(text: str) -> None:
    assert wire.short(text) == text


@pytest.mark.parametrize("text", ["x" * 256, LONG, "half \ud83d"])
def test_a_text_that_amqp_does_not_carry_goes_by_its_hash(text: str) -> None:
    assert len(wire.short(text)) == 64
    assert wire.short(text) == wire.short(text) != wire.short(text + "x")


async def test_a_message_is_published_whatever_its_ids_are_made_of(settings: Settings) -> None:
    url = settings.rabbitmq_url.get_secret_value()
    topic = f"test.{uuid.uuid4().hex}.{LONG}"
    message = wire.Envelope(LONG, wire.EVENTS_EXCHANGE, topic, "test", b"{}", TestClock()(), LONG)
    async with Bus(url, "test") as bus, await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(wire.EVENTS_EXCHANGE, wire.short(topic))
        await bus.publish(message)
        taken = await queue.get(timeout=5)
    assert isinstance(taken, AbstractIncomingMessage)
    assert (taken.message_id, taken.correlation_id) == (wire.short(LONG), wire.short(LONG))
