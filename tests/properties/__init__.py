"""Properties: what holds in every life a chain can have, tried on random ones."""
