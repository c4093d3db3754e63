"""Tests of accounts from their opening to their end."""
