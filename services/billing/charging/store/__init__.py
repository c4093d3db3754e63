"""What charging reads and writes."""
