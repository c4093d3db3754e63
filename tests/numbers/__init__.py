"""Tests of the number inventory."""
