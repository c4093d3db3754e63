"""What accounts does with each message, in the order the customer lives it."""

from services.accounts.handlers import managing, opening, operations, users
from services.accounts.handlers.service import accounts as service

__all__ = ["managing", "opening", "operations", "service", "users"]
