"""What invoices show of their seller and their customers."""
