"""What billing does for each message, by noun; importing the modules registers their handlers."""

from services.billing.handlers import (
    audit,
    authorize,
    call_list,
    issuing,
    money,
    opening,
    plan_changes,
    plan_numbers,
    plans,
    rate_changes,
    rate_jobs,
    rates,
    repairs,
    sheets,
    states,
)
from services.billing.handlers.service import billing as service

__all__ = [
    "audit",
    "authorize",
    "call_list",
    "issuing",
    "money",
    "opening",
    "plan_changes",
    "plan_numbers",
    "plans",
    "rate_changes",
    "rate_jobs",
    "rates",
    "repairs",
    "service",
    "sheets",
    "states",
]
