"""Call records that a switch writes into files or posts: read as they come, charged once."""
