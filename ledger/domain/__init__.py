"""The rules of the domain as pure functions: no clock, no database, no random number."""
