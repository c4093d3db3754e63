"""What ops does by hand: `accounts-manager …`."""
