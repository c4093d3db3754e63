"""Tests of what every process is bolted to."""
