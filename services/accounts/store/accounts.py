"""Reads and writes of accounts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from contracts.accounts import PLATFORM_ID, AccountStatus
from contracts.names import name_key
from services.accounts.model import accounts as model
from services.accounts.model.accounts import OPEN_STATES, StoredAccount
from services.chassis.database import Database, Reader, Transaction, over
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

UNMOVED_OPENINGS_MAX: Final = 500
OPENINGS_AT_ONCE: Final = 8
"""Openings below one account that need not wait for each other, as a rule."""
KEYS_VERSION: Final = 1
"""Of how the keys are made that accounts are sorted and found by: raise it to make them again."""
KEYS_AT_ONCE: Final = 500


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
    await _make_keys_again(database)


async def _make_keys_again(database: Database) -> None:
    """Make the keys of accounts that were kept when keys were made in another way."""
    stored = database.documents("accounts")
    outdated = {"keys_version": {"$ne": KEYS_VERSION}}
    while found := await stored.find(outdated, limit=KEYS_AT_ONCE):
        # what is saved meanwhile has its keys
        await stored.update_each(
            [
                ({"_id": one["_id"], **outdated}, {"$set": _keys(from_document(one))})
                for one in found
            ]
        )


def _keys(account: StoredAccount) -> Document:
    name, administrator = model.sort_keys(account)
    return {
        "name_sort": name,
        "administrator_sort": administrator,
        "search_terms": model.search_terms(account),
        "keys_version": KEYS_VERSION,
    }


def _to_document(account: StoredAccount) -> Document:
    kept = account.model_dump(exclude={"id", "parent_path"})
    if account.receivables is not None:
        kept["receivables"]["unpaid"] = Int64(account.receivables.unpaid)
    return {
        "_id": account.id,
        **kept,
        "parent_path": list(account.parent_path),
        "parent_id": account.parent_id,
        "listed": account.status in OPEN_STATES,
        "name_taken": name_key(account.name) if account.status in OPEN_STATES else None,
        **_keys(account),
    }


def from_document(document: Document) -> StoredAccount:
    """Return the account that a document keeps."""
    known = {**document, "id": document["_id"]}
    if "standing" in known:  # until November 2026
        known.setdefault("receivables", known["standing"])
    if (opening := known.get("opening")) and "hold_id" in opening:  # likewise
        known["opening"] = {"reservation_id": opening["hold_id"], **opening}
    return StoredAccount.model_validate(known)


async def add_accounts(tx: Transaction, *accounts: StoredAccount) -> None:
    """Keep new accounts."""
    await tx.documents("accounts").insert(*(_to_document(account) for account in accounts))


async def save_account(tx: Transaction, account: StoredAccount) -> None:
    """Keep a changed account."""
    found = await tx.documents("accounts").replace({"_id": account.id}, _to_document(account))
    assert found, f"{account.id} is saved before it was added"


async def find_account(db: Reader, account_id: str) -> StoredAccount | None:
    """Return any account, for a message of another service."""
    document = await db.documents("accounts").find_one({"_id": account_id})
    return from_document(document) if document else None


async def find_account_below(db: Reader, reseller_id: str, account_id: str) -> StoredAccount | None:
    """Return an account of this reseller, or of the platform."""
    query = {"_id": account_id, "parent_id": reseller_id}
    document = await db.documents("accounts").find_one(query)
    return from_document(document) if document else None


async def find_account_seen_by(db: Reader, asker_id: str, account_id: str) -> StoredAccount | None:
    """Return an account that is the asker's own or directly below it."""
    query = {"_id": account_id}
    if asker_id != account_id:
        query["parent_id"] = asker_id
    document = await db.documents("accounts").find_one(query)
    return from_document(document) if document else None


async def parent_name(db: Reader, account: StoredAccount) -> str:
    """Return how the account's parent is called now."""
    if account.parent_id == PLATFORM_ID:
        return model.PLATFORM_NAME
    parent = await db.documents("accounts").find_one({"_id": account.parent_id}, fields=["name"])
    assert parent is not None, f"{account.id} has no parent"
    return parent["name"]


async def name_is_taken(db: Reader, reseller_id: str, name: str, *, but_for: str = "") -> bool:
    """Tell whether another open account of this reseller has the name."""
    found = await db.documents("accounts").find_one(
        {"parent_id": reseller_id, "name_taken": name_key(name), "_id": {"$ne": but_for}},
        fields=["_id"],
    )
    return found is not None


async def has_open_accounts_below(db: Reader, account_id: str) -> bool:
    """Tell whether an account still has accounts of its own."""
    found = await db.documents("accounts").find_one(
        {"parent_id": account_id, "listed": True}, fields=["_id"]
    )
    return found is not None


async def meet_closing(tx: Transaction, account: StoredAccount) -> None:
    """Let either the opening of this account commit or the closing of its parent, never both.

    Each only reads what the other writes; they meet in a document that both write.
    """
    place = int(account.id[-1], 16) % OPENINGS_AT_ONCE
    await _write_meeting_points(tx, account.parent_id, [place])


async def meet_openings(tx: Transaction, account: StoredAccount) -> None:
    """Let either the closing of this account commit or an opening below it, never both."""
    await _write_meeting_points(tx, account.id, range(OPENINGS_AT_ONCE))


async def _write_meeting_points(tx: Transaction, account_id: str, places: Iterable[int]) -> None:
    for place in places:
        await tx.documents("openings").update(
            {"_id": f"{account_id}:{place}"}, {"$inc": {"writes": 1}}, upsert=True
        )


async def openings_unmoved_since(db: Reader, before: datetime) -> list[StoredAccount]:
    """Return accounts whose opening has not moved since then, at most 500."""
    documents = await db.documents("accounts").find(
        {"status": "opening", **over("opening.step_at", before, db.now - before)},
        sort=[("opening.step_at", ASCENDING)],
        limit=UNMOVED_OPENINGS_MAX,
    )
    return [from_document(document) for document in documents]


async def states_of(db: Reader, account_ids: Sequence[str]) -> dict[str, AccountStatus]:
    """Return the state of each of these accounts that exists."""
    documents = await db.documents("accounts").find(
        {"_id": {"$in": list(account_ids)}},
        limit=max(len(account_ids), 1),
        fields=["_id", "status"],
    )
    return {document["_id"]: document["status"] for document in documents}
