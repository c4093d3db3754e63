"""Questions are taken from their queues, many at a time, without the weight of a subscriber."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final

import structlog
from aio_pika import IncomingMessage
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError
from aiormq.abc import DeliveredMessage

from contracts.base import Ask
from services.chassis import wire
from services.chassis.bus import CONNECT_SECONDS, RECONNECT_SECONDS, close, wait_for_rabbitmq

QUESTIONS_AT_ONCE_MAX: Final = 100
"""Of one process; more wait at the broker, or go to another."""

FINISH_SECONDS: Final = 10.0

log = structlog.get_logger()
Reply = Callable[[type[Ask[Any]], IncomingMessage], Awaitable[None]]


class Questions:
    """Takes every kind of question that a service answers; one that is lost is asked again."""

    def __init__(self, url: str, name: str, kinds: Iterable[type[Ask[Any]]], reply: Reply) -> None:
        self._url = url
        self._name = name
        self._kinds = tuple(kinds)
        self._reply = reply
        self._open = 0
        self._none_open = asyncio.Event()
        self._none_open.set()
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Take questions until cancelled, with a new connection whenever one was lost."""
        while True:
            connection = await wait_for_rabbitmq(self._url, f"{self._name} questions")
            lost = asyncio.Event()
            try:
                await self._listen(connection, lost)
                self.connected.set()
                await lost.wait()
            except (AMQPError, RuntimeError, OSError, TimeoutError) as error:
                log.warning("questions not heard", reason=type(error).__name__)
            except asyncio.CancelledError:
                await self._finish()
                raise
            finally:
                self.connected.clear()
                await asyncio.shield(close(connection))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, connection: AbstractConnection, lost: asyncio.Event) -> None:
        def notice(*_: object) -> None:
            lost.set()

        connection.close_callbacks.add(notice)
        async with asyncio.timeout(CONNECT_SECONDS):
            channel = await connection.channel(publisher_confirms=False)
            channel.close_callbacks.add(notice)
            await channel.set_qos(prefetch_count=QUESTIONS_AT_ONCE_MAX)
            underlay = await channel.get_underlay_channel()
            # the broker cancels a consumer when its queue is deleted: then it is declared anew
            underlay.on_consumer_cancel_callbacks.add(notice)
            for kind in self._kinds:
                await _declare(channel, kind)
                await underlay.basic_consume(kind.topic, partial(self._take, kind))

    async def _take(self, kind: type[Ask[Any]], delivered: DeliveredMessage) -> None:
        self._open += 1
        self._none_open.clear()
        try:
            await self._reply(kind, IncomingMessage(delivered))
        finally:
            self._open -= 1
            if not self._open:
                self._none_open.set()

    async def _finish(self) -> None:
        """Answer what was begun; what has not been is put back and goes to another process."""
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                await self._none_open.wait()
        except TimeoutError:
            log.warning("questions left unanswered", number=self._open)


async def _declare(channel: AbstractChannel, kind: type[Ask[Any]]) -> None:
    """Declare the queue of a kind of question; it goes with the last process that answers it."""
    queue = await channel.declare_queue(kind.topic, durable=True, auto_delete=True)
    await queue.bind(wire.COMMANDS_EXCHANGE, routing_key=kind.topic)
