"""The gateway: the HTTP API and the portal in front of the services."""
