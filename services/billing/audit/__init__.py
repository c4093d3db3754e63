"""Proofs over all of billing."""
