"""The tests: every name is a sentence that must be true."""
