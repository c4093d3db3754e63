"""The number inventory: a reseller's stock, holds, assignment and quarantine."""
