"""What runs beside other people's systems: it speaks the published contracts, and nothing else."""
