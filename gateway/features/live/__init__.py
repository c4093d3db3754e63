"""The event stream: what happens, as it happens."""
