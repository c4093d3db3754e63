"""What audit reads and writes."""
