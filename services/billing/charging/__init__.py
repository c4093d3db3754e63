"""Charging calls, the one path where a transaction for each message is too slow (DESIGN.md)."""
