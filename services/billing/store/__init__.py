"""What billing keeps, by noun. Every read on a person's behalf takes the tenant."""
