"""What accounts does with each message, in the order the customer lives it."""

from services.accounts.handlers import (
    changes,
    imports,
    managing,
    opening,
    operations,
    platform,
    receivables,
    saga,
    states,
    trunks,
    users,
)
from services.accounts.handlers.service import accounts as service

__all__ = [
    "changes",
    "imports",
    "managing",
    "opening",
    "operations",
    "platform",
    "receivables",
    "saga",
    "service",
    "states",
    "trunks",
    "users",
]
