"""Tests of the e-mails and their mailer."""
