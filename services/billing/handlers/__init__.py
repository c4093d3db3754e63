"""What billing does for each message, by noun; importing the modules registers their handlers."""

from services.billing.handlers import audit, authorize, money, opening, plans, rates, sheets, states
from services.billing.handlers.service import billing as service

__all__ = [
    "audit",
    "authorize",
    "money",
    "opening",
    "plans",
    "rates",
    "service",
    "sheets",
    "states",
]
