"""The published language: every message, value and problem that crosses a boundary."""
