"""The stock of phone numbers."""
