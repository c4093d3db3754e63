"""What base reads and writes."""
