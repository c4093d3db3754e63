"""Accounts: listed, changed, enabled, disabled, deleted; their balance and transactions."""
