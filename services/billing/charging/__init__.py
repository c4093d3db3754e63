"""Calls: whether they may be made, what is held for them, and what they charged."""
