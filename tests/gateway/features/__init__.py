"""One folder for each feature of the gateway, as in `gateway/features`."""
