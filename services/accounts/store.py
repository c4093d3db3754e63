"""Reads and writes of accounts, users and one-time links."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from contracts.accounts import AccountSort, AccountStatus
from services.accounts.model import accounts as model
from services.accounts.model.accounts import OPEN_STATES, Account, Link, User
from services.chassis import mongo
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel

USERS_PER_EMAIL_MAX: Final = 10
STUCK_ACCOUNTS_MAX: Final = 500

_LISTED: Final[tuple[AccountStatus, ...]] = OPEN_STATES
_SORT_FIELDS: Final = {
    "name": "name_sort",
    "created_at": "_id",
    "administrator": "administrator_sort",
}


async def prepare(database: Database) -> None:
    """Create the indexes."""
    parent, listed = ("parent_id", ASCENDING), ("listed", ASCENDING)
    await database.documents("accounts").ensure_indexes(
        IndexModel(
            [parent, ("name_taken", ASCENDING)],
            name="name_taken",
            unique=True,
            partialFilterExpression={"name_taken": {"$type": "string"}},
        ),
        IndexModel([("realm", ASCENDING)], name="realm", unique=True),
        IndexModel([parent, listed, ("name_sort", ASCENDING), ("_id", ASCENDING)], name="by_name"),
        IndexModel([parent, listed, ("_id", ASCENDING)], name="by_age"),
        IndexModel(
            [parent, listed, ("administrator_sort", ASCENDING), ("_id", ASCENDING)],
            name="by_administrator",
        ),
        IndexModel(
            [parent, ("status", ASCENDING), ("name_sort", ASCENDING), ("_id", ASCENDING)],
            name="by_status",
        ),
        IndexModel([parent, ("search_terms", ASCENDING)], name="search"),
        IndexModel(
            [("opening.step_at", ASCENDING)],
            name="opening",
            partialFilterExpression={"status": "opening"},
        ),
    )
    await database.documents("users").ensure_indexes(
        IndexModel([("email_key", ASCENDING)], name="email"),
        IndexModel([("account_id", ASCENDING)], name="account"),
    )
    await database.documents("links").ensure_indexes(
        IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=86_400),
        IndexModel([("user_id", ASCENDING)], name="user"),
    )


# --- accounts ---------------------------------------------------------------------------


def _to_document(account: Account) -> Document:
    kept = account.model_dump(exclude={"id", "parent_path"})
    return {
        "_id": account.id,
        **kept,
        "parent_path": list(account.parent_path),
        "parent_id": account.parent_id,
        "listed": account.status in _LISTED,
        "name_taken": model.name_key(account.name) if account.status in OPEN_STATES else None,
        "name_sort": model.name_key(account.name),
        "administrator_sort": model.sort_key_of_person(account.administrator),
        "search_terms": model.search_terms(account),
    }


def _from_document(document: Document) -> Account:
    return Account.model_validate({**document, "id": document["_id"]})


async def add_account(tx: Transaction, account: Account) -> None:
    """Keep a new account."""
    await tx.documents("accounts").insert(_to_document(account))


async def save_account(tx: Transaction, account: Account) -> None:
    """Keep a changed account."""
    found = await tx.documents("accounts").replace({"_id": account.id}, _to_document(account))
    assert found, f"{account.id} is saved before it was added"


async def find_account(tx: Reader, account_id: str) -> Account | None:
    """Return any account, for a message of another service."""
    document = await tx.documents("accounts").find_one({"_id": account_id})
    return _from_document(document) if document else None


async def find_account_below(tx: Reader, parent_id: str, account_id: str) -> Account | None:
    """Return an account of this parent."""
    document = await tx.documents("accounts").find_one({"_id": account_id, "parent_id": parent_id})
    return _from_document(document) if document else None


async def find_account_seen_by(tx: Reader, viewer_id: str, account_id: str) -> Account | None:
    """Return an account that is the viewer's own or directly below it."""
    query = {"_id": account_id}
    if viewer_id != account_id:
        query["parent_id"] = viewer_id
    document = await tx.documents("accounts").find_one(query)
    return _from_document(document) if document else None


async def name_is_taken(tx: Reader, parent_id: str, name: str, *, but_for: str = "") -> bool:
    """Tell whether another open account of this parent has the name."""
    found = await tx.documents("accounts").find_one(
        {"parent_id": parent_id, "name_taken": model.name_key(name), "_id": {"$ne": but_for}},
        fields=["_id"],
    )
    return found is not None


async def has_open_accounts_below(tx: Reader, account_id: str) -> bool:
    """Tell whether an account still has accounts of its own."""
    found = await tx.documents("accounts").find_one(
        {"parent_id": account_id, "listed": True}, fields=["_id"]
    )
    return found is not None


async def stuck_openings(tx: Reader, before: datetime) -> list[Account]:
    """Return accounts whose opening has not moved since `before`, oldest first, at most 500."""
    documents = await tx.documents("accounts").find(
        {"status": "opening", "opening.step_at": {"$lt": before}},
        sort=[("opening.step_at", ASCENDING)],
        limit=STUCK_ACCOUNTS_MAX,
    )
    return [_from_document(document) for document in documents]


