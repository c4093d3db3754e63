"""Rate sheets: registers handlers, indexes and messages."""

from contracts.billing import RateImportChanged, RateSheetChanged
from services.billing.base.handlers.service import billing
from services.billing.rating.handlers import rate_changes, rate_jobs, rates, sheets
from services.billing.rating.store import rate_jobs as rate_jobs_store
from services.billing.rating.store import rates as rates_store
from services.billing.rating.store import sheets as sheets_store

__all__ = ["rate_changes", "rate_jobs", "rates", "sheets"]

for store in (rate_jobs_store, rates_store, sheets_store):
    billing.prepare(store.prepare)
billing.may_send(RateImportChanged, RateSheetChanged)
