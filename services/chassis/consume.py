"""From a delivered message to a committed transaction: decode, check, once, answer, acknowledge."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from aio_pika import IncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from pydantic import ValidationError
from structlog.contextvars import bound_contextvars

from contracts.base import Answer, Command, Done, Message, Problem, Refused
from services.chassis import mongo, telemetry, wire
from services.chassis.bus import Bus
from services.chassis.database import Cause, Database, answer_document
from services.chassis.mongo import Document
from services.chassis.outsiders import is_direct_reply
from services.chassis.principal import PrincipalVerifier
from services.chassis.relay import Relay
from services.chassis.service import Heard, Subscription

RETRY_SECONDS: Final = (0.2, 1.0, 5.0)
OUTAGE_SECONDS: Final = 1.0
ASKED_SECONDS_MAX: Final = 60.0
"""A command asked longer ago is not carried out: its asker has been told to repeat it."""
REASON_CHARACTERS_MAX: Final = 500

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

    async def work_off(self, taken: Subscription, delivered: IncomingMessage) -> None:
        """Handle one delivered message: acknowledge it when it is done, refused or set aside."""
        began = time.perf_counter()
        trail = _trail(delivered)
        with bound_contextvars(trail=trail, topic=taken.topic, message_id=delivered.message_id):
            try:
                outcome = await self._outcome(taken, delivered, trail)
            except Exception:
                # RabbitMQ sets it aside: unacknowledged, it would hold up the ones behind it
                log.exception("message not worked off")
                await delivered.reject(requeue=False)
                return
            try:
                await delivered.ack()
            except (AMQPError, ChannelInvalidStateError) as error:
                # The broker delivers the message again; its receipt makes that harmless.
                log.warning("message not acknowledged", reason=type(error).__name__)
        seconds = time.perf_counter() - began
        telemetry.MESSAGES.labels(taken.consumer, taken.topic, outcome).inc()
        telemetry.MESSAGE_SECONDS.labels(taken.consumer, taken.topic).observe(seconds)

    async def _outcome(self, taken: Subscription, delivered: IncomingMessage, trail: str) -> str:
        try:
            message = _message(taken, delivered)
        except (ValidationError, RecursionError) as error:
            reason = _explain(error)
            await self._reply(delivered, Problem(type="malformed-request", detail=reason))
            await self._set_aside(taken, delivered, f"undecodable: {reason}")
            return "undecodable"
        try:
            self._refuse_untimely(message, delivered)
            answer = await self._patiently(taken, message, self._cause(delivered, trail))
        except Refused as refusal:
            log.info("refused", problem=refusal.problem.type)
            await self._reply(delivered, refusal.problem)
            if not _asker_of(delivered):
                # Nobody hears this refusal, and nothing else tells that the work was not done.
                await self._set_aside(taken, delivered, f"refused: {refusal}")
            return "refused"
        except Exception as error:
            log.exception("message failed")
            detail = "The request failed on our side."
            await self._reply(delivered, Problem(type="internal-error", detail=detail))
            await self._set_aside(taken, delivered, f"{type(error).__name__}: {error}")
            return "failed"
        await self._reply(delivered, answer or Done())
        return "done"

    def _refuse_untimely(self, message: Message | Heard, delivered: IncomingMessage) -> None:
        """Refuse what was asked too long ago, and what would make a long queue longer."""
        if not (isinstance(message, Command) and message.receipt and _asker_of(delivered)):
            return
        if self._relay.full:
            raise Refused("unavailable", "Too much work waits to be passed on; try again shortly.")
        now = self._database.clock()
        if (now - (delivered.timestamp or now)).total_seconds() > ASKED_SECONDS_MAX:
            raise Refused("unavailable", "This was asked too long ago; ask again.")

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
            check_only=bool(headers.get(wire.CHECK_ONLY_HEADER)),
        )

    async def _patiently(
        self, taken: Subscription, message: Message | Heard, cause: Cause
    ) -> Document | None:
        """Do the work; wait out a database that is away, retry other errors three times."""
        pauses = iter(RETRY_SECONDS)
        while True:
            try:
                return await self._work(taken, message, cause)
            except Refused:
                raise
            except Exception as error:
                if _is_only_asked(taken):
                    if mongo.is_outage(error):
                        raise _unavailable() from error  # its asker waits, and can ask again
                    raise
                pause = OUTAGE_SECONDS if mongo.is_outage(error) else next(pauses, None)
                if pause is None:
                    raise
                log.warning("trying again", reason=type(error).__name__, pause_seconds=pause)
                await asyncio.sleep(pause)

    async def _work(
        self, taken: Subscription, message: Message | Heard, cause: Cause
    ) -> Document | None:
        if _is_only_asked(taken):
            writes = isinstance(message, Command)
            if writes and cause.check_only:
                raise Refused("malformed-request", "What this does can't be undone, only done.")
            database = self._database
            work = database.writer if writes else database.reader
            return answer_document(await taken.handler(message, work(cause.principal)) or Done())
        if not cause.message_id:
            raise Refused("malformed-request", "A message needs an AMQP message_id.")
        return await self._database.once(
            taken.consumer, cause, lambda transaction: taken.handler(message, transaction)
        )

    async def _reply(self, delivered: IncomingMessage, answer: Document | Answer) -> None:
        asker = _asker_of(delivered)
        if not asker:
            return
        answered = answer_document(answer) if isinstance(answer, Answer) else answer
        await self._bus.answer(
            asker,
            delivered.correlation_id or "",
            answered["type"],
            answered["body"].encode(),
        )

    async def _set_aside(
        self, taken: Subscription, delivered: IncomingMessage, reason: str
    ) -> None:
        """Put a message that cannot be worked off among the dead letters, however long it takes."""
        if _is_only_asked(taken):
            return  # its asker has been told, and nobody else waits for it
        letter = dead_letter(self._name, taken, delivered, reason, self._database.clock())
        while True:
            try:
                await self._bus.publish(letter)
            except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
                log.warning("dead letter not published yet", error=type(error).__name__)
                await asyncio.sleep(OUTAGE_SECONDS)
            else:
                log.warning("dead-lettered", reason=letter.headers[wire.REASON_HEADER])
                return


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


def _message(taken: Subscription, delivered: IncomingMessage) -> Message | Heard:
    """Return what was delivered; raises ValidationError or RecursionError."""
    if taken.kind is not None:
        return taken.kind.model_validate_json(delivered.body)
    return Heard(
        topic=delivered.type or delivered.routing_key or "",
        message_id=delivered.message_id or "",
        body=delivered.body,
        at=delivered.timestamp,
    )


def _is_only_asked(taken: Subscription) -> bool:
    return taken.kind is not None and wire.is_lost_with_broker(taken.kind)


def _asker_of(delivered: IncomingMessage) -> str:
    """Return where the answer goes: to who asks with direct reply-to, and to nobody else."""
    to = delivered.reply_to or ""
    return to if is_direct_reply(to) else ""


def _trail(delivered: IncomingMessage) -> str:
    """Return where the trail began; who asks needs the correlation id for itself."""
    told = "" if _asker_of(delivered) else delivered.correlation_id
    trail = delivered.headers.get(wire.TRAIL_HEADER)
    return wire.short(str(trail or told or delivered.message_id or ""))


def _unavailable() -> Refused:
    detail = "The service cannot reach its database. Nothing is lost; try again in a moment."
    return Refused("unavailable", detail)


def _explain(error: ValidationError | RecursionError) -> str:
    """Say which fields are wrong without repeating their values, which may be secret."""
    if isinstance(error, RecursionError):
        return "The body is nested too deeply."
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults]
    return "; ".join(lines)[:REASON_CHARACTERS_MAX]
