"""The router of invoices and credit: commands and events, each handled in a transaction."""

from services.billing.base.handlers.service import billing

router = billing.router()
