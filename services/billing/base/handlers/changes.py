"""Who changed what, as far as billing keeps it."""

from collections.abc import Mapping

from contracts.audit import AuditPage
from contracts.billing import ListBillingChanges
from services.billing.base.handlers.service import billing, seller_of
from services.chassis import changes
from services.chassis.changes import list_changes
from services.chassis.database import Reader, Transaction

billing.prepare(changes.prepare)


@billing.replies(ListBillingChanges)
async def list_billing_changes(query: ListBillingChanges, db: Reader) -> AuditPage:
    """List who changed what of the asker's own account and of those below it."""
    return await list_changes(db, query.filter)


async def record_of_seller(
    tx: Transaction,
    action: str,
    subject: str,
    *,
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
) -> None:
    """Keep in the audit trail what became of the asking seller's own sheets and settings."""
    await changes.record(
        tx,
        action,
        account_id=seller_of(tx),
        parent_id=tx.principal.parent_id,
        subject=subject,
        before=before,
        after=after,
    )
