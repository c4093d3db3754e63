"""Rejected calls, over HTTP and in the portal."""