async def states_of(tx: Reader, account_ids: Sequence[str]) -> dict[str, AccountStatus]:
    """Return the state of each of these accounts that exists."""
    documents = await tx.documents("accounts").find(
        {"_id": {"$in": list(account_ids)}},
        limit=max(len(account_ids), 1),
        fields=["_id", "status"],
    )
    return {document["_id"]: document["status"] for document in documents}


# --- lists ---------------------------------------------------------------------------


def _matching(parent_id: str, search: str) -> Document:
    query: Document = {"parent_id": parent_id}
    if words := model.search_words(search):
        query["search_terms"] = {"$all": [re.compile(f"^{re.escape(word)}") for word in words]}
    return query


async def list_accounts(
    tx: Reader,
    parent_id: str,
    *,
    search: str,
    status: AccountStatus | None,
    sort: AccountSort,
    limit: int,
    cursor: str | None,
) -> tuple[list[Account], str | None, str | None]:
    """Return a page of accounts, and the cursors to what comes after and before it."""
    query = _matching(parent_id, search)
    query.update({"status": status} if status else {"listed": True})
    field = _SORT_FIELDS[sort.removeprefix("-")]
    descending = sort.startswith("-")
    backward = False
    if cursor:
        way, value, last_id = position_of(cursor, str, str, str)
        backward = way == "before"
        query.update(_beyond(field, value, last_id, ascending=descending == backward))
    direction = ASCENDING if descending == backward else DESCENDING
    order = [(field, direction)] if field == "_id" else [(field, direction), ("_id", direction)]
    documents = await tx.documents("accounts").find(query, sort=order, limit=limit + 1)
    more = len(documents) > limit
    documents = documents[:limit]
    if backward:
        documents.reverse()
    after = before = None
    if documents and (more or backward):
        after = _cursor("after", field, documents[-1])
    if documents and ((backward and more) or (cursor and not backward)):
        before = _cursor("before", field, documents[0])
    return [_from_document(document) for document in documents], after, before


def _cursor(way: str, field: str, document: Document) -> str:
    return cursor_of(way, document[field], document["_id"])


def _beyond(field: str, value: object, last_id: object, *, ascending: bool) -> Document:
    """Return the condition for documents behind a position in the order of the list."""
    behind = "$gt" if ascending else "$lt"
    if field == "_id":
        return {"_id": {behind: last_id}}
    return {"$or": [{field: {behind: value}}, {field: value, "_id": {behind: last_id}}]}


async def count_accounts(
    tx: Reader, parent_id: str, search: str, month_start: datetime
) -> tuple[dict[str, int], int]:
    """Return how many matching accounts there are in each state, and how many since the month."""
    stages: list[dict[str, Any]] = [
        {"$match": _matching(parent_id, search)},
        {"$group": {"_id": "$status", "count": {"$sum": 1}}},
    ]
    groups = await tx.documents("accounts").aggregate(stages)
    fresh = await tx.documents("accounts").count(
        {
            "parent_id": parent_id,
            "listed": True,
            "_id": {"$gte": f"acc_{mongo.first_object_id(month_start)}"},
        }
    )
    return {group["_id"]: group["count"] for group in groups}, fresh


# --- users ---------------------------------------------------------------------------


async def add_user(tx: Transaction, user: User) -> None:
    """Keep a new user."""
    await tx.documents("users").insert(_user_document(user))


async def save_user(tx: Transaction, user: User) -> None:
    """Keep a changed user."""
    found = await tx.documents("users").replace({"_id": user.id}, _user_document(user))
    assert found, f"{user.id} is saved before it was added"


def _user_document(user: User) -> Document:
    return {
        "_id": user.id,
        **user.model_dump(exclude={"id"}),
        "email_key": user.email.casefold(),
    }


def _user(document: Document) -> User:
    return User.model_validate({**document, "id": document["_id"]})


async def find_user(tx: Reader, user_id: str) -> User | None:
    """Return a user by id."""
    document = await tx.documents("users").find_one({"_id": user_id})
    return _user(document) if document else None


async def users_of_email(tx: Reader, email: str) -> list[User]:
    """Return the users of an address, the newest first, at most ten."""
    documents = await tx.documents("users").find(
        {"email_key": email.strip().casefold()},
        sort=[("_id", DESCENDING)],
        limit=USERS_PER_EMAIL_MAX,
    )
    return [_user(document) for document in documents]


async def operator_of_email(tx: Reader, platform_id: str, email: str) -> User | None:
    """Return the operator with this address."""
    document = await tx.documents("users").find_one(
        {"email_key": email.strip().casefold(), "account_id": platform_id}
    )
    return _user(document) if document else None


# --- one-time links ------------------------------------------------------------------------


async def save_link(tx: Transaction, link: Link) -> None:
    """Keep a new or used link."""
    document = link.model_dump(exclude={"token_sha256"})
    await tx.documents("links").update({"_id": link.token_sha256}, {"$set": document}, upsert=True)


async def find_link(tx: Reader, token_sha256: str) -> Link | None:
    """Return a link by the hash of its token."""
    document = await tx.documents("links").find_one({"_id": token_sha256})
    return Link.model_validate({**document, "token_sha256": document["_id"]}) if document else None


async def use_up_links(tx: Transaction, user_id: str, now: datetime) -> None:
    """End every link of a user."""
    await tx.documents("links").update_all(
        {"user_id": user_id, "used_at": None}, {"$set": {"used_at": now}}
    )
