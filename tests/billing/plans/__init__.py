"""Tests of plans, and of what a change of one comes to."""
