"""The event stream over HTTP."""
