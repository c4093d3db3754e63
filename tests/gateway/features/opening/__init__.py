"""Opening accounts over HTTP."""
