"""Tests of calls: asked for, held for, charged and rejected."""
