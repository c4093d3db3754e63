"""The router of rate sheets: commands and events, each handled in a transaction."""

from services.billing.base.handlers.service import billing

router = billing.router()
