"""The audit trail: who changed what, kept in the transaction that changed it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from contracts.audit import AuditFilter, AuditPage, AuditRecord
from contracts.base import Refused
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel

CHANGES: Final = "changes"
CHANGE_DAYS: Final = 1_100
"""Three years; what money did is told for ever by its ledger."""

TEXT_CHARACTERS_MAX: Final = 500
FIELDS_MAX: Final = 40

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LAST_MOMENT: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


class Actor(NamedTuple):
    """Who changed something, and the account that they belong to."""

    id: str
    account_id: str


SYSTEM: Final = Actor(id="system", account_id="")
"""What no person asked for, such as what follows from a date."""


async def prepare(database: Database) -> None:
    """Create the indexes."""
    newest_first = [("at", DESCENDING), ("_id", DESCENDING)]
    await database.documents(CHANGES).ensure_indexes(
        *(
            IndexModel(
                [*((name, ASCENDING) for name in ("seen_by", *fields)), *newest_first],
                name="_".join(("by", *fields, "age")),
            )
            for fields in ((), ("account_id",), ("actor",))
        ),
        IndexModel([("at", ASCENDING)], name="forget", expireAfterSeconds=CHANGE_DAYS * 86_400),
    )


async def record(
    tx: Transaction,
    action: str,
    *,
    account_id: str,
    parent_id: str,
    subject: str = "",
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
    by: Actor | None = None,
) -> None:
    """Keep in the audit trail what this transaction changes.

    `account_id` owns what is changed; it and its parent may see the record. Of `before` and
    `after` only the fields that differ are kept; nothing is when both are given and agree. The
    actor is the asker; work that nobody asked for says by whom it is, or `SYSTEM`.
    """
    before, after = before or {}, after or {}
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if before and not changed:
        return
    assert len(changed) <= FIELDS_MAX, f"{action} changes too many fields to be read"
    actor = by or Actor(tx.principal.id, tx.principal.account_id)
    await tx.documents(CHANGES).insert(
        {
            "_id": tx.new_id("chg"),
            "at": tx.now,
            "actor": actor.id,
            "actor_account_id": actor.account_id,
            "account_id": account_id,
            "seen_by": [account_id, parent_id] if parent_id else [account_id],
            "action": action,
            "subject": _short(subject),
            "before": {name: _short(before[name]) for name in changed if before.get(name)},
            "after": {name: _short(after[name]) for name in changed if after.get(name)},
        }
    )


def _short(text: str) -> str:
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text
    return f"{text[: TEXT_CHARACTERS_MAX - 1]}…"


async def list_changes(db: Reader, wanted: AuditFilter) -> AuditPage:
    """Return a page of the changes of the asker's own account and those below it, newest first.

    Refused for customers and the switch: they have nobody below them.
    """
    if db.principal.role not in ("operator", "reseller"):
        raise Refused("forbidden", "Only resellers can see the audit trail.")
    query: Document = {"seen_by": db.principal.account_id}
    if wanted.account_id is not None:
        query["account_id"] = wanted.account_id
    if wanted.actor is not None:
        query["actor"] = wanted.actor
    query.update(_between(wanted))
    if wanted.cursor is not None:
        at, last_id = _position(wanted.cursor)
        query["$or"] = [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": last_id}}]
        query.setdefault("at", {}).setdefault("$lte", at)
    documents = await db.documents(CHANGES).find(
        query, sort=[("at", DESCENDING), ("_id", DESCENDING)], limit=wanted.limit + 1
    )
    return _page([_record(document) for document in documents], wanted.limit)


def together(pages: Iterable[AuditPage], limit: int) -> AuditPage:
    """Return one page of what several services answered to the same filter, newest first.

    A cursor says how far back the reader is, so the next page's is good for each of them.
    """
    pages = tuple(pages)
    records = sorted(
        (one for page in pages for one in page.data),
        key=lambda one: (one.at, one.id),
        reverse=True,
    )
    return _page(records, limit, more=any(page.next for page in pages))


def _page(records: list[AuditRecord], limit: int, *, more: bool = False) -> AuditPage:
    shown = records[:limit]
    more = bool(shown) and (more or len(records) > limit)
    after = cursor_of((shown[-1].at - _EPOCH) // _MILLISECOND, shown[-1].id) if more else None
    return AuditPage(data=tuple(shown), next=after)


def _between(wanted: AuditFilter) -> Document:
    given = {"$gte": wanted.start, "$lt": wanted.end}
    bounds = {name: moment for name, moment in given.items() if moment is not None}
    return {"at": bounds} if bounds else {}


def _position(cursor: str) -> tuple[datetime, str]:
    at, last_id = position_of(cursor, int, str)
    milliseconds = min(max(int(at), 0), _LAST_MOMENT)
    return _EPOCH + milliseconds * _MILLISECOND, str(last_id)


def _record(document: Mapping[str, Any]) -> AuditRecord:
    return AuditRecord.model_validate({**document, "id": document["_id"]})
