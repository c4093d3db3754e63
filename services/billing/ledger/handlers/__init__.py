"""Transactions and lists of billing accounts: registers handlers, indexes and messages."""

from services.billing.base.handlers.service import billing
from services.billing.ledger.handlers import account_lists, transactions
from services.billing.ledger.store import billing_accounts, ledger, usage

__all__ = ["account_lists", "transactions"]

for store in (ledger, usage, billing_accounts):
    billing.prepare(store.prepare)
