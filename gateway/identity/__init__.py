"""Who asks: sessions, keys, passwords, throttling, and the caller that every action gets."""
