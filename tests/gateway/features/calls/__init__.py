"""Calls and files of call records over HTTP."""
