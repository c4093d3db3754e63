"""Lists of accounts: pages, searches and counts."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from contracts.accounts import ACCOUNTS_PICKED_MAX, AccountSort, AccountStatus
from services.accounts.model import accounts as model
from services.accounts.model.accounts import OPEN_STATES, StoredAccount
from services.accounts.store.accounts import from_document
from services.chassis import mongo
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader
from services.chassis.mongo import ASCENDING, DESCENDING, Document

_SORT_FIELDS: Final = {
    "name": "name_sort",
    "created_at": "_id",
    "administrator": "administrator_sort",
}
_SORT_INDEXES: Final = {
    "name": "by_name",
    "created_at": "by_age",
    "administrator": "by_administrator",
}
COMMON_MATCHES: Final = 1_000
"""A search that finds so many accounts is read in the order of the list, where a page of matches is
soon found; a rarer one is found by its words first, and what it finds is sorted."""


def _matching(reseller_id: str, search: str) -> Document:
    query: Document = {"parent_id": reseller_id}
    if words := model.search_words(search):
        # As text: a compiled pattern carries flags, with which MongoDB searches the whole index.
        beginnings = [{"$regex": f"^{re.escape(word)}"} for word in words]
        query["$and"] = [{"search_terms": beginning} for beginning in beginnings]
    return query


def _listed(reseller_id: str, search: str, status: AccountStatus | None) -> Document:
    query = _matching(reseller_id, search)
    query["listed"] = status in OPEN_STATES if status else True
    if status:
        query["status"] = status
    return query


async def pick_accounts(
    db: Reader, reseller_id: str, search: str, status: AccountStatus | None
) -> list[str]:
    """Return the ids of all accounts that match; one more than are picked."""
    documents = await db.documents("accounts").find(
        _listed(reseller_id, search, status), limit=ACCOUNTS_PICKED_MAX + 1, fields=["_id"]
    )
    return [document["_id"] for document in documents]


async def list_accounts(
    db: Reader,
    reseller_id: str,
    *,
    search: str,
    status: AccountStatus | None,
    account_ids: Sequence[str] | None,
    sort: AccountSort,
    limit: int,
    cursor: str | None,
) -> tuple[list[StoredAccount], str | None, str | None]:
    """Return a page of accounts, and the cursors to what comes after and before it."""
    query = _listed(reseller_id, search, status)
    field = _SORT_FIELDS[sort.removeprefix("-")]
    descending = sort.startswith("-")
    backward = False
    if cursor:
        way, value, last_id = position_of(cursor, str, str, str)
        backward = way == "before"
        query.update(_beyond(field, value, last_id, ascending=descending == backward))
    direction = ASCENDING if descending == backward else DESCENDING
    order = [(field, direction)] if field == "_id" else [(field, direction), ("_id", direction)]
    hint = await _index_for(db, query, sort) if "$and" in query and account_ids is None else None
    if account_ids is not None:
        query["_id"] = {**query.get("_id", {}), "$in": list(account_ids)}
    documents = await db.documents("accounts").find(query, sort=order, limit=limit + 1, hint=hint)
    more = len(documents) > limit
    documents = documents[:limit]
    if backward:
        documents.reverse()
    after = before = None
    if documents and (more or backward):
        after = _cursor("after", field, documents[-1])
    if documents and ((backward and more) or (cursor and not backward)):
        before = _cursor("before", field, documents[0])
    return [from_document(document) for document in documents], after, before


async def _index_for(db: Reader, query: Document, sort: AccountSort) -> str:
    """Return the index that bounds what a search reads, however many accounts it finds."""
    found = await db.documents("accounts").count(
        {"parent_id": query["parent_id"], "$and": query["$and"]}, limit=COMMON_MATCHES
    )
    return _SORT_INDEXES[sort.removeprefix("-")] if found == COMMON_MATCHES else "search"


def _cursor(way: str, field: str, document: Document) -> str:
    return cursor_of(way, document[field], document["_id"])


def _beyond(field: str, value: object, last_id: object, *, ascending: bool) -> Document:
    """Return the condition for documents behind a position in the order of the list."""
    behind = "$gt" if ascending else "$lt"
    if field == "_id":
        return {"_id": {behind: last_id}}
    return {
        field: {f"{behind}e": value},  # bounds the index: no page begins at the list's beginning
        "$or": [{field: {behind: value}}, {field: value, "_id": {behind: last_id}}],
    }


async def count_accounts(
    db: Reader, reseller_id: str, search: str, month_start: datetime
) -> tuple[dict[str, int], int]:
    """Return how many matching accounts there are in each state, and how many since the month."""
    stages: list[dict[str, Any]] = [
        {"$match": _matching(reseller_id, search)},
        {"$group": {"_id": "$status", "count": {"$sum": 1}}},
    ]
    groups = await db.documents("accounts").aggregate(stages)
    fresh = await db.documents("accounts").count(
        {
            "parent_id": reseller_id,
            "listed": True,
            "_id": {"$gte": f"acc_{mongo.first_object_id(month_start)}"},
        }
    )
    return {group["_id"]: group["count"] for group in groups}, fresh
