"""Accounts opened from files, over HTTP."""
