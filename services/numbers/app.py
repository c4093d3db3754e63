"""The numbers service, wired."""

from services.numbers.handlers import numbers as service

__all__ = ["service"]
