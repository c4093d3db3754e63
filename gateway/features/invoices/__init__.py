"""Invoices and bills: shown, printed, paid, corrected."""
