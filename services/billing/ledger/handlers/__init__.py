"""Transactions and lists of billing accounts: registers handlers, indexes and messages."""

from services.billing.base.handlers.service import billing
from services.billing.ledger.handlers import transactions, wallet_lists
from services.billing.ledger.store import ledger, usage, wallets

__all__ = ["transactions", "wallet_lists"]

for store in (ledger, usage, wallets):
    billing.prepare(store.prepare)
