"""The billing service, wired: importing a slice registers what it does."""

from services.billing.audit import handlers as audit
from services.billing.base import handlers as base
from services.billing.base.handlers.service import billing as service
from services.billing.charging import handlers as charging
from services.billing.charging import lanes
from services.billing.invoicing import handlers as invoicing
from services.billing.ledger import handlers as ledger
from services.billing.lifecycle import handlers as lifecycle
from services.billing.plans import handlers as plans
from services.billing.rating import handlers as rating

__all__ = ["service"]

SLICES = (audit, base, charging, invoicing, ledger, lifecycle, plans, rating, lanes)
