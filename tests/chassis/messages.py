"""Messages published as other systems would, and what became of them."""

import uuid

import aio_pika

from contracts.base import Command
from services.chassis.dead_letters import DeadLetter, dead_letters
from services.chassis.process import Process
from services.chassis.settings import Settings
from tests.chassis.service_for_tests import (
    Added,
    Total,
)


async def publish(
    settings: Settings, exchange: str, routing_key: str, message: aio_pika.Message
) -> None:
    """Publish as another system would."""
    url = settings.rabbitmq_url.get_secret_value()
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        target = await channel.get_exchange(exchange, ensure=False)
        await target.publish(message, routing_key=routing_key)


def message_of(body: Command[Total] | Added, **properties: object) -> aio_pika.Message:
    """Return a message as a service tells or announces it."""
    given = {"message_id": uuid.uuid4().hex, "type": body.topic, **properties}
    return aio_pika.Message(body.model_dump_json().encode(), **given)  # pyright: ignore[reportArgumentType] - AMQP properties


async def dead_letter(settings: Settings, message_id: str) -> DeadLetter | None:
    """Find a dead letter of the probe."""
    found = await dead_letters(settings.rabbitmq_url.get_secret_value(), "probe")
    return next((dead for dead in found if dead.id == message_id), None)


async def heard(probe: Process, of: str) -> dict[str, int]:
    """Tell what was heard of a total: its amount, and how often it was added to."""
    found = await probe.database.documents("copies").find_one({"_id": of})
    return {"amount": found["amount"], "times": found["times"]} if found else {}
