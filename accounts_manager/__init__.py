"""What production runs beside services and gateway: operations, and documents for people."""
