"""Calls: what the switch asks and tells of them, what was charged, what waits for repair."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Final

from pydantic import TypeAdapter

from contracts.accounts import PLATFORM_ID
from contracts.base import Done, FieldError, Refused
from contracts.billing import (
    AuthorizeCall,
    BilledCall,
    CallAuthorization,
    CallDays,
    CallPage,
    ExtendCall,
    FindCallDays,
    FindCallOwners,
    ListCalls,
    ListRepairs,
    ReleaseCall,
    Repair,
    RepairPage,
    ReplayRepair,
)
from contracts.calls import CALLS_EXCHANGE, RECORDS_PER_MESSAGE_MAX, CallEnded, DialFormat
from contracts.values import decimal_text
from gateway.answers import RecordsTaken
from gateway.bodies import AuthorizeBody, ExtendBody, ReleaseBody
from gateway.call_owners import Name
from gateway.caller import Caller, RequestKey, action
from gateway.exports import csv_of, harmless
from gateway.problems import RefusedWith
from services.chassis import wire
from services.chassis.bus import PUBLISH_ERRORS

CALL_SETUP_SECONDS: Final = 4.0
"""A switch that waits longer for an answer has lost its caller."""

HAND_OVER_SECONDS: Final = 10.0
MESSAGES_IN_FLIGHT: Final = 100
FULL_RETRY_SECONDS: Final = 5
CALL_COLUMNS: Final = (
    "call_id",
    "answered_at",
    "caller",
    "destination",
    "country",
    "seconds",
    "rated_seconds",
    "rate",
    "cost",
)

_RECORDS: Final = TypeAdapter(list[CallEnded])


# --- before and while a call runs -------------------------------------------------------------


@action("switch")
async def authorize_call(caller: Caller, body: AuthorizeBody) -> CallAuthorization:
    """Tell whether a call may be made and for how long; its first slice is held."""
    dial_format = body.dial_format or _dial_format(caller)
    query = AuthorizeCall.model_validate({**body.model_dump(), "dial_format": dial_format})
    return await caller.ask(query, timeout_seconds=CALL_SETUP_SECONDS)


def _dial_format(caller: Caller) -> DialFormat | None:
    """Return how the switch writes destinations, as its key says."""
    return caller.key.dial_format if caller.key else None


@action("switch")
async def extend_call(caller: Caller, call_id: str, body: ExtendBody) -> CallAuthorization:
    """Tell whether a call may go on; its next slice is held."""
    query = ExtendCall(call_id=call_id, **body.model_dump())
    return await caller.ask(query, timeout_seconds=CALL_SETUP_SECONDS)


@action("switch")
async def release_call(caller: Caller, call_id: str, body: ReleaseBody) -> Done:
    """Free what is held for a call that came to nothing."""
    query = ReleaseCall(call_id=call_id, **body.model_dump())
    return await caller.ask(query, timeout_seconds=CALL_SETUP_SECONDS)


# --- after it: records ------------------------------------------------------------------------


@action("switch")
async def take_records(
    caller: Caller, records: Sequence[CallEnded], place: str = ""
) -> RecordsTaken:
    """Hand records over to billing; done once the broker has all of them safe.

    `place` is where the body has them, such as `/calls/`; empty when it is one record itself.
    Refused as a whole when one names an account that the switch does not serve, or when the
    broker does not take them; sent again, what it had taken already is charged once all the same.
    """
    dial_format = _dial_format(caller)
    dialled = [
        record.model_copy(update={"dial_format": record.dial_format or dial_format})
        for record in records
    ]
    addressed = await _addressed(caller, dialled, place)
    by_key: defaultdict[str, list[CallEnded]] = defaultdict(list)
    for key, record in addressed:
        by_key[key].append(record)
    messages = [
        _envelope(caller, key, found[start : start + RECORDS_PER_MESSAGE_MAX])
        for key, found in by_key.items()
        for start in range(0, len(found), RECORDS_PER_MESSAGE_MAX)
    ]
    bus = caller.gateway.bus
    try:
        async with asyncio.timeout(HAND_OVER_SECONDS):
            for start in range(0, len(messages), MESSAGES_IN_FLIGHT):
                some = messages[start : start + MESSAGES_IN_FLIGHT]
                await asyncio.gather(*(bus.publish(message) for message in some))
    except PUBLISH_ERRORS as error:
        detail = "Not all records could be taken. Send all of them again: none is charged twice."
        headers = {"Retry-After": str(FULL_RETRY_SECONDS)}
        raise RefusedWith("unavailable", detail, headers=headers) from error
    return RecordsTaken(taken=len(records))


async def _addressed(
    caller: Caller, records: Sequence[CallEnded], place: str
) -> list[tuple[str, CallEnded]]:
    """Return each record with its routing key: the account that it belongs to.

    The platform's switch is taken at its word: what is nobody's lands in the repair list. A
    reseller's switch must not so much as name the account of another.
    """
    trusted = caller.account_id == PLATFORM_ID
    names = [_name_of(record) for record in records]
    asked = {name for name in names if not (trusted and name.by == "account_id")}
    owners = await _owners(caller, asked)
    if not trusted and (unknown := [at for at, name in enumerate(names) if name not in owners]):
        raise Refused(
            "invalid-fields",
            "Some records name an account that this switch does not serve; none was taken.",
            tuple(_unknown(names[at], f"{place}{at}" if place else "") for at in unknown),
        )
    return [
        (key, record.model_copy(update={"account_id": key}) if name in owners else record)
        for name, record in zip(names, records, strict=True)
        for key in (owners.get(name) or wire.short(name.value),)
    ]


def _name_of(record: CallEnded) -> Name:
    if record.account_id:
        return Name("account_id", record.account_id)
    return Name("realm", record.realm or "")


def _unknown(name: Name, pointer: str) -> FieldError:
    detail = "There is no such account among those that this switch serves."
    return FieldError(pointer=f"{pointer}/{name.by}", type="not-found", detail=detail)


async def _owners(caller: Caller, names: set[Name]) -> dict[Name, str]:
    """Return whose these names are; those that are nobody's are left out."""
    memory = caller.gateway.call_owners
    owners = memory.known(caller.account_id, names)
    if missing := names - owners.keys():
        answer = await caller.ask(
            FindCallOwners(
                account_ids=tuple(name.value for name in missing if name.by == "account_id"),
                realms=tuple(name.value for name in missing if name.by == "realm"),
            )
        )
        found = {
            name: owner.account_id
            for owner in answer.data
            for name in (Name("account_id", owner.account_id), Name("realm", owner.realm))
            if name in missing
        }
        memory.remember(caller.account_id, found)
        owners |= found
    return owners


