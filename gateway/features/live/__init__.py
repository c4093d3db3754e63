"""What happens, for whoever watches."""
