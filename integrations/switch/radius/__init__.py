"""RADIUS: a NAS asks for calls, tells of them, and is told to end them (RFC 2865, 2866, 5176)."""
