"""Records of calls that a switch sends: handed over to billing, or kept as rejected calls."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from contracts.accounts import PLATFORM_ID
from contracts.billing import (
    REJECTED_RECORDS_MAX,
    REJECTION_CHARACTERS_MAX,
    RejectCalls,
    RejectedRecord,
    ResolveCallAccounts,
)
from contracts.calls import (
    CALL_ID_CHARACTERS_MAX,
    CALLS_EXCHANGE,
    RECORDS_PER_MESSAGE_MAX,
    CallEnded,
)
from gateway.features.calls.actions import dial_format_of
from gateway.features.calls.schemas import CallRecordBody, RecordResult, RecordsAccepted
from gateway.http.problems import RefusedWith
from gateway.identity.caller import Caller, action
from gateway.memory.account_lookup import Name
from services.chassis import wire
from services.chassis.bus import PUBLISH_ERRORS

HAND_OVER_SECONDS: Final = 10.0
MESSAGES_IN_FLIGHT: Final = 100
FULL_RETRY_SECONDS: Final = 5

_RECORDS: Final = TypeAdapter(list[CallEnded])


class Taken(NamedTuple):
    """What becomes of a record: it goes to billing, or becomes a rejected call."""

    call_id: str
    record: CallEnded | None
    routing_key: str = ""
    rejected: RejectedRecord | None = None


@action("switch")
async def take_records(
    caller: Caller, records: Sequence[CallEnded | RejectedRecord]
) -> RecordsAccepted:
    """Hand records over to billing; done once all of them are safe.

    What can't be charged as it is becomes a rejected call of whom the switch belongs to, and is
    answered as such. Refused only when not all of them can be kept; sent again, what was taken
    already is charged once all the same.
    """
    taken = await sort_records(caller, records)
    await hand_over(caller, taken)
    rejected = sum(one.rejected is not None for one in taken)
    results = tuple(map(_result, taken))
    return RecordsAccepted(accepted=len(taken) - rejected, rejected=rejected, data=results)


async def hand_over(caller: Caller, taken: Sequence[Taken]) -> None:
    """Return once all records are safe: with billing, or kept as rejected calls."""
    try:
        await _keep_rejected(caller, [one.rejected for one in taken if one.rejected])
        async with asyncio.timeout(HAND_OVER_SECONDS):
            await _publish(caller, taken)
    except PUBLISH_ERRORS as error:
        detail = "Not all records could be taken. Send all of them again: none is charged twice."
        headers = {"Retry-After": str(FULL_RETRY_SECONDS)}
        raise RefusedWith("unavailable", detail, headers=headers) from error


def read_record(item: JsonValue) -> CallEnded | RejectedRecord:
    """Return the record that a JSON value is, or why it is none."""
    if not isinstance(item, dict):
        return _malformed({"record": item}, "A record is a JSON object.")
    try:
        return CallRecordBody.model_validate(item)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults]
        return _malformed(item, "; ".join(lines))


def _malformed(record: dict[str, JsonValue], detail: str) -> RejectedRecord:
    return RejectedRecord(
        record=record, reason="malformed", detail=detail[:REJECTION_CHARACTERS_MAX]
    )


async def sort_records(
    caller: Caller, records: Sequence[CallEnded | RejectedRecord]
) -> list[Taken]:
    """Return what becomes of each record, in their order.

    The platform's switch is taken at its word: billing finds records of no account. A reseller, or
    its switch, must not so much as name the account of another.
    """
    trusted = caller.account_id == PLATFORM_ID
    dial_format = dial_format_of(caller)
    names = {_name_of(record) for record in records if isinstance(record, CallEnded)}
    asked = {name for name in names if not (trusted and name.by == "account_id")}
    owners = await _owners(caller, asked)
    taken: list[Taken] = []
    for record in records:
        if isinstance(record, RejectedRecord):
            call_id = str(record.record.get("call_id") or "")[:CALL_ID_CHARACTERS_MAX]
            taken.append(Taken(call_id, None, rejected=record))
            continue
        name = _name_of(record)
        known = {"account_id": owners[name]} if name in owners else {}
        dialled = {"dial_format": record.dial_format or dial_format}
        told = record.model_copy(update={**known, **dialled})
        if not trusted and not known:
            taken.append(Taken(record.call_id, None, rejected=_unknown(caller, told, name)))
        else:
            taken.append(Taken(record.call_id, told, owners.get(name) or wire.short(name.value)))
    return taken


def _unknown(caller: Caller, record: CallEnded, name: Name) -> RejectedRecord:
    named = "id" if name.by == "account_id" else "realm"
    whose = "that this switch serves" if caller.role == "switch" else "of yours"
    return RejectedRecord(
        record=record.model_dump(mode="json", exclude_none=True),
        reason="unknown-account",
        detail=f"No account {whose} has this {named}.",
    )


def _result(taken: Taken) -> RecordResult:
    if taken.rejected is None:
        return RecordResult(call_id=taken.call_id, status="accepted")
    rejected = taken.rejected
    return RecordResult(
        call_id=taken.call_id, status="rejected", reason=rejected.reason, detail=rejected.detail
    )


async def _keep_rejected(caller: Caller, rejected: Sequence[RejectedRecord]) -> None:
    for start in range(0, len(rejected), REJECTED_RECORDS_MAX):
        some = tuple(rejected[start : start + REJECTED_RECORDS_MAX])
        await caller.ask(RejectCalls(records=some))


async def _publish(caller: Caller, taken: Sequence[Taken]) -> None:
    by_key: defaultdict[str, list[CallEnded]] = defaultdict(list)
    for one in taken:
        if one.record is not None:
            by_key[one.routing_key].append(one.record)
    messages = [
        _envelope(caller, key, found[start : start + RECORDS_PER_MESSAGE_MAX])
        for key, found in by_key.items()
        for start in range(0, len(found), RECORDS_PER_MESSAGE_MAX)
    ]
    bus = caller.gateway.bus
    for start in range(0, len(messages), MESSAGES_IN_FLIGHT):
        some = messages[start : start + MESSAGES_IN_FLIGHT]
        await asyncio.gather(*(bus.publish(message) for message in some))


def _name_of(record: CallEnded) -> Name:
    if record.account_id:
        return Name("account_id", record.account_id)
    return Name("realm", record.realm or "")


async def _owners(caller: Caller, names: set[Name]) -> dict[Name, str]:
    """Return whose these names are; names of no account are left out."""
    memory = caller.gateway.account_lookup
    owners = memory.known(caller.account_id, names)
    if missing := names - owners.keys():
        answer = await caller.ask(
            ResolveCallAccounts(
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
