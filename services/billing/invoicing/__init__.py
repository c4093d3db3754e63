"""Invoices, credit, payments, credit notes and reminders."""
