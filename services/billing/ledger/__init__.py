"""Billing accounts: their entries, balance and usage."""
