"""The e-mails that the platform sends, and the mailer that sends them."""
