"""What rating decides, without a database, a clock or a network."""
