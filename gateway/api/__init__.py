"""The HTTP API: routes that translate requests into actions and answers into JSON."""
