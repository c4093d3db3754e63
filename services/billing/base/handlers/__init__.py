"""Settings and the audit trail: registers handlers, indexes and messages."""

from services.billing.base.handlers import billing_settings, changes

__all__ = ["billing_settings", "changes"]
