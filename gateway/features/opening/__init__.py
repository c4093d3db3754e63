"""The wizard and the requests that open an account."""
