"""Invoices as people get them: one template and one style sheet, on screen and as PDF."""
