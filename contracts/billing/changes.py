"""Who changed what, as far as billing keeps it."""

from contracts.audit import AuditFilter, AuditPage
from contracts.base import Query


class ListBillingChanges(Query[AuditPage], topic="billing.list-changes.v1"):
    """The changes that billing keeps, of the asker's own account and those below it."""

    filter: AuditFilter
