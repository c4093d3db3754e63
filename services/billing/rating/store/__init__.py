"""What rating reads and writes."""