def _envelope(caller: Caller, routing_key: str, records: list[CallEnded]) -> wire.Envelope:
    return wire.Envelope(
        message_id=uuid.uuid4().hex,
        exchange=CALLS_EXCHANGE,
        routing_key=routing_key,
        type=CallEnded.topic,
        body=_RECORDS.dump_json(records),
        timestamp=caller.gateway.clock(),
        correlation_id=caller.request_id,
    )


# --- what was charged -------------------------------------------------------------------------


@action("operator", "reseller", "customer")
async def list_calls(caller: Caller, query: ListCalls) -> CallPage:
    """Return billed calls of an account, for its parent or its administrator."""
    return await caller.ask(query)


@action("operator", "reseller", "customer")
async def export_calls(caller: Caller, query: ListCalls) -> AsyncIterator[str]:
    """Return billed calls as CSV text in pieces, one per page; Refused before the first."""
    return await csv_of(caller.ask, query, CALL_COLUMNS, _cells)


def _cells(call: BilledCall) -> tuple[str, ...]:
    return (
        harmless(call.call_id),
        call.answered_at.isoformat(),
        harmless(call.caller),
        harmless(call.destination),
        call.country or "",
        str(call.seconds),
        str(call.rated_seconds),
        decimal_text(call.rate),
        decimal_text(call.cost),
    )


@action("operator", "reseller", "customer")
async def find_call_days(caller: Caller, query: FindCallDays) -> CallDays:
    """Tell what billed calls of an account came to from day to day."""
    return await caller.ask(query)


# --- what waits for repair --------------------------------------------------------------------


@action("operator")
async def list_repairs(caller: Caller, query: ListRepairs) -> RepairPage:
    """List records that could not be charged, the oldest first."""
    return await caller.ask(query)


@action("operator")
async def replay_repair(
    caller: Caller, repair_id: str, request_key: RequestKey | None = None
) -> Repair:
    """Let a record of the repair list be charged again."""
    return await caller.ask(ReplayRepair(repair_id=repair_id), request_key=request_key)
