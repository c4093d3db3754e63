"""What a call costs: rate sheets, imports, and the one function that finds a rate."""
