"""A message as RabbitMQ delivered it: who asks, whose trail it is on, and how it is settled."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from aio_pika import IncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.channel import Channel as UnderlayChannel
from pydantic import ValidationError
from structlog.contextvars import bound_contextvars

from contracts.base import Answer, Refused
from services.chassis import telemetry, wire
from services.chassis.bus import PUBLISH_ERRORS, Bus, send_answer
from services.chassis.database import Clock, Trigger, answer_document
from services.chassis.mongo import Document
from services.chassis.outsiders import is_direct_reply
from services.chassis.principal import Principal, PrincipalVerifier

REASON_CHARACTERS_MAX: Final = 500

log = structlog.get_logger()


async def settle(
    consumer: str,
    topic: str,
    delivered: IncomingMessage,
    work: Callable[[str], Awaitable[str]],
) -> None:
    """Do the work for a delivered message, then acknowledge it; `work` gets its trail.

    The work answers, retries and sets aside, and returns the outcome for the metrics. When it
    raises all the same, the message is rejected.
    """
    began = time.perf_counter()
    trail = trail_of(delivered)
    with bound_contextvars(trail=trail, topic=topic, message_id=delivered.message_id):
        try:
            outcome = await work(trail)
        except Exception:
            # RabbitMQ sets it aside: unacknowledged, it would hold up the ones behind it
            log.exception("message not handled")
            await delivered.reject(requeue=False)
            return
        try:
            await delivered.ack()
        except (AMQPError, ChannelInvalidStateError) as error:
            # The broker delivers the message again; its receipt makes that harmless.
            log.warning("message not acknowledged", reason=type(error).__name__)
    seconds = time.perf_counter() - began
    telemetry.MESSAGES.labels(consumer, topic, outcome).inc()
    telemetry.MESSAGE_SECONDS.labels(consumer, topic).observe(seconds)


def trigger_of(
    delivered: IncomingMessage, trail: str, verifier: PrincipalVerifier | None, clock: Clock
) -> Trigger:
    """Return what a message is done for and by whom; Refused when its principal is not proven."""
    headers: Mapping[str, Any] = delivered.headers
    return Trigger(
        message_id=delivered.message_id or "",
        correlation_id=trail,
        principal=_principal(headers.get(wire.PRINCIPAL_HEADER), verifier, clock),
        fingerprint=str(headers.get(wire.FINGERPRINT_HEADER) or ""),
        receipt_only=bool(headers.get(wire.RECEIPT_ONLY_HEADER)),
        check_only=bool(headers.get(wire.CHECK_ONLY_HEADER)),
    )


def _principal(
    statement: object, verifier: PrincipalVerifier | None, clock: Clock
) -> Principal | None:
    if not statement:
        return None
    if verifier is None:
        raise Refused("not-signed-in", "This service has no key to check who asks.")
    return verifier.verify(str(statement), clock())


async def answer(bus: Bus, delivered: IncomingMessage, answered: Document | Answer) -> None:
    """Answer whoever asked; a message that nobody waits for has no answer."""
    asker = asker_of(delivered)
    if not asker:
        return
    document = answer_document(answered) if isinstance(answered, Answer) else answered
    await bus.answer(
        asker, delivered.correlation_id or "", document["type"], document["body"].encode()
    )


async def answer_at_once(delivered: IncomingMessage, answered: Answer) -> None:
    """Answer whoever asked on the channel that the question came by, which has no confirms.

    The answer then leaves together with the acknowledgement. An asker that has gone is no error.
    """
    asker = asker_of(delivered)
    if not asker:
        return
    document = answer_document(answered)
    body = document["body"].encode()
    try:
        channel = delivered.channel
        assert isinstance(channel, UnderlayChannel)
        await send_answer(channel, asker, delivered.correlation_id or "", document["type"], body)
    except PUBLISH_ERRORS as error:
        log.warning("answer not sent", reason=type(error).__name__)


def asker_of(delivered: IncomingMessage) -> str:
    """Return where the answer goes: to who asks with direct reply-to, and to nobody else."""
    to = delivered.reply_to or ""
    return to if is_direct_reply(to) else ""


def trail_of(delivered: IncomingMessage) -> str:
    """Return where the trail began; who asks needs the correlation id for itself."""
    told = "" if asker_of(delivered) else delivered.correlation_id
    trail = delivered.headers.get(wire.TRAIL_HEADER)
    return wire.short(str(trail or told or delivered.message_id or ""))


def explain(error: ValidationError | RecursionError) -> str:
    """Say which fields are wrong without repeating their values, which may be secret."""
    if isinstance(error, RecursionError):
        return "The request is nested too deeply."
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults]
    return "; ".join(lines)[:REASON_CHARACTERS_MAX]
