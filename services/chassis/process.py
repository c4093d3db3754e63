"""The life of one service process: wait for the servers, work, finish what was begun, leave."""

import asyncio
import os
import signal
import socket
import uuid
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

import structlog
import uvicorn
from aio_pika.exceptions import AMQPConnectionError, ChannelInvalidStateError
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker
from faststream.types import BrokerMiddleware

from services.chassis import lane, mongo
from services.chassis.bus import RECONNECT_SECONDS, Bus, wait_for_rabbitmq
from services.chassis.clock import clock_of
from services.chassis.consume import Consumer
from services.chassis.database import Clock, Database, Trigger
from services.chassis.dead_letters import declare_dead_letters
from services.chassis.principal import PrincipalVerifier
from services.chassis.queries import Questions
from services.chassis.relay import Relay
from services.chassis.replies import Replier
from services.chassis.service import (
    BACKGROUND_PAUSE_SECONDS,
    Background,
    Running,
    Scheduled,
    Service,
)
from services.chassis.settings import Settings
from services.chassis.telemetry import configure_logs, metrics_server, serving, status_server

PREFETCH_MESSAGES: Final = 20
GRACE_SECONDS: Final = 15.0
SCHEDULE_SECONDS: Final = 5.0
PING_SECONDS: Final = 2.0
OUTBOX_SECONDS_MAX: Final = 60.0

log = structlog.get_logger()


def build_broker(
    service: Service, url: str, *middlewares: BrokerMiddleware[Any, Any]
) -> RabbitBroker:
    """Return the broker of one replica, with the subscribers of the service's routers."""
    return RabbitBroker(
        url,
        reconnect_interval=RECONNECT_SECONDS,
        graceful_timeout=GRACE_SECONDS,
        logger=None,
        default_channel=Channel(prefetch_count=PREFETCH_MESSAGES),
        client_properties={"connection_name": service.name},  # pyright: ignore[reportArgumentType] - a name is all RabbitMQ needs here
        ack_policy=AckPolicy.MANUAL,
        middlewares=middlewares,
        routers=[router.rabbit_router() for router in service.routers],
        serializer=None,  # a body is validated once, by the decoder
    )


def open_database(service: Service, settings: Settings, clock: Clock | None = None) -> Database:
    """Return the service's database; it connects with its first operation.

    Without a clock of its own it has the one that the settings name, like every other process.
    """
    return Database(
        mongo.connect(settings.mongodb_url.get_secret_value()),
        f"{settings.database_prefix}{service.name}",
        clock or clock_of(settings),
        holder=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}",
        may_send=frozenset(service.sends),
    )


