"""What the number inventory does with each message; importing the modules registers them."""

from services.numbers.handlers import accounts, stock, upkeep
from services.numbers.handlers.service import numbers as service

__all__ = ["accounts", "service", "stock", "upkeep"]
