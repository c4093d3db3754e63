"""Plans: registers handlers, indexes and messages."""

from services.billing.base.handlers.service import billing
from services.billing.plans.handlers import plans
from services.billing.plans.store import plans as plans_store

__all__ = ["plans"]

for store in (plans_store,):
    billing.prepare(store.prepare)
