"""The gateway: what it answers to whom, over the whole system and piece by piece."""
