"""The accounts service, wired."""

from services.accounts.handlers import service

__all__ = ["service"]
