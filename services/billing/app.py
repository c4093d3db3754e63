"""The billing service, wired."""

from services.billing.charging import lanes, retries
from services.billing.handlers import service

__all__ = ["lanes", "retries", "service"]
