"""The audit trail: what the services keep of who changed what, put together newest first."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from contracts.accounts import ListAccountChanges
from contracts.audit import AuditFilter, AuditPage, AuditRecord
from contracts.base import Query, Refused
from contracts.billing import ListBillingChanges
from contracts.numbers import ListNumberChanges
from gateway.answers import AuditTrail, ShownChange
from gateway.caller import Caller, action
from gateway.exports import csv_export, harmless
from services.chassis.cursor import cursor_of, position_of

SOURCES: Final[tuple[type[Query[AuditPage]], ...]] = (
    ListAccountChanges,
    ListBillingChanges,
    ListNumberChanges,
)
AUDIT_COLUMNS: Final = (
    "at",
    "actor",
    "actor_name",
    "actor_account_id",
    "account_id",
    "action",
    "subject",
    "before",
    "after",
)
KEY_PREFIX: Final = "key_"
INSTANT: Final = timedelta(milliseconds=1)


class _Place(NamedTuple):
    """How far one service's list was read: the page that is open, and its last record shown."""

    cursor: str = ""
    last_id: str = ""


@action("operator", "reseller", "customer")
async def list_changes(caller: Caller, wanted: AuditFilter) -> AuditTrail:
    """Return changes of the caller's own account and those below it, newest first.

    The cursor says how far each service's list was read; what changed since the first page is not
    on the others.
    """
    places, newest = _opened(wanted.cursor)
    if newest is not None:
        ends = (newest + INSTANT, wanted.end)
        wanted = wanted.model_copy(update={"end": min(end for end in ends if end is not None)})
    lists = [
        _records(caller, source, wanted, place)
        for source, place in zip(SOURCES, places, strict=True)
    ]
    heads = list(await asyncio.gather(*(anext(one, None) for one in lists)))
    taken: list[AuditRecord] = []
    while len(taken) < wanted.limit and (position := _newest(heads)) is not None:
        head = heads[position]
        assert head is not None, "the newest is one of those that are there"
        record, places[position] = head
        taken.append(record)
        heads[position] = await anext(lists[position], None)
    more = any(head is not None for head in heads)
    return AuditTrail(
        data=await _named(caller, taken),
        next=_cursor(places, taken[-1].at) if more and taken else None,
    )


async def _records(
    caller: Caller, source: type[Query[AuditPage]], wanted: AuditFilter, place: _Place
) -> AsyncIterator[tuple[AuditRecord, _Place]]:
    """Yield one service's changes from a place on, each with the place that it has."""
    cursor, last_id = place
    while True:
        asked = wanted.model_copy(update={"cursor": cursor or None})
        page = await caller.ask(source.model_validate({"filter": asked}))
        ids = [record.id for record in page.data]
        for record in page.data[ids.index(last_id) + 1 if last_id in ids else 0 :]:
            yield record, _Place(cursor, record.id)
        if page.next is None:
            return
        cursor, last_id = page.next, ""


def _newest(heads: list[tuple[AuditRecord, _Place] | None]) -> int | None:
    there = [position for position, head in enumerate(heads) if head is not None]
    return max(there, key=lambda position: _age(heads[position]), default=None)


def _age(head: tuple[AuditRecord, _Place] | None) -> datetime:
    assert head is not None, "only what is there has an age"
    return head[0].at


# --- the cursor -------------------------------------------------------------------------------


def _cursor(places: list[_Place], newest: datetime) -> str:
    return cursor_of(newest.isoformat(), *(part for place in places for part in place))


def _opened(cursor: str | None) -> tuple[list[_Place], datetime | None]:
    if cursor is None:
        return [_Place() for _ in SOURCES], None
    newest, *parts = position_of(cursor, *(str,) * (1 + 2 * len(SOURCES)))
    texts = [str(part) for part in parts]
    try:
        moment = datetime.fromisoformat(str(newest))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused("invalid-cursor", "Begin again without a cursor; this one is not ours.")
    return [_Place(*texts[at : at + 2]) for at in range(0, len(texts), 2)], moment


# --- who it was -------------------------------------------------------------------------------


async def _named(caller: Caller, records: list[AuditRecord]) -> tuple[ShownChange, ...]:
    actors = dict.fromkeys(record.actor for record in records)
    names = await asyncio.gather(*(actor_name(caller, actor) for actor in actors))
    known = dict(zip(actors, names, strict=True))
    return tuple(
        ShownChange(**record.model_dump(), actor_name=known[record.actor]) for record in records
    )


async def actor_name(caller: Caller, actor: str) -> str:
    """Return the name of a person or a key; empty for one that is not known any more."""
    gateway = caller.gateway
    if actor.startswith(KEY_PREFIX):
        key = await gateway.keys.find_by_id(actor)
        return key.name if key else ""
    try:
        user = await gateway.users.find(actor, correlation_id=caller.request_id)
    except Refused as refusal:
        if refusal.problem.type not in ("not-found", "not-signed-in"):
            raise
        return ""
    return f"{user.first_name} {user.last_name}"


# --- as a file --------------------------------------------------------------------------------


@action("operator", "reseller", "customer")
async def export_changes(caller: Caller, wanted: AuditFilter) -> AsyncIterator[str]:
    """Return changes as CSV text in pieces, one per page; Refused before the first."""

    async def following(cursor: str) -> AuditTrail:
        return await list_changes(caller, wanted.model_copy(update={"cursor": cursor}))

    return csv_export(AUDIT_COLUMNS, _cells, await list_changes(caller, wanted), following)


def _cells(change: ShownChange) -> tuple[str, ...]:
    before, after = (
        "; ".join(f"{name}: {value}" for name, value in fields.items())
        for fields in (change.before, change.after)
    )
    return (
        change.at.isoformat(),
        change.actor,
        harmless(change.actor_name),
        change.actor_account_id,
        change.account_id,
        change.action,
        harmless(change.subject),
        harmless(before),
        harmless(after),
    )
