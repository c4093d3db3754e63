"""Rate sheets: registers handlers, indexes and messages."""

from contracts.billing import RateImportChanged, RateSheetChanged
from services.billing.base.handlers.service import billing
from services.billing.rating.handlers import import_jobs, rate_changes, rates, sheets
from services.billing.rating.store import import_jobs as import_jobs_store
from services.billing.rating.store import rates as rates_store
from services.billing.rating.store import sheets as sheets_store

__all__ = ["import_jobs", "rate_changes", "rates", "sheets"]

for store in (import_jobs_store, rates_store, sheets_store):
    billing.prepare(store.prepare)
billing.may_send(RateImportChanged, RateSheetChanged)
