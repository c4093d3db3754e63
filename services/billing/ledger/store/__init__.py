"""What ledger reads and writes."""
