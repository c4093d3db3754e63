"""FastStream's middleware around every handler: the inbox, the answer and the dead letter."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, Final

import structlog
from aio_pika import IncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from faststream import BaseMiddleware, ContextRepo, PublishCommand, StreamMessage
from pydantic import ValidationError

from contracts.base import Answer, Command, Done, Problem, Refused
from services.chassis import mongo, wire
from services.chassis.annotations import TRANSACTION
from services.chassis.bus import Bus
from services.chassis.database import Database, Transaction, Trigger
from services.chassis.delivered import (
    REASON_CHARACTERS_MAX,
    answer,
    asker_of,
    explain,
    settle,
    trigger_of,
)
from services.chassis.mongo import Document
from services.chassis.principal import PrincipalVerifier
from services.chassis.relay import Relay
from services.chassis.router import Subscription

RETRY_SECONDS: Final = (0.2, 1.0, 5.0)
OUTAGE_SECONDS: Final = 1.0
ASKED_SECONDS_MAX: Final = 60.0
"""A command asked longer ago is not carried out: its asker has been told to repeat it."""

Delivered = StreamMessage[IncomingMessage]
Handle = Callable[[Delivered], Awaitable[Answer | None]]

log = structlog.get_logger()


class Consumer:
    """Has every message of a service handled exactly once, in a transaction with its receipt."""

    def __init__(
        self,
        name: str,
        database: Database,
        bus: Bus,
        relay: Relay,
        verifier: PrincipalVerifier | None,
        *,
        subscriptions: Iterable[Subscription],
    ) -> None:
        self._name = name
        self._database = database
        self._bus = bus
        self._relay = relay
        self._verifier = verifier
        self._subscriptions = {taken.queue: taken for taken in subscriptions}

    def __call__(
        self, message: IncomingMessage | None, /, *, context: ContextRepo
    ) -> "ConsumeScope":
        """Return the middleware of one delivered message."""
        return ConsumeScope(message, context=context, consumer=self)

    async def consume(self, handle: Handle, message: Delivered, context: ContextRepo) -> None:
        """Handle one message: acknowledge it when it is done, refused or set aside."""
        taken = self._subscriptions[context.get_local("handler_").queue.name]
        delivered = message.raw_message

        async def in_transaction(transaction: Transaction) -> Answer | None:
            with context.scope(TRANSACTION, transaction):
                return await handle(message)

        async def work(trail: str) -> str:
            return await self._outcome(taken, message, in_transaction, trail)

        await settle(taken.consumer, taken.topic, delivered, work)

    async def _outcome(
        self,
        taken: Subscription,
        message: Delivered,
        work: Callable[[Transaction], Awaitable[Answer | None]],
        trail: str,
    ) -> str:
        delivered = message.raw_message
        try:
            decoded = await message.decode()
        except (ValidationError, RecursionError) as error:
            reason = explain(error)
            await answer(self._bus, delivered, Problem(type="malformed-request", detail=reason))
            await self._set_aside(taken, delivered, f"undecodable: {reason}")
            return "undecodable"
        try:
            self._refuse_untimely(decoded, delivered)
            trigger = trigger_of(delivered, trail, self._verifier, self._database.clock)
            answered = await self._patiently(taken, trigger, work)
        except Refused as refusal:
            log.info("refused", problem=refusal.problem.code)
            await answer(self._bus, delivered, refusal.problem)
            if not asker_of(delivered):
                # Nobody hears this refusal, and nothing else tells that the work was not done.
                await self._set_aside(taken, delivered, f"refused: {refusal}")
            return "refused"
        except Exception as error:
            log.exception("message failed")
            detail = "The request failed on our side."
            await answer(self._bus, delivered, Problem(type="internal-error", detail=detail))
            await self._set_aside(taken, delivered, f"{type(error).__name__}: {error}")
            return "failed"
        await answer(self._bus, delivered, answered or Done())
        return "done"

    def _refuse_untimely(self, message: object, delivered: IncomingMessage) -> None:
        """Refuse what was asked too long ago, and what would make a long queue longer."""
        if not (isinstance(message, Command) and asker_of(delivered)):
            return
        if self._relay.full:
            raise Refused(
                "unavailable", "Too many messages are waiting to be published. Try again shortly."
            )
        now = self._database.clock()
        if (now - (delivered.timestamp or now)).total_seconds() > ASKED_SECONDS_MAX:
            raise Refused("unavailable", "This request is too old. Send it again.")

    async def _patiently(
        self,
        taken: Subscription,
        trigger: Trigger,
        work: Callable[[Transaction], Awaitable[Answer | None]],
    ) -> Document | None:
        """Do the work; wait out a database that is away, retry other errors three times."""
        if not trigger.message_id:
            raise Refused("malformed-request", "A message needs an AMQP message_id.")
        pauses = iter(RETRY_SECONDS)
        while True:
            try:
                return await self._database.once(taken.consumer, trigger, work)
            except Refused:
                raise
            except Exception as error:
                pause = OUTAGE_SECONDS if mongo.is_outage(error) else next(pauses, None)
                if pause is None:
                    raise
                log.warning("trying again", reason=type(error).__name__, pause_seconds=pause)
                await asyncio.sleep(pause)

    async def _set_aside(
        self, taken: Subscription, delivered: IncomingMessage, reason: str
    ) -> None:
        """Put a message that cannot be handled among the dead letters, however long it takes."""
        dead = dead_letter(self._name, taken, delivered, reason, self._database.clock())
        while True:
            try:
                await self._bus.publish(dead)
            except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
                log.warning("dead letter not published yet", error=type(error).__name__)
                await asyncio.sleep(OUTAGE_SECONDS)
            else:
                log.warning("dead-lettered", reason=dead.headers[wire.REASON_HEADER])
                return


class ConsumeScope(BaseMiddleware[PublishCommand, IncomingMessage]):
    """What FastStream asks a middleware for, for one message."""

    def __init__(
        self,
        message: IncomingMessage | None,
        /,
        *,
        context: ContextRepo,
        consumer: Consumer,
    ) -> None:
        super().__init__(message, context=context)  # pyright: ignore[reportArgumentType] - None is for what is published
        self._consumer = consumer

    async def consume_scope(
        self, call_next: Callable[[Any], Awaitable[Any]], msg: Delivered
    ) -> None:
        """Have a message handled by the subscriber that it came to."""
        await self._consumer.consume(call_next, msg, self.context)


def dead_letter(
    service: str, taken: Subscription, delivered: IncomingMessage, reason: str, now: datetime
) -> wire.Envelope:
    """Return the dead letter of a message: as it came, with why and in which queue it failed."""
    kept = {name: text for name, text in delivered.headers.items() if isinstance(text, str)}
    readable = reason[:REASON_CHARACTERS_MAX].encode(errors="replace").decode()
    return wire.Envelope(
        message_id=delivered.message_id or mongo.new_object_id(),
        exchange=wire.DEAD_LETTERS_EXCHANGE,
        routing_key=service,
        type=taken.kind.topic if taken.kind else delivered.type or "",
        body=delivered.body,
        timestamp=delivered.timestamp or now,
        correlation_id=delivered.correlation_id or "",
        headers={
            **kept,
            wire.QUEUE_HEADER: taken.queue,
            wire.REASON_HEADER: readable,
            wire.FAILED_AT_HEADER: now.isoformat(),
        },
    )
