"""What the number inventory does with each message, in the order the customer lives it."""

from services.numbers.handlers import accounts, allocation, changes, stock
from services.numbers.handlers.service import numbers as service

__all__ = ["accounts", "allocation", "changes", "service", "stock"]
