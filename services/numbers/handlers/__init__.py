"""What the number inventory does with each message, in the order the customer lives it."""

from services.numbers.handlers import allocation, changes, stock
from services.numbers.handlers.service import numbers as service

__all__ = ["allocation", "changes", "service", "stock"]
