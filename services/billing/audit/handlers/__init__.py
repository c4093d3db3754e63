"""Proofs: registers handlers, indexes and messages."""

from services.billing.audit.handlers import (
    accepted_audit,
    audit,
    limits_audit,
    sums_audit,
    usage_audit,
)
from services.billing.audit.store import audits
from services.billing.audit.store import limits_audit as limits_audit_store
from services.billing.base.handlers.service import billing

__all__ = ["accepted_audit", "audit", "limits_audit", "sums_audit", "usage_audit"]

for store in (audits, limits_audit_store):
    billing.prepare(store.prepare)
