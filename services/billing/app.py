"""The billing service, wired."""

from services.billing.charging import lanes, preview, retries
from services.billing.handlers import service

__all__ = ["lanes", "preview", "retries", "service"]
