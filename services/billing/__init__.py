"""Billing: plans, rate sheets, prices, billing accounts and the ledger."""
