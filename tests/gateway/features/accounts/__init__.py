"""Accounts over HTTP: lists, changes, states, balances."""
