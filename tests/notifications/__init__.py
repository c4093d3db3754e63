"""Tests of the letters and their mailer."""
