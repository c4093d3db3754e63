"""What an account and a user are, and which values they take."""
