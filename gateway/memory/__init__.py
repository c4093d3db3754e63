"""What the gateway keeps for people between requests: drafts, mappings, call owners."""
