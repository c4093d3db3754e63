"""What lifecycle reads and writes."""
