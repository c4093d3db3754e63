"""Resellers, as operators open and supply them."""
