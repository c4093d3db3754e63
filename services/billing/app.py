"""The billing service, wired."""

from services.billing.handlers import service

__all__ = ["service"]
