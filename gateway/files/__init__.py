"""Tables that people upload and download."""
