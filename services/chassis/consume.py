"""From a delivered message to a committed transaction: decode, check, once, answer, acknowledge."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from aio_pika import IncomingMessage
from aio_pika.abc import DeliveryMode
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from pydantic import ValidationError
from structlog.contextvars import bound_contextvars

from contracts.base import Command, Done, Event, Message, Problem, Query, Refused
from services.chassis import mongo, telemetry, wire
from services.chassis.bus import Bus
from services.chassis.database import Cause, Database, answer_document
from services.chassis.mongo import Document
from services.chassis.principal import PrincipalVerifier
from services.chassis.relay import Relay
from services.chassis.service import Handler

RETRY_SECONDS: Final = (0.2, 1.0, 5.0)
OUTAGE_SECONDS: Final = 1.0

log = structlog.get_logger()


class Consumer:
    """Works off messages of one service, each exactly once."""

    def __init__(
        self,
        name: str,
        database: Database,
        bus: Bus,
        relay: Relay,
        verifier: PrincipalVerifier | None,
    ) -> None:
        self._name = name
        self._database = database
        self._bus = bus
        self._relay = relay
        self._verifier = verifier

    async def work_off(
        self, kind: type[Message], handler: Handler, delivered: IncomingMessage
    ) -> None:
        """Work off one delivered message: acknowledge it when it is done, refused or set aside."""
        began = time.perf_counter()
        trail = str(delivered.headers.get("trail") or "") or delivered.message_id or ""
        if issubclass(kind, Event) or not delivered.reply_to:
            trail = delivered.correlation_id or trail
        with bound_contextvars(trail=trail, topic=kind.topic, message_id=delivered.message_id):
            try:
                outcome = await self._outcome(kind, handler, delivered, trail)
                await delivered.ack()
            except (AMQPError, ChannelInvalidStateError) as error:
                # The broker delivers the message again; its receipt makes that harmless.
                log.warning("message not acknowledged", reason=type(error).__name__)
                outcome = "not-acknowledged"
        seconds = time.perf_counter() - began
        telemetry.MESSAGES.labels(self._name, kind.topic, outcome).inc()
        telemetry.MESSAGE_SECONDS.labels(self._name, kind.topic).observe(seconds)

    async def _outcome(
        self, kind: type[Message], handler: Handler, delivered: IncomingMessage, trail: str
    ) -> str:
        try:
            message = kind.model_validate_json(delivered.body)
            cause = self._cause(delivered, trail)
            self._refuse_when_full(message)
            answer = await self._patiently(message, handler, cause)
        except Refused as refusal:
            log.info("refused", problem=refusal.problem.type)
            await self._reply(delivered, answer_document(refusal.problem))
            return "refused"
        except ValidationError as error:
            await self._set_aside(delivered, f"undecodable: {_explain(error)}")
            return "undecodable"
        except Exception as error:
            log.exception("message set aside")
            await self._set_aside(delivered, f"{type(error).__name__}: {error}"[:500])
            return "failed"
        if not isinstance(message, Event):
            await self._reply(delivered, answer or answer_document(Done()))
        return "done"

    def _refuse_when_full(self, message: Message) -> None:
        if self._relay.full and isinstance(message, Command):
            raise Refused("unavailable", "Too much work waits to be passed on; try again shortly.")

    def _cause(self, delivered: IncomingMessage, trail: str) -> Cause:
        headers: Mapping[str, Any] = delivered.headers
        statement = headers.get(wire.PRINCIPAL_HEADER)
        principal = None
        if statement:
            if self._verifier is None:
                raise Refused("not-signed-in", "This service has no key to check who asks.")
            principal = self._verifier.verify(str(statement), self._database.clock())
        return Cause(
            message_id=delivered.message_id or "",
            correlation_id=trail,
            principal=principal,
            fingerprint=str(headers.get(wire.FINGERPRINT_HEADER) or ""),
            receipt_only=bool(headers.get(wire.RECEIPT_ONLY_HEADER)),
        )

    async def _patiently(self, message: Message, handler: Handler, cause: Cause) -> Document | None:
        """Do the work; wait out a database that is away, retry other errors three times."""
        pauses = iter(RETRY_SECONDS)
        while True:
            try:
                return await self._work(message, handler, cause)
            except Refused:
                raise
            except Exception as error:
                if isinstance(message, Query):
                    raise
                pause = OUTAGE_SECONDS if mongo.is_outage(error) else next(pauses, None)
                if pause is None:
                    raise
                log.warning("trying again", reason=type(error).__name__, pause_seconds=pause)
                await asyncio.sleep(pause)

    async def _work(self, message: Message, handler: Handler, cause: Cause) -> Document | None:
        if isinstance(message, Query):
            return answer_document(await handler(message, self._database.reader(cause)))
        if not cause.message_id:
            raise Refused("malformed-request", "A message needs an AMQP message_id.")
        return await self._database.once(
            self._name, cause, lambda transaction: handler(message, transaction)
        )

    async def _reply(self, delivered: IncomingMessage, answer: Document | None) -> None:
        if delivered.reply_to and answer is not None:
            await self._bus.answer(
                delivered.reply_to,
                delivered.correlation_id or "",
                answer["type"],
                answer["body"].encode(),
            )

    async def _set_aside(self, delivered: IncomingMessage, reason: str) -> None:
        """Put a message that cannot be worked off among the dead letters, and tell the asker."""
        problem = Problem(type="internal-error", detail="The request failed on our side.")
        await self._reply(delivered, answer_document(problem))
        if delivered.delivery_mode == DeliveryMode.NOT_PERSISTENT:
            return  # a question; its asker has been told, and nobody else waits for it
        await self._bus.publish(dead_letter(self._name, delivered, reason, self._database.clock()))
        log.warning("dead-lettered", reason=reason)


def dead_letter(
    consumer: str, delivered: IncomingMessage, reason: str, now: datetime
) -> wire.Envelope:
    """Return the dead letter of a message: as it came, with why and from where it came."""
    return wire.Envelope(
        message_id=delivered.message_id or mongo.new_object_id(),
        exchange=wire.DEAD_LETTERS_EXCHANGE,
        routing_key=consumer,
        type=delivered.type or "",
        body=delivered.body,
        timestamp=delivered.timestamp or now,
        correlation_id=delivered.correlation_id or "",
        headers={
            wire.REASON_HEADER: reason,
            wire.FIRST_EXCHANGE_HEADER: delivered.exchange or "",
            wire.FIRST_ROUTING_KEY_HEADER: delivered.routing_key or "",
            wire.FAILED_AT_HEADER: now.isoformat(),
        },
    )


def _explain(error: ValidationError) -> str:
    """Say which fields are wrong without repeating their values, which may be secret."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults]
    return "; ".join(lines)[:500]
