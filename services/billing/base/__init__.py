"""What all of billing stands on: money, periods, names, a reseller's settings."""
