"""Files of call records, read by the published language alone."""
