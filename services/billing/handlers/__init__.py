"""What billing does for each message, by noun; importing the modules registers their handlers."""

from services.billing.handlers import (
    audit,
    authorize,
    call_list,
    changes,
    dunning,
    issuing,
    money,
    opening,
    plans,
    rate_changes,
    rate_jobs,
    rates,
    renewals,
    repairs,
    sheets,
    states,
)
from services.billing.handlers.service import billing as service

__all__ = [
    "audit",
    "authorize",
    "call_list",
    "changes",
    "dunning",
    "issuing",
    "money",
    "opening",
    "plans",
    "rate_changes",
    "rate_jobs",
    "rates",
    "renewals",
    "repairs",
    "service",
    "sheets",
    "states",
]
