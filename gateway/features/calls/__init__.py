"""Calls: what a switch asks and sends, files of call records, and what was charged."""
