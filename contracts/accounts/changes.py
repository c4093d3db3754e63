"""Who changed what, as far as accounts keeps it."""

from contracts.audit import AuditFilter, AuditPage
from contracts.base import Query


class ListAccountChanges(Query[AuditPage], topic="accounts.list-changes.v1"):
    """The changes that accounts keeps, of the asker's own account and those below it."""

    filter: AuditFilter
