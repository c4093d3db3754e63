"""Tests of billing's audits, one for each promise."""
