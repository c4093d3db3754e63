"""The numbers service, wired."""

from services.numbers.handlers import service

__all__ = ["service"]
