"""Signing in, passwords and links."""
