"""Who changed what, as far as the inventory keeps it."""

from contracts.audit import AuditPage
from contracts.numbers import ListNumberChanges
from services.chassis.changes import list_changes
from services.chassis.database import Reader
from services.numbers.handlers.service import numbers


@numbers.replies(ListNumberChanges)
async def list_number_changes(query: ListNumberChanges, db: Reader) -> AuditPage:
    """List who changed what of the stock of the asker's own account and of those below it."""
    return await list_changes(db, query.filter)
