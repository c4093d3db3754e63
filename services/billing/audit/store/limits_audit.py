"""What the audit reads: credit limits, beside what the audit trail says of them."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from services.billing.ledger.model.credit_limit import (
    CREDIT_LIMIT,
    CREDIT_LIMIT_CHANGED,
    ORDER_UNSURE_WITHIN,
    LimitChange,
    limit_of,
)
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.chassis.changes import CHANGES
from services.chassis.database import Database
from services.chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel

OF_LIMITS: Final = {"action": CREDIT_LIMIT_CHANGED}
BY_ACCOUNT: Final = [("account_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)]


async def prepare(database: Database) -> None:
    """Create the index that only changes of limits are in."""
    await database.documents(CHANGES).ensure_indexes(
        IndexModel(BY_ACCOUNT, name="credit_limits", partialFilterExpression=OF_LIMITS)
    )


async def each_trail(
    database: Database, account_id: str | None = None
) -> AsyncIterator[tuple[str, list[LimitChange]]]:
    """Yield the latest changes of the credit limit of every account that has any, or of one.

    The newest first, with those that may be newer by another clock.
    """
    query: Document = OF_LIMITS if account_id is None else {**OF_LIMITS, "account_id": account_id}
    whose, latest = "", list[LimitChange]()
    async for document in database.documents(CHANGES).each(query, sort=BY_ACCOUNT):
        if document["account_id"] != whose:
            if latest:
                yield whose, latest
            whose, latest = document["account_id"], []
        if not latest or document["at"] >= latest[0].at - ORDER_UNSURE_WITHIN:
            latest.append(_change(document))
    if latest:
        yield whose, latest


async def limits_of(database: Database, account_ids: Sequence[str]) -> dict[str, int]:
    """Return the credit limits of accounts, in micro-units."""
    documents = await database.documents(BILLING_ACCOUNTS).find(
        {"_id": {"$in": list(account_ids)}},
        limit=max(len(account_ids), 1),
        fields=["credit_limit"],
    )
    return {document["_id"]: document.get("credit_limit", 0) for document in documents}


def _change(document: Document) -> LimitChange:
    before, after = (limit_of(document[side].get(CREDIT_LIMIT, "")) for side in ("before", "after"))
    return LimitChange(document["at"], before, after)
