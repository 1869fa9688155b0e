"""Tests of the doors, through a real server on a real database."""
