"""Tests of what all of billing stands on."""
