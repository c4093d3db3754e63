"""Reads and writes of e-mails."""

from datetime import datetime
from typing import Final

from services.chassis.database import Database, Reader, Transaction, over
from services.chassis.mongo import ASCENDING, Document, Documents, IndexModel
from services.notifications.model import (
    EMAIL_LEASE,
    LINK_PURPOSES,
    NEXT_TRY_MAX,
    Contact,
    Email,
    Lane,
)

EMAIL_DAYS: Final = 400
"""How long an e-mail is kept after it was written."""

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
            [("created_at", ASCENDING)], name="forget", expireAfterSeconds=EMAIL_DAYS * 86_400
        ),
    )
    await database.documents("contacts").ensure_indexes(
        IndexModel(
            [("closed_at", ASCENDING)],
            name="closed",
            partialFilterExpression={"closed_at": {"$type": "date"}},
        )
    )


def _email(document: Document) -> Email:
    return Email.model_validate({**document, "id": document["_id"]})


async def is_written(db: Reader, key: str) -> bool:
    """Tell whether an e-mail about this was written before."""
    found = await db.documents("letters").find_one({"key": key}, fields=["_id"])
    return found is not None


async def add_email(tx: Transaction, email: Email) -> None:
    """Keep a new e-mail."""
    await tx.documents("letters").insert({"_id": email.id, **email.model_dump(exclude={"id"})})


async def claim_email(emails: Documents, now: datetime, lane: Lane) -> Email | None:
    """Take an e-mail that is due and begin a try; no other mailer has it while the lease lasts."""
    document = await emails.find_and_update(
        {"state": "waiting", **IN_LANE[lane], **over("next_try_at", now, NEXT_TRY_MAX)},
        {"$set": {"next_try_at": now + EMAIL_LEASE}, "$inc": {"tries": 1}},
    )
    return _email(document) if document else None


async def keep_outcome(tx: Transaction, email: Email) -> bool:
    """Keep what became of a try; tell whether it is news.

    It is none when another mailer, which took the e-mail after the lease, has sent it; and a
    failure is none when another try has begun.
    """
    still: Document = {"_id": email.id, "state": "waiting"}
    if email.state != "sent":
        still["tries"] = email.tries
    outcome = email.model_dump(include={"state", "next_try_at", "reason"})
    return await tx.documents("letters").update(still, {"$set": outcome})


# --- whom e-mails go to ----------------------------------------------------------------------


async def find_contact(db: Reader, account_id: str) -> Contact | None:
    """Return whom e-mails about an account go to, as far as it is known."""
    document = await db.documents("contacts").find_one({"_id": account_id})
    return Contact.model_validate({**document, "account_id": account_id}) if document else None


async def keep_contact(tx: Transaction, contact: Contact) -> None:
    """Remember whom e-mails about an account go to."""
    document = contact.model_dump(exclude={"account_id"})
    await tx.documents("contacts").update(
        {"_id": contact.account_id}, {"$set": document}, upsert=True
    )


async def forget_contacts(tx: Transaction, closed_before: datetime) -> None:
    """Forget whom e-mails went to about accounts that were closed before then."""
    await tx.documents("contacts").update_all(
        {"closed_at": {"$type": "date", "$lt": closed_before}, "email": {"$ne": ""}},
        {"$set": {"email": "", "first_name": "", "account_name": ""}},
    )
