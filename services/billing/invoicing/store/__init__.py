"""What invoicing reads and writes."""
