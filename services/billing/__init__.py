"""Billing: plans, rate sheets, prices, wallets and the ledger."""
