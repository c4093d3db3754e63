"""Faults: killed processes, restarted servers, messages in any order."""
