"""The documentation, held against what it speaks of."""
