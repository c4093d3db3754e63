"""How the parts of the system are, and the API reference."""
