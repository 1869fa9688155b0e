"""Faults: what is left when a process dies in the middle of its work."""
