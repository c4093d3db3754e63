"""The local world: servers, the whole system and demo data for one machine."""
