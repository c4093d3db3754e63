"""How invoices look, and billing details."""
