"""What happens, as it happens: the hub and the coalescer behind `/v1/events`."""
