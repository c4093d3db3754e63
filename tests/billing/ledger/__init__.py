"""Tests of ledgers and balances."""
