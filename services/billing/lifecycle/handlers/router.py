"""The router of an account's life: commands and events, each handled in a transaction."""

from services.billing.base.handlers.service import billing

router = billing.router()
