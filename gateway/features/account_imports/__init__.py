"""Many accounts from one file."""
