"""Tests of invoices and of how they are paid."""
