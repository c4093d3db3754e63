"""The lists as CSV files."""
