"""The portal, looked at in a real browser and piece by piece."""
