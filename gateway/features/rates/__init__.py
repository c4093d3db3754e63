"""The Rates Manager."""
