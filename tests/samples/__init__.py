"""Sample pages and documents in the states worth looking at."""
