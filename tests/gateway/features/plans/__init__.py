"""Service plans over HTTP."""
