"""Who sends a request, and what is kept for them."""
