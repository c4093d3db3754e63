"""Service plans: what an account has, and what a change of it charges."""
