"""The billing service, wired."""

from services.billing.charging import lanes
from services.billing.handlers import service

__all__ = ["lanes", "service"]
