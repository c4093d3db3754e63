"""Reads and writes of the number inventory."""
