"""Whatever anybody may send: everything that reads it answers, or refuses in its own words."""
