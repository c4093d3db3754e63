"""Who changed what, as far as accounts keeps it."""

from contracts.accounts import ListAccountChanges
from contracts.audit import AuditPage
from services.accounts.handlers.service import accounts
from services.chassis.changes import list_changes
from services.chassis.database import Reader


@accounts.replies(ListAccountChanges)
async def list_account_changes(query: ListAccountChanges, db: Reader) -> AuditPage:
    """List who changed what of the asker's own account and of those below it."""
    return await list_changes(db, query.filter)