class Process:
    """One running replica of a service."""

    def __init__(self, service: Service, settings: Settings, clock: Clock | None = None) -> None:
        self._service = service
        self._settings = settings
        self.database = open_database(service, settings, clock)
        self._url = settings.rabbitmq_url.get_secret_value()
        self.bus = Bus(self._url, f"{service.name} bus", clock=self.database.clock)
        self._relay = Relay(self.database, self.bus.publish, service.name)
        key = settings.principal_public_key
        verifier = PrincipalVerifier(key) if key else None
        parts = (service.name, self.database, self.bus)
        consumer = Consumer(*parts, self._relay, verifier, subscriptions=service.subscriptions)
        self._broker = build_broker(service, self._url, consumer)
        replier = Replier(service.name, self.database, verifier, service.questions)
        self._questions = Questions(self._url, service.name, service.questions, replier.reply)
        self._started = False

    @property
    def running(self) -> Running:
        """What background work and operations get."""
        return Running(
            self._service.name, self.database, self.bus, self._settings, self.database.clock
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Run until `stopping` is set."""
        async with AsyncExitStack() as stack:
            stack.callback(self.database.client.close)
            await stack.enter_async_context(serving(*self._status_servers()))
            await _until(stopping, self._prepare_database())
            if stopping.is_set():
                return
            await _until(stopping, stack.enter_async_context(self.bus))
            if stopping.is_set():
                return
            relaying = asyncio.create_task(self._relay.run())
            stack.push_async_callback(self._relay.stop, relaying)
            await self._declare_queues()
            await self._broker.start()
            stack.push_async_callback(self._broker.stop)
            answering = asyncio.create_task(self._questions.run())
            stack.push_async_callback(_cancel, answering)
            await _until(stopping, self._questions.connected.wait())
            for name, work in self._background_work():
                task = asyncio.create_task(self._keep_running(name, work))
                stack.push_async_callback(_cancel, task)
            self._started = True
            log.info("service started")
            await _until(stopping, asyncio.shield(relaying))
            log.info("service stops")
            self._started = False

    def _status_servers(self) -> list[uvicorn.Server]:
        settings = self._settings
        servers = [status_server(settings.http_host, settings.http_port, self.what_is_wrong)]
        if settings.metrics_port:
            servers.append(metrics_server(settings.metrics_host, settings.metrics_port))
        return servers

    async def _prepare_database(self) -> None:
        while True:
            try:
                await mongo.refuse_without_replica_set(self.database.client)
                await self.database.prepare()
                for prepare in self._service.prepares:
                    await prepare(self.database)
            except mongo.PyMongoError as error:
                if not mongo.is_outage(error):
                    raise
                log.info("waiting for MongoDB", reason=type(error).__name__)
                await asyncio.sleep(SCHEDULE_SECONDS / 10)
            else:
                return

    async def _declare_queues(self) -> None:
        connection = await wait_for_rabbitmq(self._url, f"{self._service.name} set-up")
        async with connection, connection.channel() as channel:
            await declare_dead_letters(connection, self._service.name)
            for source in self._service.sources:
                await lane.declare(channel, source, self._settings.lane_messages_max)

    def _background_work(self) -> list[tuple[str, Background]]:
        works = [(work.__name__, work) for work in self._service.backgrounds]
        turns = [(turn.name, partial(self._keep_turns, turn)) for turn in self._service.scheduled]
        return [*works, *turns]

    async def _keep_running(self, name: str, work: Background) -> None:
        """Start background work again when it fails; the failure is logged, the pause bounded."""
        task = asyncio.current_task()
        assert task is not None
        while True:
            try:
                await work(self.running)
            except Exception:
                if task.cancelling():
                    # it failed as it ended; to begin again would be never to end
                    log.exception("background work not ended in order", work=name)
                    return
                log.exception("background work failed and starts again", work=name)
            await asyncio.sleep(BACKGROUND_PAUSE_SECONDS)

    async def _keep_turns(self, scheduled: Scheduled, running: Running) -> None:
        """Do scheduled work whenever no replica has done it yet in this minute or on this day."""
        done = ""
        while True:
            if (key := scheduled.key_of(running.clock())) != done:
                trigger = Trigger(message_id=key, correlation_id=f"{scheduled.name}:{key}")
                consumer = f"{self._service.name}.{scheduled.name}"
                await running.database.once(consumer, trigger, scheduled.job)
                done = key
            await asyncio.sleep(SCHEDULE_SECONDS)

    async def what_is_wrong(self) -> dict[str, str]:
        """Return what keeps it from working, by part; nothing = ready."""
        faults: dict[str, str] = {}
        if not self._started:
            faults["service"] = "starting or stopping"
        listening = self.bus.connected and self._questions.connected.is_set()
        if not (listening and await self._broker.ping(timeout=PING_SECONDS)):
            faults["rabbitmq"] = "not connected"
        if self._relay.oldest_seconds > OUTBOX_SECONDS_MAX:
            faults["outbox"] = "messages wait to be published"
        try:
            await asyncio.wait_for(self.database.client.admin.command("ping"), PING_SECONDS)
        except (mongo.PyMongoError, TimeoutError) as error:
            faults["mongodb"] = type(error).__name__
        return faults


async def _until(stopping: asyncio.Event, work: Awaitable[Any]) -> None:
    """Await the work, but no longer than until the process is told to stop."""
    task = asyncio.ensure_future(work)
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    await _cancel(stop)
    if task.done():
        task.result()
    else:
        await _cancel(task)


async def _cancel(task: "asyncio.Future[Any]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def run_until_told(service: Service, settings: Settings) -> None:
    """Run a service until SIGTERM or SIGINT."""
    configure_logs(service.name, settings.log_level)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await run_until_stopped(service, settings, stopping)


async def run_until_stopped(service: Service, settings: Settings, stopping: asyncio.Event) -> None:
    """Run a service until `stopping` is set; begin again when RabbitMQ goes while it starts."""
    while not stopping.is_set():
        try:
            await Process(service, settings).run(stopping)
        except (AMQPConnectionError, ChannelInvalidStateError, OSError, TimeoutError) as error:
            log.warning("service begins again", reason=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)
