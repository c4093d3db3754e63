"""Rejected calls: corrected, retried, dismissed."""
