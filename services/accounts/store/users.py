"""Reads and writes of users and their one-time links."""

from datetime import datetime
from typing import Final

from contracts.emails import email_key
from services.accounts.model.accounts import Link, User
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel

USERS_PER_EMAIL_MAX: Final = 10


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents("users").ensure_indexes(
        IndexModel(
            [("email_key", ASCENDING), ("password_version", DESCENDING), ("_id", DESCENDING)],
            name="by_email",
        ),
        IndexModel([("account_id", ASCENDING)], name="account"),
    )
    await database.documents("links").ensure_indexes(
        IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=86_400),
        IndexModel([("user_id", ASCENDING)], name="user"),
    )


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
        "email_key": email_key(user.email),
    }


def _user(document: Document) -> User:
    return User.model_validate({**document, "id": document["_id"]})


async def find_user(db: Reader, user_id: str) -> User | None:
    """Return a user by id."""
    document = await db.documents("users").find_one({"_id": user_id})
    return _user(document) if document else None


async def users_of_email(db: Reader, email: str) -> list[User]:
    """Return the users of an address, at most ten: first those with a password, then the newest.

    Nobody loses their way in because others open accounts in their name.
    """
    documents = await db.documents("users").find(
        {"email_key": email_key(email)},
        sort=[("password_version", DESCENDING), ("_id", DESCENDING)],
        limit=USERS_PER_EMAIL_MAX,
    )
    return [_user(document) for document in documents]


async def operator_of_email(db: Reader, platform_id: str, email: str) -> User | None:
    """Return the operator with this address."""
    document = await db.documents("users").find_one(
        {"email_key": email_key(email), "account_id": platform_id}
    )
    return _user(document) if document else None


# --- one-time links ------------------------------------------------------------------------


async def add_link(tx: Transaction, link: Link) -> None:
    """Keep a new link; one that is known already stays as it is, used or not."""
    document = link.model_dump(exclude={"token_sha256"})
    await tx.documents("links").update(
        {"_id": link.token_sha256}, {"$setOnInsert": document}, upsert=True
    )


async def find_link(db: Reader, token_sha256: str) -> Link | None:
    """Return a link by the hash of its token."""
    document = await db.documents("links").find_one({"_id": token_sha256})
    return Link.model_validate({**document, "token_sha256": document["_id"]}) if document else None


async def use_up_links(tx: Transaction, user_id: str, now: datetime) -> None:
    """End every link of a user."""
    await tx.documents("links").update_all(
        {"user_id": user_id, "used_at": None}, {"$set": {"used_at": now}}
    )
