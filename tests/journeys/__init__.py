"""Journeys through the whole running system."""
