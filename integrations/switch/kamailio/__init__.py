"""Kamailio's side of the agent: its configuration's messages, and its control interface."""
