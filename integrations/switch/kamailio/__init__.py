"""Kamailio's side of the agent: what its configuration sends, and what it is told."""
