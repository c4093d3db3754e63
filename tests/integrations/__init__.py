"""Switches of others, and the agent beside them."""
