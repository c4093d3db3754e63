"""What plans reads and writes."""
