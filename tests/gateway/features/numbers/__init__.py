"""Numbers over HTTP, and files of them."""
