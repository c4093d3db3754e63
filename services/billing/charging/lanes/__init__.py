"""Calls on their way to the ledger, in batches; importing this registers the lanes."""

from services.billing.charging.lanes import lanes, preview, retries

__all__ = ["lanes", "preview", "retries"]
