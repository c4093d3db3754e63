"""Rate sheets over HTTP, and files of rates."""
