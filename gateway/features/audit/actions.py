"""The audit trail: what services and gateway keep of who changed what, together, newest first."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Final

from contracts.accounts import ListAccountChanges
from contracts.audit import AuditFilter, AuditRecord
from contracts.base import Refused
from contracts.billing import ListBillingChanges
from contracts.numbers import ListNumberChanges
from gateway.features.audit.schemas import AuditTrail, ShownChange
from gateway.http.exports import csv_of
from gateway.identity.caller import Caller, action
from services.chassis.changes import SYSTEM, together
from services.chassis.changes import list_changes as list_own_changes
from services.chassis.tables import guarded

SOURCES: Final = (ListAccountChanges, ListBillingChanges, ListNumberChanges)
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
SYSTEM_NAME: Final = "Accounts Manager"


@action("operator", "reseller")
async def list_changes(caller: Caller, wanted: AuditFilter) -> AuditTrail:
    """Return changes of the caller's own account and those below it, newest first."""
    own = caller.gateway.database.reader(caller.principal)
    pages = await asyncio.gather(
        list_own_changes(own, wanted), *(caller.ask(source(filter=wanted)) for source in SOURCES)
    )
    page = together(pages, wanted.limit)
    return AuditTrail(data=await _named(caller, page.data), next=page.next)


# --- who it was -------------------------------------------------------------------------------


async def _named(caller: Caller, records: Iterable[AuditRecord]) -> tuple[ShownChange, ...]:
    actors = dict.fromkeys(record.actor for record in records)
    names = await asyncio.gather(*(_actor_name(caller, actor) for actor in actors))
    known = dict(zip(actors, names, strict=True))
    return tuple(
        ShownChange(**record.model_dump(), actor_name=known[record.actor]) for record in records
    )


async def _actor_name(caller: Caller, actor: str) -> str:
    """Return the name of a person or a key; empty for one that is not known any more."""
    gateway = caller.gateway
    if actor == SYSTEM.id:
        return SYSTEM_NAME
    if actor.startswith(KEY_PREFIX):
        key = await gateway.keys.find_by_id(actor)
        return key.name if key else ""
    try:
        user = await gateway.users.find(actor, correlation_id=caller.request_id)
    except Refused as refusal:
        if refusal.problem.code not in ("not-found", "not-signed-in"):
            raise
        return ""
    return f"{user.first_name} {user.last_name}"


# --- as a file --------------------------------------------------------------------------------


@action("operator", "reseller")
async def export_changes(caller: Caller, wanted: AuditFilter) -> AsyncIterator[str]:
    """Return changes as CSV text in pieces, one per page; Refused before the first."""
    return await csv_of(partial(list_changes, caller), wanted, AUDIT_COLUMNS, _cells)


def _cells(change: ShownChange) -> tuple[str, ...]:
    before, after = (
        "; ".join(f"{name}: {value}" for name, value in fields.items())
        for fields in (change.before, change.after)
    )
    return (
        change.at.isoformat(),
        change.actor,
        guarded(change.actor_name),
        change.actor_account_id,
        change.account_id,
        change.action,
        guarded(change.subject),
        guarded(before),
        guarded(after),
    )
