"""Asking over AMQP as barely as can be, so that what differs is who answers."""

import asyncio
import uuid
from types import TracebackType
from typing import Final, Self

import aio_pika
from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp import commands as spec

REPLY_QUEUE: Final = "amq.rabbitmq.reply-to"


class Asker:
    """Asks one queue over direct reply-to; asks may overlap."""

    def __init__(self, url: str, exchange: str, routing_key: str) -> None:
        self._url = url
        self._exchange = exchange
        self._routing_key = routing_key
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._channel: AbstractChannel

    async def __aenter__(self) -> Self:
        """Connect."""
        self._connection = await aio_pika.connect(self._url)
        channel = await self._connection.channel(publisher_confirms=False)
        self._channel = await channel.get_underlay_channel()
        await self._channel.basic_consume(REPLY_QUEUE, self._answered, no_ack=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        await self._connection.close()

    async def _answered(self, message: DeliveredMessage) -> None:
        question = str(message.header.properties.correlation_id)
        self._waiting.pop(question).set_result(message.body)

    async def ask(self, body: bytes) -> bytes:
        """Return the answer; whoever calls this sets a time-out."""
        question = uuid.uuid4().hex
        answer = self._waiting[question] = asyncio.get_running_loop().create_future()
        properties = spec.Basic.Properties(
            message_id=question, correlation_id=question, reply_to=REPLY_QUEUE
        )
        await self._channel.basic_publish(
            body, exchange=self._exchange, routing_key=self._routing_key, properties=properties
        )
        return await answer
