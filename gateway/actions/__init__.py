"""What callers do; the API's and the portal's routes only translate HTTP into these calls."""
