"""Reads and writes of letters."""

from datetime import datetime
from typing import Final

from services.chassis.database import Database, Reader, Transaction, over
from services.chassis.mongo import ASCENDING, Document, Documents, IndexModel
from services.notifications.model import (
    LETTER_LEASE,
    LINK_PURPOSES,
    NEXT_TRY_MAX,
    Contact,
    Lane,
    Letter,
)

LETTER_DAYS: Final = 400
"""How long a letter is kept after it was written."""

IN_LANE: Final[dict[Lane, Document]] = {
    "links": {"kind": {"$in": list(LINK_PURPOSES)}},
    "bulk": {"kind": {"$nin": list(LINK_PURPOSES)}},
}


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents("letters").ensure_indexes(
        IndexModel([("key", ASCENDING)], name="key", unique=True),
        IndexModel(
            [("next_try_at", ASCENDING)],
            name="waiting",
            partialFilterExpression={"state": "waiting"},
        ),
        # thousands of invoices may wait: a link is found without reading them
        IndexModel(
            [("kind", ASCENDING), ("next_try_at", ASCENDING)],
            name="waiting_by_kind",
            partialFilterExpression={"state": "waiting"},
        ),
        IndexModel(
            [("created_at", ASCENDING)], name="forget", expireAfterSeconds=LETTER_DAYS * 86_400
        ),
    )
    await database.documents("contacts").ensure_indexes(
        IndexModel(
            [("closed_at", ASCENDING)],
            name="closed",
            partialFilterExpression={"closed_at": {"$type": "date"}},
        )
    )


def _letter(document: Document) -> Letter:
    return Letter.model_validate({**document, "id": document["_id"]})


async def is_written(db: Reader, key: str) -> bool:
    """Tell whether a letter about this was written before."""
    found = await db.documents("letters").find_one({"key": key}, fields=["_id"])
    return found is not None


async def add_letter(tx: Transaction, letter: Letter) -> None:
    """Keep a new letter."""
    await tx.documents("letters").insert({"_id": letter.id, **letter.model_dump(exclude={"id"})})


async def claim_letter(letters: Documents, now: datetime, lane: Lane) -> Letter | None:
    """Take a letter that is due and begin a try; no other mailer has it while the lease lasts."""
    document = await letters.find_and_update(
        {"state": "waiting", **IN_LANE[lane], **over("next_try_at", now, NEXT_TRY_MAX)},
        {"$set": {"next_try_at": now + LETTER_LEASE}, "$inc": {"tries": 1}},
    )
    return _letter(document) if document else None


async def keep_outcome(tx: Transaction, letter: Letter) -> bool:
    """Keep what became of a try; tell whether it is news.

    It is none when another mailer, which took the letter after the lease, has sent it; and a
    failure is none when another try has begun.
    """
    still: Document = {"_id": letter.id, "state": "waiting"}
    if letter.state != "sent":
        still["tries"] = letter.tries
    outcome = letter.model_dump(include={"state", "next_try_at", "reason"})
    return await tx.documents("letters").update(still, {"$set": outcome})


# --- whom letters go to ----------------------------------------------------------------------


async def find_contact(db: Reader, account_id: str) -> Contact | None:
    """Return whom letters about an account go to, as far as it is known."""
    document = await db.documents("contacts").find_one({"_id": account_id})
    return Contact.model_validate({**document, "account_id": account_id}) if document else None


async def keep_contact(tx: Transaction, contact: Contact) -> None:
    """Remember whom letters about an account go to."""
    document = contact.model_dump(exclude={"account_id"})
    await tx.documents("contacts").update(
        {"_id": contact.account_id}, {"$set": document}, upsert=True
    )


async def forget_contacts(tx: Transaction, closed_before: datetime) -> None:
    """Forget whom letters went to about accounts that were closed before then."""
    await tx.documents("contacts").update_all(
        {"closed_at": {"$type": "date", "$lt": closed_before}, "email": {"$ne": ""}},
        {"$set": {"email": "", "first_name": "", "account_name": ""}},
    )
