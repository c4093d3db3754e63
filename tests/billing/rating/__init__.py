"""Tests of rates: read, kept, and what a call comes to."""
