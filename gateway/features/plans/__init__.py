"""Service plans of open accounts: looked at, quoted, changed."""
