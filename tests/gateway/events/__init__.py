"""How events reach browsers."""
