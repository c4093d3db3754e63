"""Tests of accounts: who exists and in what state, users and passwords."""
